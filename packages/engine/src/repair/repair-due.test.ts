import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { calmPlan } from '@sealgate/testkit';
import { createSeededCluster, holders, memberOf, putContent, wantedBlob } from '@sealgate/testkit/cluster';
import { describe, expect, test, vi } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';

const { signal } = new AbortController();
const admin = { kind: 'admin', id: 'test', requestId: 'test' } as const;
const GOOD_READ = { kind: 'ok', operation: 'get', bytes: 0, durationMs: 0 } as const;

async function stored(limits = defaultEngineLimits, tags: Record<string, string> | null = null) {
  const cluster = await createSeededCluster({ seed: 1, limits, metadata: {} });
  const bucket = await cluster.createBucket('bucket', {});
  const gateway = cluster.startGateway();
  await putContent(cluster, gateway, bucket, tags);
  const blob = wantedBlob(cluster);
  const [a, b, c] = blob.replicas.map((replica) => memberOf(cluster, replica.backend));
  if (a === undefined || b === undefined || c === undefined) throw new Error('There are not three copies.');
  const lose = async (member: typeof a): Promise<void> => {
    await cluster.metadata.reportBadReplica(blob.blobId, member.backend.id, 0);
  };
  const repair = () => cluster.clock.run(gateway.engine.repairDue({ signal }));
  const states = () => Object.fromEntries(wantedBlob(cluster).replicas.map((r) => [r.backend, r.state]));
  return { cluster, gateway, bucket, blob, a, b, c, lose, repair, states };
}

describe('repair', () => {
  test('gives one backend its copy while another one that is owed is away', async () => {
    const { a, b, lose, repair, states } = await stored();
    await lose(a);
    await lose(b);
    a.faulty.setDown(true);
    await repair();
    expect(states()).toMatchObject({ [a.backend.id]: 'missing', [b.backend.id]: 'stored' });
  });

  test('counts no copy whose backend answered before it had all bytes', async () => {
    const { a, lose, repair, states } = await stored({ ...defaultEngineLimits, smallBodyBytes: 1 });
    a.faulty.vanish();
    await lose(a);
    const put = vi.spyOn(a.faulty, 'put').mockImplementationOnce((_name, _key, { body }) => {
      if (!(body instanceof Readable)) throw new Error('It was to be streamed.');
      body.destroy();
      return Promise.resolve({ verified: 'checksum' });
    });
    await repair();
    expect(put).toHaveBeenCalledOnce();
    expect(states()).toMatchObject({ [a.backend.id]: 'missing' });
  });

  test('never removes what may be the last good copy because it was misread', async () => {
    const { cluster, bucket, blob, a, b, c, lose, repair, states } = await stored();
    a.faulty.vanish();
    b.faulty.vanish();
    await lose(c);
    c.faulty.usePlan({ ...calmPlan, rates: { 'corrupt-read': 1 } });
    await repair();
    c.faulty.usePlan(calmPlan);
    expect(await holders(cluster, bucket, blob)).toEqual([c.backend.id]);
    await cluster.clock.advance(60_000);
    await repair();
    expect(states()).toMatchObject({ [c.backend.id]: 'stored' });
  });

  test('brings no byte to where the object asked not to lie, whatever was known when it was written', async () => {
    const { cluster, bucket, a, b, lose, states } = await stored(defaultEngineLimits, { residency: 'EU' });
    a.faulty.vanish();
    await lose(a);
    await lose(b);
    await cluster.metadata.updateBackend(a.backend.id, { country: 'US', jurisdiction: 'US' }, admin);
    await cluster.clock.run(cluster.startGateway().engine.repairDue({ signal }));
    expect(states()).toMatchObject({ [a.backend.id]: 'missing', [b.backend.id]: 'stored' });
    expect(await holders(cluster, bucket, wantedBlob(cluster))).not.toContain(a.backend.id);
  });

  test('comes back to a backend that lost its buckets too', async () => {
    const { cluster, a, lose, repair, states } = await stored();
    a.faulty.vanish();
    await lose(a);
    await repair();
    await cluster.clock.advance(60_000);
    await repair();
    expect(states()).toMatchObject({ [a.backend.id]: 'stored' });
  });

  test('gives a small copy whole and a large one as it comes, with their MD5 for who asks', async () => {
    for (const [smallBodyBytes, kind] of [
      [7, Buffer],
      [6, Readable],
    ] as const) {
      const { a, lose, repair, states } = await stored({ ...defaultEngineLimits, smallBodyBytes });
      a.faulty.vanish();
      await lose(a);
      const put = vi.spyOn(a.faulty, 'put');
      await repair();
      expect(states()).toMatchObject({ [a.backend.id]: 'stored' });
      const [, , blob] = put.mock.lastCall ?? [];
      expect(blob?.body).toBeInstanceOf(kind);
      expect(await blob?.bodyMd5?.()).toEqual(hash('md5', 'content', 'buffer'));
    }
  });

  test.each(['b', 'c'] as const)('copies from the backend that lies near, whichever was faster (%s)', async (near) => {
    const { cluster, a, b, c, lose } = await stored();
    const place = { provider: 'own', region: 'south', country: 'FI' };
    const away = { provider: 'other', region: 'north', country: 'SE' };
    for (const [name, member] of Object.entries({ a, b, c })) {
      await cluster.metadata.updateBackend(member.backend.id, name === 'a' || name === near ? place : away, admin);
    }
    const gateway = cluster.startGateway();
    const [source, other] = near === 'b' ? [b, c] : [c, b];
    gateway.pool.report(source.backend.id, { ...GOOD_READ, latencyMs: 200 });
    gateway.pool.report(other.backend.id, { ...GOOD_READ, latencyMs: 1 });
    const report = vi.spyOn(gateway.pool, 'report');
    await lose(a);
    a.faulty.vanish();
    expect(await cluster.clock.run(gateway.engine.repairDue({ signal }))).toBe(1);
    const read = report.mock.calls.filter(([, outcome]) => outcome.kind === 'ok' && outcome.operation === 'get');
    expect(new Set(read.map(([id]) => id))).toEqual(new Set([source.backend.id]));
  });

  describe('that meets a backend without room', () => {
    const soon = { holder: 'one', intervalMs: 3_600_000, rehomeAfterMs: 3_600_000, signal };

    test('gives the copy to another legal backend, at once', async () => {
      const { cluster, a, b, c, lose, gateway, repair, states } = await stored();
      a.faulty.vanish();
      await lose(a);
      a.faulty.setFull(true);
      for (let round = 0; round < 8; round += 1) {
        await cluster.clock.run(gateway.engine.reconcileDue(soon));
        await repair();
        await cluster.clock.advance(1000);
      }
      const now = states();
      expect(now[a.backend.id]).toBe('leaving');
      expect(Object.values(now).filter((state) => state === 'stored')).toHaveLength(3);
      expect(now).toMatchObject({ [b.backend.id]: 'stored', [c.backend.id]: 'stored' });
    });

    test('tells the whole process of it: nothing is written there for a while', async () => {
      const { a, lose, gateway, repair } = await stored();
      a.faulty.vanish();
      await lose(a);
      a.faulty.setFull(true);
      await repair();
      expect(gateway.pool.full().has(a.backend.id)).toBe(true);
      expect(gateway.pool.writable().has(a.backend.id)).toBe(false);
      expect(gateway.pool.all().find(({ id }) => id === a.backend.id)?.state).toBe('healthy');
    });

    test('waits for room where there is none', async () => {
      const { cluster, a, b, c, lose, gateway, repair, states } = await stored();
      a.faulty.vanish();
      await lose(a);
      const full = cluster.members.filter((member) => member !== b && member !== c);
      for (const { faulty } of full) faulty.setFull(true);
      const rounds = async () => {
        for (let round = 0; round < 40; round += 1) {
          await cluster.clock.run(gateway.engine.reconcileDue(soon));
          await repair();
          await cluster.clock.advance(10_000);
        }
      };
      const inState = (wanted: string) => Object.values(states()).filter((state) => state === wanted).length;
      await rounds();
      expect([inState('stored'), inState('missing')]).toEqual([2, 1]);
      for (const { faulty } of full) faulty.setFull(false);
      await rounds();
      expect([inState('stored'), inState('missing')]).toEqual([3, 0]);
    });
  });
});
