import type { ErasureReport } from '@sealgate/core/evidence';
import { parseObjectKey } from '@sealgate/core/names';
import type { AuditActor } from '@sealgate/core/ports';
import { createSeededCluster, memberOf, putContent, wantedBlob } from '@sealgate/testkit/cluster';
import { describe, expect, test } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';
import { eraseTenants } from './erase-tenants.ts';

const { signal } = new AbortController();
const actor: AuditActor = { kind: 'admin', id: 'test', requestId: '' };
const options = { holder: 'here', backupsKeptMs: 1000, signal };

async function doomed() {
  const cluster = await createSeededCluster({
    seed: 1,
    limits: defaultEngineLimits,
    metadata: { attemptAgeMaxMs: 60_000 },
  });
  const { metadata, clock } = cluster;
  const bucket = await cluster.createBucket('bucket', { versioning: 'enabled' });
  const gateway = cluster.startGateway();
  await putContent(cluster, gateway, bucket);
  const { tenantId } = bucket;
  const begin = async (...without: readonly Parameters<typeof memberOf>[1][]) => {
    const ids = without.map((id) => memberOf(cluster, id).backend.id);
    await metadata.beginErasure({ tenantId, without: ids, stored: { bytes: 1, versions: 1 } }, actor);
  };
  const step = () => clock.run(eraseTenants({ metadata }, options));
  const empty = async () => {
    while ((await clock.run(gateway.engine.deleteDue({ signal }))) > 0);
  };
  const erasure = async () => {
    const found = await metadata.erasure(tenantId);
    if (found === undefined) throw new Error('It did not begin.');
    return found;
  };
  const report = async () => JSON.parse((await erasure()).report ?? 'null') as ErasureReport | null;
  await metadata.updateTenant(tenantId, { state: 'suspended' }, actor);
  return { cluster, metadata, bucket, gateway, tenantId, begin, step, empty, erasure, report };
}

describe('the deletion of tenants', () => {
  test('removes versions and buckets at once, and reports when backends have confirmed', async () => {
    const { cluster, metadata, bucket, begin, step, empty, erasure, report } = await doomed();
    expect(await step()).toBe(0);
    await begin();
    // What is in the queue is due without any grace.
    expect(await step()).toBe(0);
    expect(await metadata.bucketById(bucket.id)).toBeUndefined();
    expect((await erasure()).waiting).toHaveLength(3);
    await empty();
    expect(await step()).toBe(1);
    const settling = await report();
    expect(settling).toMatchObject({ state: 'settling', doneAt: null });
    expect(settling?.backends.map(({ outcome, copies }) => [outcome, copies])).toEqual([
      ['confirmed', 1],
      ['confirmed', 1],
      ['confirmed', 1],
    ]);
    expect(settling?.stays.at(-1)?.until).toBe(new Date(((await erasure()).removedAtMs ?? 0) + 1000).toISOString());
    // The sweep's part, once no write can be under way any more.
    await cluster.clock.advance(61_000);
    for (const { backend, name } of (await erasure()).bucketsLeft) {
      await metadata.forgetPhysicalBucket(backend, name, actor);
    }
    expect(await step()).toBe(1);
    expect(await report()).toMatchObject({ state: 'done' });
    expect((await report())?.physicalBuckets.every(({ removedAt }) => removedAt !== null)).toBe(true);
    expect(await step()).toBe(0);
  });

  test('waits for a backend that is away, until an operator decides not to, and says so', async () => {
    const { cluster, begin, step, empty, erasure, report } = await doomed();
    const [replica] = wantedBlob(cluster).replicas;
    const lost = memberOf(cluster, replica?.backend ?? '');
    lost.faulty.setDown(true);
    await begin();
    await step();
    await empty();
    for (let i = 0; i < 3; i += 1) expect(await step()).toBe(0);
    expect((await erasure()).waiting).toMatchObject([{ backend: lost.backend.id, copies: 1 }]);
    await begin(lost.backend.id);
    expect(await step()).toBe(1);
    const entry = (await report())?.backends.find(({ backend }) => backend === lost.backend.id);
    expect(entry).toMatchObject({ outcome: 'unconfirmed', copies: 0, unconfirmedCopies: 1 });
    expect(entry?.reason).toContain('an operator decided');
  });

  test('does not wait for a retired backend', async () => {
    const { cluster, metadata, begin, step, empty, report } = await doomed();
    const [replica] = wantedBlob(cluster).replicas;
    const lost = memberOf(cluster, replica?.backend ?? '');
    lost.faulty.setDown(true);
    await metadata.setBackendState(lost.backend.id, { from: ['healthy'], to: 'retired', reason: '' }, actor);
    await begin();
    await step();
    await empty();
    expect(await step()).toBe(1);
    expect((await report())?.backends.find(({ backend }) => backend === lost.backend.id)?.reason).toContain('retired');
  });

  test('goes on where another process stopped, and two never do it at once', async () => {
    const { metadata, begin, step, erasure } = await doomed();
    await begin();
    await metadata.leaseCursor('tenant-erasure', 'another', 60_000);
    expect(await step()).toBe(0);
    expect((await erasure()).waiting).toEqual([]);
    await metadata.saveCursor('tenant-erasure', 'another', { position: {}, leaseMs: 0 });
    await step();
    expect((await erasure()).waiting).toHaveLength(3);
  });

  test('leaves what is locked and tells until when', async () => {
    const { metadata, bucket, begin, step, erasure } = await doomed();
    const page = await metadata.walkVersions({ bucketId: bucket.id, prefix: '', after: null, limit: 10 });
    const key = page.versions[0]?.key ?? parseObjectKey('none');
    await metadata.updateBucket(bucket.id, { objectLock: true }, actor);
    await metadata.updateVersion({ bucketId: bucket.id, key, change: { legalHold: true }, actor });
    await begin();
    expect(await step()).toBe(0);
    expect((await erasure()).trouble).toBe('Object lock keeps 1 versions, until a legal hold is lifted.');
    expect(await metadata.bucketById(bucket.id)).toBeDefined();
    await metadata.updateVersion({ bucketId: bucket.id, key, change: { legalHold: false }, actor });
    await step();
    expect((await erasure()).trouble).toBeNull();
    expect(await metadata.bucketById(bucket.id)).toBeUndefined();
  });
});
