import { parseObjectKey } from '@sealgate/core/names';
import { type Bucket, type JudgedVersion, PLAIN_ATTRIBUTES, type WalkedRecord } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { actor, type World } from './context.ts';

const KEY = parseObjectKey('key');
const DAY_MS = 86_400_000;

export function describeLifecycle(world: World): void {
  describeWalk(world);
  describeExpiry(world);
  describeCursors(world);
}

async function walkAll(
  world: World,
  bucket: Bucket,
  options: { readonly prefix?: string; readonly limit?: number } = {},
) {
  const { prefix = '', limit = 1000 } = options;
  const found: WalkedRecord[] = [];
  let after: WalkedRecord | null = null;
  for (;;) {
    const page: Awaited<ReturnType<ReturnType<World['metadata']>['walkVersions']>> = await world
      .metadata()
      .walkVersions({ bucketId: bucket.id, prefix, after, limit });
    found.push(...page.versions);
    if (!page.more) return found;
    after = page.versions.at(-1) ?? null;
  }
}

/** The newest version of KEY, as somebody would judge it. */
async function judged(
  world: World,
  bucket: Bucket,
  index: number,
  place: JudgedVersion['place'],
): Promise<JudgedVersion> {
  const row = (await walkAll(world, bucket)).filter((each) => each.key === KEY)[index];
  if (row === undefined) throw new Error('no such version');
  return { bucketId: bucket.id, key: KEY, seq: row.seq, tags: row.tags, place, newerVersions: 0 };
}

function describeWalk(world: World): void {
  describe('a walk over all versions', () => {
    it('goes by key and from new to old, markers too, in pages of any length', async () => {
      const bucket = await world.bucket('enabled');
      for (const key of ['b', 'a', 'a/1', 'a', '\u{10000}', '\uffee'])
        await world.put(bucket, key, { tags: { k: key } });
      await world.remove(bucket, 'a');
      await world.remove(bucket, 'only-a-marker');
      const all = await walkAll(world, bucket);
      expect(all.map((row) => [row.key, row.deleteMarker, row.tags?.['k'] ?? ''])).toEqual([
        ['a', true, ''],
        ['a', false, 'a'],
        ['a', false, 'a'],
        ['a/1', false, 'a/1'],
        ['b', false, 'b'],
        ['only-a-marker', true, ''],
        ['\uffee', false, '\uffee'],
        ['\u{10000}', false, '\u{10000}'],
      ]);
      expect(all[1]).toMatchObject({ bytes: 1000, redundancyClass: 'StandardClass' });
      expect((all[1]?.seq ?? 0n) > (all[2]?.seq ?? 0n)).toBe(true);
      for (const limit of [1, 2, 3]) expect(await walkAll(world, bucket, { limit })).toEqual(all);
      expect(await walkAll(world, bucket, { prefix: 'a', limit: 1 })).toEqual(all.slice(0, 4));
    });

    it('goes on behind a version that has gone meanwhile', async () => {
      const bucket = await world.bucket('enabled');
      for (const key of ['key', 'key', 'key', 'next']) await world.put(bucket, key);
      const all = await walkAll(world, bucket);
      const [newest] = all;
      if (newest === undefined) throw new Error('four versions');
      await world.remove(bucket, 'key', newest.versionId);
      const { versions } = await world
        .metadata()
        .walkVersions({ bucketId: bucket.id, prefix: '', after: newest, limit: 10 });
      expect(versions).toEqual(all.slice(1));
    });

    it('finds the buckets that have a lifecycle, and the time to judge by', async () => {
      const first = await world.bucket('off', { configs: { lifecycle: '{}' } });
      await world.bucket('off', { configs: { cors: '<a/>' } });
      const gone = await world.bucket('off', { configs: { lifecycle: '{}' } });
      const last = await world.bucket('off', { configs: { lifecycle: '[]' } });
      await world.metadata().deleteBucket(gone.id, actor);
      expect(await world.metadata().nextLifecycleBucket(first.id - 1)).toEqual(first);
      expect(await world.metadata().nextLifecycleBucket(first.id)).toEqual(last);
      expect(await world.metadata().nextLifecycleBucket(last.id)).toBeUndefined();
      expect(Math.abs((await world.metadata().databaseTime()) - world.now())).toBeLessThan(DAY_MS);
    });
  });
}

function describeExpiry(world: World): void {
  const metadata = () => world.metadata();
  const expire = (version: JudgedVersion) => metadata().expireVersion({ ...version, actor });
  const shape = async (bucket: Bucket) =>
    (await walkAll(world, bucket)).map((row) => (row.deleteMarker ? 'm' : 'v')).join('');

  describe('an expired current version', () => {
    it('is removed with its bytes where no versions are kept', async () => {
      const bucket = await world.bucket();
      const request = await world.version(bucket, 'key');
      await metadata().commitVersion(request);
      const version = await judged(world, bucket, 0, 'current');
      expect(await expire(version)).toBe('done');
      expect(await metadata().currentVersion(bucket.id, KEY)).toBeUndefined();
      expect((await world.due()).has(request.blobId)).toBe(true);
      expect(await expire(version)).toBe('changed');
    });

    it('gets a delete marker where they are', async () => {
      for (const [versioning, left] of [
        ['enabled', 'mv'],
        ['suspended', 'm'],
      ] as const) {
        const bucket = await world.bucket(versioning);
        await world.put(bucket, 'key');
        expect(await expire(await judged(world, bucket, 0, 'current'))).toBe('done');
        expect(await shape(bucket)).toBe(left);
      }
    });

    it('is spared when it is no longer what was judged', async () => {
      for (const versioning of ['off', 'enabled', 'suspended'] as const) {
        const bucket = await world.bucket(versioning);
        await world.put(bucket, 'key', { tags: { a: '1', b: '2' } });
        const version = await judged(world, bucket, 0, 'current');
        expect(await expire({ ...version, tags: { a: '1' } })).toBe('changed');
        expect(await expire({ ...version, tags: null })).toBe('changed');
        const { seq } = await world.put(bucket, 'key', { tags: { b: '2', a: '1' } });
        expect(await expire(version)).toBe('changed');
        expect(await metadata().currentSeq(bucket.id, KEY)).toBe(seq);
        await world.remove(bucket, 'key');
        expect(await expire(version)).toBe('changed');
      }
    });
  });

  describe('an expired noncurrent version', () => {
    it('is removed for good, delete markers and null versions too', async () => {
      const bucket = await world.bucket();
      await world.put(bucket, 'key');
      await metadata().updateBucket(bucket.id, { versioning: 'enabled' }, actor);
      await world.put(bucket, 'key');
      await world.remove(bucket, 'key');
      const current = await world.put(bucket, 'key');
      for (const index of [1, 1, 1])
        expect(await expire(await judged(world, bucket, index, 'noncurrent'))).toBe('done');
      expect(await shape(bucket)).toBe('v');
      expect(await metadata().currentSeq(bucket.id, KEY)).toBe(current.seq);
    });

    it('is spared when it has become current again', async () => {
      const bucket = await world.bucket('enabled');
      await world.put(bucket, 'key');
      const newer = await world.put(bucket, 'key');
      const version = await judged(world, bucket, 1, 'noncurrent');
      await world.remove(bucket, 'key', newer.versionId);
      expect(await expire(version)).toBe('changed');
      expect(await shape(bucket)).toBe('v');
    });

    it('is spared when too few newer ones are left; markers and the current one do not count', async () => {
      const bucket = await world.bucket('enabled');
      const made = [];
      for (let i = 0; i < 4; i += 1) made.push(await world.put(bucket, 'key'));
      await world.remove(bucket, 'key');
      await world.put(bucket, 'key');
      const version = { ...(await judged(world, bucket, 5, 'noncurrent')), newerVersions: 3 };
      expect(await expire({ ...version, newerVersions: 4 })).toBe('changed');
      await world.remove(bucket, 'key', made[2]?.versionId ?? 'null');
      expect(await expire(version)).toBe('changed');
      expect(await expire({ ...version, newerVersions: 2 })).toBe('done');
    });

    it('counts as newer ones all below a current delete marker', async () => {
      const bucket = await world.bucket('enabled');
      for (let i = 0; i < 2; i += 1) await world.put(bucket, 'key');
      await world.remove(bucket, 'key');
      const version = { ...(await judged(world, bucket, 2, 'noncurrent')), newerVersions: 1 };
      expect(await expire({ ...version, newerVersions: 2 })).toBe('changed');
      expect(await expire(version)).toBe('done');
    });
  });

  describe('a lone delete marker', () => {
    it('is removed, and spared when something is over or under it', async () => {
      const bucket = await world.bucket('enabled');
      const below = await world.put(bucket, 'key');
      await world.remove(bucket, 'key');
      const marker = await judged(world, bucket, 0, 'lone-marker');
      expect(await expire(marker)).toBe('changed');
      await world.remove(bucket, 'key', below.versionId);
      const above = await world.put(bucket, 'key');
      expect(await expire(marker)).toBe('changed');
      await world.remove(bucket, 'key', above.versionId);
      expect(await expire(marker)).toBe('done');
      expect(await shape(bucket)).toBe('');
    });
  });

  describe('object lock', () => {
    it('keeps noncurrent versions from expiring, and lets markers be laid', async () => {
      const bucket = await world.bucket('enabled', { objectLock: true });
      const retention = { mode: 'GOVERNANCE', untilMs: world.now() + DAY_MS } as const;
      await world.put(bucket, 'key', { attributes: { ...PLAIN_ATTRIBUTES, legalHold: true } });
      await world.put(bucket, 'key', { attributes: { ...PLAIN_ATTRIBUTES, retention } });
      expect(await expire(await judged(world, bucket, 0, 'current'))).toBe('done');
      expect(await expire(await judged(world, bucket, 1, 'noncurrent'))).toBe('locked');
      expect(await expire(await judged(world, bucket, 2, 'noncurrent'))).toBe('locked');
      expect(await shape(bucket)).toBe('mvv');
    });
  });

  it('a put that races its predecessor’s expiry is never lost', async () => {
    for (let round = 0; round < 20; round += 1) {
      const bucket = await world.bucket(round % 2 === 0 ? 'off' : 'enabled');
      await world.put(bucket, 'key');
      const version = await judged(world, bucket, 0, 'current');
      const [outcome, written] = await Promise.all([expire(version), world.put(bucket, 'key')]);
      expect(['done', 'changed']).toContain(outcome);
      const current = await metadata().currentVersion(bucket.id, KEY);
      expect([current?.seq, current?.deleteMarker]).toEqual([written.seq, false]);
    }
  });
}

function describeCursors(world: World): void {
  describe('a range that one process at a time goes over', () => {
    it('is leased, saved and given back', async () => {
      const metadata = world.metadata();
      const name = world.unused('range-');
      expect(await metadata.leaseCursor(name, 'one', 60_000)).toEqual({ position: null });
      expect(await metadata.leaseCursor(name, 'two', 60_000)).toBeUndefined();
      expect(await metadata.leaseCursor(name, 'one', 60_000)).toEqual({ position: null });
      expect(await metadata.saveCursor(name, 'two', { position: 'stolen', leaseMs: 0 })).toBe(false);
      const position = { key: 'a\u0001"', at: 7, list: [null, true] };
      expect(await metadata.readCursor(name)).toBeNull();
      expect(await metadata.saveCursor(name, 'one', { position, leaseMs: 0 })).toBe(true);
      expect(await metadata.readCursor(name)).toEqual(position);
      expect(await metadata.leaseCursor(name, 'two', 60_000)).toEqual({ position });
      expect(await metadata.saveCursor(name, 'one', { position: 'late', leaseMs: 0 })).toBe(false);
      expect(await metadata.leaseCursor(name, 'two', 0)).toEqual({ position });
    });

    it('is counted by what its position holds, and by values alone', async () => {
      const metadata = world.metadata();
      const [prefix, text] = [world.unused('counted-'), world.unused('place-')];
      const positions = [
        { deep: [{ at: [text] }] },
        { [text]: 1 },
        { at: `${text}x` },
        text,
        null,
        { at: [[text], text] },
      ];
      for (const [index, position] of positions.entries()) {
        await metadata.leaseCursor(`${prefix}/${index}`, 'one', 60_000);
        await metadata.saveCursor(`${prefix}/${index}`, 'one', { position, leaseMs: 0 });
      }
      expect(await metadata.countCursors(`${prefix}/`, text)).toBe(3);
      expect(await metadata.countCursors(`${prefix}/5`, text)).toBe(1);
      expect(await metadata.countCursors(`${prefix}x`, text)).toBe(0);
    });

    it('is given back with all others of its holder, as it stands', async () => {
      const metadata = world.metadata();
      const [one, two, other] = ['one-', 'two-', 'other-'].map((name) => world.unused(name)) as [
        string,
        string,
        string,
      ];
      const [holder, stranger, next] = ['leaver-', 'stranger-', 'next-'].map((name) => world.unused(name)) as [
        string,
        string,
        string,
      ];
      for (const name of [one, two]) await metadata.leaseCursor(name, holder, 60_000);
      await metadata.leaseCursor(other, stranger, 60_000);
      await metadata.saveCursor(one, holder, { position: 'here', leaseMs: 60_000 });
      expect(await metadata.releaseCursors(holder)).toBe(2);
      expect(await metadata.releaseCursors(holder)).toBe(0);
      expect(await metadata.leaseCursor(one, next, 60_000)).toEqual({ position: 'here' });
      expect(await metadata.leaseCursor(two, next, 60_000)).toEqual({ position: null });
      expect(await metadata.leaseCursor(other, next, 60_000)).toBeUndefined();
      // Who left has nothing of what the next one holds.
      expect(await metadata.releaseCursors(holder)).toBe(0);
      expect(await metadata.leaseCursor(one, stranger, 60_000)).toBeUndefined();
    });

    it('goes to one of many who want it at once', async () => {
      const name = world.unused('range-');
      const holders = Array.from({ length: 16 }, (_, i) => `holder-${i}`);
      const leases = await Promise.all(holders.map((holder) => world.metadata().leaseCursor(name, holder, 60_000)));
      expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);
    });
  });
}
