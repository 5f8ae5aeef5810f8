import { daysOf, type LifecycleFilter } from '@sealgate/core/lifecycle';
import { parseObjectKey } from '@sealgate/core/names';
import { type AuditActor, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import { type LifecycleScene, lifecycleScene, SCENE_DAY_MS, setRules } from '@sealgate/testkit/cluster';
import { describe, expect, it } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';

const actor: AuditActor = { kind: 'tenant', id: 'test', requestId: 'test' };
const noFilter: LifecycleFilter = { prefix: null, tags: [], sizeGreaterThan: null, sizeLessThan: null };
const days = (count: number) => ({ kind: 'days', days: count }) as const;

const expires = (count: number) => ({ expiration: days(count) });

async function keysOf({ cluster, bucket }: Pick<LifecycleScene, 'cluster' | 'bucket'>): Promise<string[]> {
  const page = await cluster.metadata.walkVersions({ bucketId: bucket.id, prefix: '', after: null, limit: 1000 });
  return page.versions.map((row) => (row.deleteMarker ? `${row.key}!` : row.key));
}

describe('a run of the lifecycle', () => {
  it('removes what is due in pages of any length, and nothing else', async () => {
    for (const lifecyclePage of [2, 3, 500]) {
      const at = await lifecycleScene({ limits: { ...defaultEngineLimits, lifecyclePage } });
      await setRules(
        at,
        { filter: { ...noFilter, prefix: 'logs/' }, ...expires(2) },
        { id: 'tmp', filter: { ...noFilter, prefix: 'tmp/' }, ...expires(1) },
      );
      for (const key of ['a', 'logs/1', 'logs/2', 'logs/3', 'tmp/1', 'tmp/2', 'z']) await at.put(key);
      await at.pass(1);
      await at.run();
      expect(await keysOf(at)).toEqual(['a', 'logs/1', 'logs/2', 'logs/3', 'z']);
      await at.put('logs/2');
      await at.pass(1);
      await at.run();
      expect(await keysOf(at)).toEqual(['a', 'logs/2', 'z']);
      expect(at.acted).toEqual(new Array(4).fill('expire done'));
    }
  });

  it('takes noncurrent versions down to those that are kept, then the marker', async () => {
    for (const lifecyclePage of [2, 500]) {
      const at = await lifecycleScene({ versioning: 'enabled', limits: { ...defaultEngineLimits, lifecyclePage } });
      await setRules(
        at,
        { noncurrentExpiration: { days: 1, newerVersions: 2 } },
        { id: 'markers', expiration: { kind: 'marker', remove: true } },
        { id: 'all', filter: { ...noFilter, prefix: 'gone' }, noncurrentExpiration: { days: 1, newerVersions: null } },
      );
      for (const key of ['gone', 'kept', 'kept', 'kept', 'kept', 'kept']) await at.put(key);
      await at.remove('gone');
      await at.pass(1);
      await at.run();
      expect(await keysOf(at)).toEqual(['gone!', 'kept', 'kept', 'kept']);
      await at.run();
      expect(await keysOf(at)).toEqual(['kept', 'kept', 'kept']);
    }
  });

  it('comes again when its time has come, not before', async () => {
    const at = await lifecycleScene({ intervalMs: 5 * SCENE_DAY_MS });
    await setRules(at, expires(1));
    await at.run();
    await at.put('a');
    await at.pass(2);
    await at.run();
    expect(await keysOf(at)).toEqual(['a']);
    await at.pass(3);
    await at.run();
    expect(await keysOf(at)).toEqual([]);
  });

  it('aborts uploads that were left', async () => {
    const at = await lifecycleScene({ limits: { ...defaultEngineLimits, lifecyclePage: 2 } });
    await setRules(at, { filter: { ...noFilter, prefix: 'x' }, abortUploadDays: 1 });
    for (const key of ['x1', 'x2', 'x3', 'y', 'x4']) await at.beginUpload(key);
    await at.pass(1);
    const young = await at.beginUpload('x1');
    await at.run();
    const all = { bucketId: at.bucket.id, prefix: '', delimiter: '', keyMarker: '', uploadIdMarker: '', limit: 100 };
    const left = await at.cluster.metadata.listUploads(all);
    expect(left.uploads.map((upload) => upload.key)).toEqual(['x1', 'y']);
    expect(left.uploads[0]?.uploadId).toBe(young);
  });

  it('does nothing by a configuration that it does not understand, and goes on with the others', async () => {
    const at = await lifecycleScene({});
    const other = await at.cluster.createBucket('other', {});
    await at.cluster.metadata.updateBucket(at.bucket.id, { configs: { lifecycle: '{"rules":[{}]}' } }, actor);
    await setRules({ ...at, bucket: other }, expires(1));
    await at.put('a');
    await at.put('b', other);
    await at.pass(1);
    await at.run();
    expect(await keysOf(at)).toEqual(['a']);
    expect(await keysOf({ ...at, bucket: other })).toEqual([]);
    expect(at.unreadable).toEqual([at.bucket.id]);
  });

  it('leaves locked versions where they are', async () => {
    const at = await lifecycleScene({ versioning: 'enabled' });
    await setRules(at, { noncurrentExpiration: { days: 1, newerVersions: null } });
    await at.put('a');
    const held = { ...PLAIN_ATTRIBUTES, legalHold: true };
    await at.cluster.metadata.updateBucket(at.bucket.id, { objectLock: true }, actor);
    await at.put('b', at.bucket, { attributes: held });
    for (const key of ['a', 'b']) await at.put(key);
    await at.pass(1);
    await at.run();
    expect(await keysOf(at)).toEqual(['a', 'b', 'b']);
    expect(at.acted).toEqual(['expire-noncurrent done', 'expire-noncurrent locked']);
  });

  it('is the work of one process, and of the next one when that dies', async () => {
    const at = await lifecycleScene({ limits: { ...defaultEngineLimits, lifecyclePage: 2 } });
    await setRules(at, expires(1));
    for (const key of ['a', 'b', 'c', 'd', 'e']) await at.put(key);
    await at.pass(1);
    const other = at.cluster.startGateway();
    const options = { ...at.options, holder: 'other', intervalMs: 0, calendar: daysOf(SCENE_DAY_MS) };
    const step = () => at.cluster.clock.run(other.engine.lifecycleDue(options));
    expect(await at.step()).toBe(1);
    expect(await step()).toBe(0);
    expect(await keysOf(at)).toEqual(['c', 'd', 'e']);
    await at.cluster.clock.advance(defaultEngineLimits.lifecycleLeaseMs);
    expect(await step()).toBe(1);
    expect(await keysOf(at)).toEqual(['e']);
    // The first one does not know yet that it has lost its place.
    expect(await at.step()).toBe(0);
    while ((await keysOf(at)).length > 0) await step();
  });

  it('forgets uploads whose time is over', async () => {
    const at = await lifecycleScene({});
    const uploadId = await at.beginUpload('a');
    const key = parseObjectKey('a');
    await at.cluster.metadata.abortUpload({ bucketId: at.bucket.id, key, uploadId, actor });
    await at.cluster.clock.advance(defaultEngineLimits.uploadRememberedMs);
    await at.run();
    expect(await at.cluster.metadata.purgeUploads({ rememberedMs: 0, limit: 10, actor })).toBe(0);
  });
});
