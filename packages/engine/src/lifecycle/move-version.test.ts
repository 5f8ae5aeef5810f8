import type { LifecycleFilter } from '@sealgate/core/lifecycle';
import { parseObjectKey } from '@sealgate/core/names';
import type { AuditActor, BlobRecord, ObjectVersion } from '@sealgate/core/ports';
import { calmPlan, createPrng } from '@sealgate/testkit';
import { bodyOf, calmMetadataPlan, type LifecycleScene, lifecycleScene, setRules } from '@sealgate/testkit/cluster';
import { describe, expect, it } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';

const actor: AuditActor = { kind: 'tenant', id: 'test', requestId: 'test' };
const noFilter: LifecycleFilter = { prefix: null, tags: [], sizeGreaterThan: null, sizeLessThan: null };
const days = (count: number) => ({ kind: 'days', days: count }) as const;

const KEY = parseObjectKey('key');
const { signal } = new AbortController();

async function current({ cluster, bucket }: LifecycleScene): Promise<ObjectVersion> {
  const version = await cluster.metadata.currentVersion(bucket.id, KEY);
  if (version === undefined) throw new Error('no version');
  return version;
}

async function contentOf(at: LifecycleScene, version: ObjectVersion): Promise<string> {
  const read = async (): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of at.gateway.engine.readObject(version, { signal })) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  return await at.cluster.clock.run(read());
}

function countriesOf({ cluster }: LifecycleScene, blob: BlobRecord): string[] {
  const ids = new Set(blob.replicas.map((replica) => replica.backend));
  return cluster.members.filter(({ backend }) => ids.has(backend.id)).map(({ backend }) => backend.country);
}

const toRegional = { transitions: [{ when: days(1), storageClass: 'RegionalClass' }] };

/** Two parts, the first one as large as parts must be here. */
async function putMultipart(at: LifecycleScene): Promise<ObjectVersion> {
  const { engine } = at.gateway;
  const { cluster, bucket } = at;
  const uploadId = await at.beginUpload('key');
  const upload = await cluster.metadata.upload(bucket.id, KEY, uploadId);
  if (upload === undefined) throw new Error('no upload');
  const parts = [];
  for (const [partNumber, content] of [
    [1, 'first '],
    [4, 'second'],
  ] as const) {
    const request = { bucket, upload, partNumber, body: bodyOf(Buffer.from(content)), actor, signal };
    const { etag } = await cluster.clock.run(engine.uploadPart(request));
    parts.push({ partNumber, etag });
  }
  const summarize = () => ({ checksum: null, verdict: null, envelope: null });
  await cluster.clock.run(engine.completeUpload({ bucket, upload, parts, summarize, preconditions: {}, actor }));
  return await current(at);
}

describe('a transition', () => {
  it('keeps the bytes as the new class wants, and everything that a client sees but the class', async () => {
    const at = await lifecycleScene({ versioning: 'enabled' });
    await setRules(at, toRegional);
    await at.put('key');
    const before = await current(at);
    await at.pass(1);
    await at.run();
    const { blob, ...after } = await current(at);
    const { blob: old, ...same } = before;
    expect(after).toEqual({ ...same, redundancyClass: 'RegionalClass' });
    if (blob === null || old === null) throw new Error('put whole');
    expect(blob.replicas.filter((replica) => replica.state === 'stored')).toHaveLength(2);
    expect(new Set(countriesOf(at, blob)).size).toBe(1);
    expect(await contentOf(at, { ...after, blob })).toBe('content of key');
    const doomed = at.cluster.metadata.blobRows().filter((row) => !row.wanted);
    expect(doomed.map((row) => row.blob.blobId)).toEqual([old.blobId]);
    await at.run();
    expect(at.acted).toEqual(['transition done']);
  });

  it('moves an empty object too', async () => {
    const at = await lifecycleScene({});
    await setRules(at, toRegional);
    await at.put('key', at.bucket, { body: bodyOf(Buffer.from('')) });
    await at.pass(1);
    await at.run();
    expect((await current(at)).redundancyClass).toBe('RegionalClass');
    expect(await contentOf(at, await current(at))).toBe('');
  });

  it('goes to shards and back to the default class by its S3 name', async () => {
    const at = await lifecycleScene({});
    await setRules(at, { transitions: [{ when: days(1), storageClass: 'ColdArchiveClass' }] });
    const content = 'x'.repeat(100_000);
    await at.put('key', at.bucket, { body: bodyOf(Buffer.from(content)) });
    await at.pass(1);
    await at.run();
    const cold = await current(at);
    expect([cold.redundancyClass, cold.blob?.layout.kind]).toEqual(['ColdArchiveClass', 'erasure']);
    expect(await contentOf(at, cold)).toBe(content);
    await setRules(at, { transitions: [{ when: days(1), storageClass: 'STANDARD' }] });
    await at.run();
    const back = await current(at);
    expect([back.redundancyClass, back.blob?.layout.kind]).toEqual(['StandardClass', 'copies']);
    expect(await contentOf(at, back)).toBe(content);
    await at.run();
    expect(at.acted).toEqual(['transition done', 'transition done']);
  });

  it('to the default class by its S3 name goes to that of the bucket', async () => {
    const at = await lifecycleScene({ defaultClass: 'RegionalClass' });
    await setRules(at, { transitions: [{ when: days(1), storageClass: 'STANDARD' }] });
    await at.put('key');
    await at.pass(1);
    await at.run();
    expect((await current(at)).redundancyClass).toBe('RegionalClass');
    expect(at.acted).toEqual([]);
  });

  it('that cannot be made leaves the version, and what else is due is done', async () => {
    const at = await lifecycleScene({ versioning: 'enabled' });
    await setRules(at, { id: 'all', ...toRegional }, { id: 'end', filter: noFilter, expiration: days(2) });
    await at.put('key');
    const before = await current(at);
    await at.pass(1);
    for (const { faulty } of at.cluster.members) faulty.setDown(true);
    await at.run();
    expect(at.acted).toEqual(['transition failed']);
    expect(await current(at)).toEqual(before);
    await at.pass(1);
    await at.run();
    expect(at.acted.slice(1)).toEqual(['transition failed', 'expire done']);
    expect((await current(at)).deleteMarker).toBe(true);
  });

  it('of a multipart version goes on where it was interrupted', async () => {
    const at = await lifecycleScene({ limits: { ...defaultEngineLimits, partBytesMin: 1, segmentPage: 1 } });
    const version = await putMultipart(at);
    for (const { faulty } of at.cluster.members) faulty.usePlan({ ...calmPlan, delayMs: [50, 50] });
    const { engine } = at.gateway;
    const stop = new AbortController();
    const { metadata } = at.cluster;
    const request = { bucket: at.bucket, version, redundancyClass: 'RegionalClass', actor };
    const moving = engine.moveVersion({ ...request, signal: stop.signal });
    moving.catch(() => undefined);
    const moved = async (): Promise<number> => 2 - (await metadata.segmentsOutside(version, 'RegionalClass', 9)).length;
    while ((await moved()) === 0) await at.cluster.clock.advance(1);
    stop.abort(new Error('The process ends.'));
    await expect(at.cluster.clock.run(moving)).rejects.toThrow();
    expect([await moved(), (await current(at)).redundancyClass]).toEqual([1, 'StandardClass']);
    expect(await contentOf(at, await current(at))).toBe('first second');

    expect(await at.cluster.clock.run(engine.moveVersion({ ...request, signal }))).toBe('done');
    expect(await current(at)).toEqual({ ...version, redundancyClass: 'RegionalClass' });
    expect(await contentOf(at, version)).toBe('first second');
    const wanted = metadata.blobRows().filter((row) => row.wanted);
    expect(wanted.map((row) => row.blob.replicas.length)).toEqual([2, 2]);
  });

  it('gives its copies up when the version went meanwhile', async () => {
    const at = await lifecycleScene({});
    await at.put('key');
    const version = await current(at);
    await at.put('key');
    const request = { bucket: at.bucket, version, redundancyClass: 'RegionalClass', actor, signal };
    expect(await at.cluster.clock.run(at.gateway.engine.moveVersion(request))).toBe('changed');
    const wanted = at.cluster.metadata.blobRows().filter((row) => row.wanted);
    expect(wanted.map((row) => row.blob.blobId)).toEqual([(await current(at)).blob?.blobId]);
  });
});

/** Puts and runs of the lifecycle at once, in an order that the seed decides. What was put last must be there after each. */
async function race(at: LifecycleScene, seed: number): Promise<void> {
  const prng = createPrng(seed);
  const { clock } = at.cluster;
  for (let round = 0; round < 12; round += 1) {
    let puts = 0;
    let acked: { readonly seq: bigint; readonly content: string } | undefined;
    const put = async (): Promise<void> => {
      puts += 1;
      const content = `round ${round}.${puts}`;
      const { seq } = await at.put('key', at.bucket, { body: bodyOf(Buffer.from(content)) });
      if (acked === undefined || acked.seq < seq) acked = { seq, content };
    };
    const later = clock.run(new Promise<void>((resolve) => void clock.schedule(prng.int(1000), resolve)));
    await Promise.all(prng.chance(0.6) ? [put(), later.then(put), at.run()] : [later, at.run()]);
    const written: { readonly seq: bigint; readonly content: string } | undefined = acked;
    if (written !== undefined) {
      const found = await current(at);
      expect([seed, found.seq, found.deleteMarker]).toEqual([seed, written.seq, false]);
      expect(await contentOf(at, found)).toBe(written.content);
    }
    await clock.advance(prng.int(700_000));
  }
}

describe('clients and the lifecycle at once', () => {
  it('lose no acknowledged version that is not due', async () => {
    const acted = new Set<string>();
    for (let seed = 0; seed < 30; seed += 1) {
      const versioned = seed % 2 === 0;
      const at = await lifecycleScene({
        seed,
        intervalMs: 10_000,
        ...(versioned ? { versioning: 'enabled' as const } : {}),
      });
      at.cluster.useMetadataPlan({ ...calmMetadataPlan, delayMsMax: 100 });
      for (const { faulty } of at.cluster.members) faulty.usePlan({ ...calmPlan, delayMs: [1, 200] });
      await setRules(at, {
        expiration: days(1),
        transitions: [{ when: days(0), storageClass: 'RegionalClass' }],
        noncurrentExpiration: { days: 1, newerVersions: 1 },
      });
      await race(at, seed);
      for (const each of at.acted) acted.add(each);
    }
    const wanted = ['expire done', 'expire changed', 'expire-noncurrent done', 'transition done', 'transition changed'];
    for (const each of wanted) expect([...acted]).toContain(each);
  });
});
