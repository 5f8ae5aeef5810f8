import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { isFault } from '@sealgate/core/faults';
import { parseObjectKey } from '@sealgate/core/names';
import { PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import { calmPlan } from '@sealgate/testkit';
import { bodyOf, createSeededCluster, memberOf, wantedBlob } from '@sealgate/testkit/cluster';
import { describe, expect, test, vi } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';

const KIB = 1024;
const key = parseObjectKey('key');
const actor = { kind: 'tenant', id: 'test', requestId: 'test' } as const;
/** Blocks of 1 KiB, so that few bytes make many stripes. */
const limits = { ...defaultEngineLimits, blockBytesMin: KIB, smallBodyBytes: 4 * KIB, readAheadBytes: 4 * KIB };

function content(bytes: number): Buffer {
  return Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 7 + (index >> 9)) % 251));
}

/** One object of the class that survives the loss of any four of six backends. */
async function stored(bytes: number, seed = 1) {
  const cluster = await createSeededCluster({ seed, limits, metadata: {} });
  const bucket = await cluster.createBucket('bucket', {});
  const gateway = cluster.startGateway();
  const whole = content(bytes);
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes; at += 1500) yield await Promise.resolve(whole.subarray(at, at + 1500));
  }
  const md5 = createHash('md5').update(whole).digest();
  const { signal } = new AbortController();
  const result = await cluster.clock.run(
    gateway.engine.putObject({
      bucket,
      key,
      body: {
        bytes,
        chunks: chunks(),
        facts: () => Promise.resolve({ md5, checksum: null, verdict: null, envelope: null }),
      },
      headers: {},
      tags: null,
      attributes: PLAIN_ATTRIBUTES,
      requestedClass: 'ColdArchiveClass',
      preconditions: {},
      actor,
      signal,
    }),
  );
  await cluster.clock.advance(1000);
  const holders = () => wantedBlob(cluster).replicas.toSorted((a, b) => a.shard - b.shard);
  const member = (shard: number) => memberOf(cluster, holders()[shard]?.backend ?? '');
  const read = (range?: { start: number; end: number }) =>
    cluster.clock.run(
      (async () => {
        const version = await gateway.metadata.currentVersion(bucket.id, key);
        if (version === undefined) throw new Error('There is no version.');
        const pieces: Buffer[] = [];
        const options = { signal, ...(range === undefined ? {} : { range }) };
        for await (const piece of gateway.engine.readObject(version, options)) pieces.push(piece);
        return Buffer.concat(pieces);
      })(),
    );
  const repair = () => cluster.clock.run(gateway.engine.repairDue({ signal }));
  return { cluster, gateway, bucket, whole, result, holders, member, read, repair };
}

describe.each([0, 1, 1000, 4 * KIB, 41_234])('an object of %i bytes', (bytes) => {
  test('has every shard once, each on a backend of its own', async () => {
    const { holders, result } = await stored(bytes);
    expect(holders().map((replica) => replica.shard)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(new Set(holders().map((replica) => replica.backend)).size).toBe(6);
    expect(result.ackedBy.length).toBeGreaterThanOrEqual(4);
  });

  test('is read whole, also when any four shards are lost', async () => {
    const { read, whole, member } = await stored(bytes);
    expect((await read()).equals(whole)).toBe(true);
    const lost = [
      [0, 1, 2, 3],
      [2, 3, 4, 5],
      [0, 2, 4, 5],
      [1, 2, 3, 5],
    ];
    for (const shards of lost) {
      for (const shard of shards) member(shard).faulty.setDown(true);
      expect((await read()).equals(whole)).toBe(true);
      for (const shard of shards) member(shard).faulty.setDown(false);
    }
  });
});

test('any range gives exactly its bytes, with all shards and with two', async () => {
  const { read, whole, member } = await stored(41_234);
  const ranges = [
    [0, 0],
    [41_233, 41_233],
    [1023, 1024],
    [2047, 2048],
    [2048, 4095],
    [5000, 30_000],
    [40_960, 41_233],
  ];
  for (const losing of [[], [0, 2, 3, 5]]) {
    for (const shard of losing) member(shard).faulty.setDown(true);
    for (const [start = 0, end = 0] of ranges) {
      expect((await read({ start, end })).equals(whole.subarray(start, end + 1))).toBe(true);
    }
  }
});

test('a small range asks only the one backend that has it', async () => {
  const { read, member } = await stored(41_234);
  for (const shard of [0, 2, 3, 4, 5]) member(shard).faulty.setDown(true);
  // The second cell of the second stripe.
  expect(await read({ start: 3 * KIB + 10, end: 3 * KIB + 20 })).toHaveLength(11);
  for (const { faulty } of [0, 2, 3, 4, 5].map(member)) expect(faulty.incidents).toEqual([]);
});

test('a cell that is spoilt never comes out, and its shard is repaired', async () => {
  const { read, whole, member, repair, holders, cluster } = await stored(41_234);
  member(0).faulty.usePlan({ ...calmPlan, rates: { 'corrupt-read': 1 } });
  expect((await read()).equals(whole)).toBe(true);
  member(0).faulty.usePlan(calmPlan);
  expect(holders()[0]?.state).toBe('missing');
  await cluster.clock.advance(60_000);
  await repair();
  expect(holders().map((replica) => replica.state)).toEqual(Array.from({ length: 6 }, () => 'stored'));
  for (const shard of [1, 2, 3, 4]) member(shard).faulty.setDown(true);
  expect((await read()).equals(whole)).toBe(true);
});

test('shards of providers that were lost come back by repair, parity too', async () => {
  const { read, whole, member, repair, holders, cluster, gateway } = await stored(41_234);
  const blobId = wantedBlob(cluster).blobId;
  for (const shard of [1, 3, 4, 5]) {
    member(shard).faulty.vanish();
    await gateway.metadata.reportBadReplica(blobId, member(shard).backend.id, shard);
  }
  for (let round = 0; round < 4; round += 1) {
    await cluster.clock.advance(120_000);
    await repair();
  }
  expect(holders().map((replica) => replica.state)).toEqual(Array.from({ length: 6 }, () => 'stored'));
  for (const shard of [0, 2, 3, 4]) member(shard).faulty.setDown(true);
  expect((await read()).equals(whole)).toBe(true);
});

test('five lost shards of six are too many, and that is said', async () => {
  const { read, member } = await stored(5000);
  for (const shard of [0, 1, 2, 3, 4]) member(shard).faulty.setDown(true);
  const failure: unknown = await read().catch((error: unknown) => error);
  expect(isFault(failure, 'DataUnavailable')).toBe(true);
});

test('a backend that stalls costs a hedge, not the read', async () => {
  const { read, whole, member } = await stored(41_234);
  member(0).faulty.usePlan({ ...calmPlan, rates: { stall: 1 }, stallMs: 600_000 });
  expect((await read()).equals(whole)).toBe(true);
});

test.each([
  [4, 5],
  [1, 5],
])('a shard is computed from those that lie near it (%i and %i)', async (...near) => {
  const { cluster, member } = await stored(41_234);
  const place = { provider: 'own', region: 'south', country: 'FI' };
  const away = { provider: 'other', region: 'north', country: 'SE' };
  for (const shard of [0, 1, 2, 3, 4, 5]) {
    const facts = shard === 0 || near.includes(shard) ? place : away;
    await cluster.metadata.updateBackend(member(shard).backend.id, facts, actor);
  }
  const gateway = cluster.startGateway();
  const report = vi.spyOn(gateway.pool, 'report');
  const lost = member(0);
  lost.faulty.vanish();
  await cluster.metadata.reportBadReplica(wantedBlob(cluster).blobId, lost.backend.id, 0);
  const { signal } = new AbortController();
  expect(await cluster.clock.run(gateway.engine.repairDue({ signal }))).toBe(1);
  const read = report.mock.calls.filter(([, outcome]) => outcome.kind === 'ok' && outcome.operation === 'get');
  const from = new Set(read.map(([id]) => id));
  expect(from).toEqual(new Set(near.map((shard) => member(shard).backend.id)));
});

describe.each([
  [0, 'the header', 5],
  [0, 'the footer', -1],
  [5000, 'the header', 5],
  [5000, 'the footer', -1],
])('of an object of %i bytes a shard whose %s is damaged', (bytes, _, at) => {
  const damaged = (shard: Buffer): Buffer => {
    const copy = Buffer.from(shard);
    copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, at < 0 ? copy.length + at : at);
    return copy;
  };

  test('is found by the scrub and made anew', async () => {
    const { cluster, gateway, bucket, holders, member, repair } = await stored(bytes);
    const { signal } = new AbortController();
    const { faulty, backend } = member(3);
    const name = (await cluster.metadata.physicalBuckets(bucket.id)).get(backend.id);
    if (name === undefined) throw new Error('There is no bucket.');
    const blobKey = `b/${wantedBlob(cluster).blobId}.3`;
    const lies = async () => Buffer.concat(await (await faulty.get(name, blobKey, { signal })).body.toArray());
    const good = await lies();
    const bad = damaged(good);
    await faulty.put(name, blobKey, { body: bad, bytes: bad.length, replace: true, signal });
    const scrub = { holder: 'one', intervalMs: 1000, bytesPerSecond: 1e9, signal };
    await cluster.clock.run(gateway.engine.scrubDue(scrub));
    expect(holders()[3]?.state).toBe('missing');
    await cluster.clock.advance(60_000);
    await repair();
    expect(holders()[3]?.state).toBe('stored');
    expect((await lies()).equals(good)).toBe(true);
  });

  test('is none when its backend gives no proof of what it received', async () => {
    const { cluster, gateway, bucket } = await stored(bytes);
    const [first] = cluster.members;
    if (first === undefined) throw new Error('There is no backend.');
    for (const { faulty } of cluster.members) {
      const put = faulty.put.bind(faulty);
      vi.spyOn(faulty, 'put').mockImplementation(async (name, blobKey, blob) => {
        const body = Buffer.isBuffer(blob.body) ? blob.body : Buffer.concat(await (blob.body as Readable).toArray());
        await put(name, blobKey, { ...blob, body: blobKey.endsWith('.3') ? damaged(body) : body });
        return { verified: 'none' };
      });
    }
    await cluster.clock.run(
      gateway.engine.putObject({
        ...{ bucket, key, headers: {}, tags: null, attributes: PLAIN_ATTRIBUTES, requestedClass: 'ColdArchiveClass' },
        ...{ preconditions: {}, actor, signal: new AbortController().signal, body: bodyOf(content(bytes)) },
      }),
    );
    await cluster.clock.advance(1000);
    const states = wantedBlob(cluster)
      .replicas.filter(({ shard }) => shard === 3)
      .map(({ state }) => state);
    expect(states).toEqual(['missing']);
  });
});

test('a backend that does not give a copy in time is not asked any longer', async () => {
  const { cluster, gateway, member } = await stored(5000);
  const { faulty } = member(0);
  faulty.usePlan({ ...calmPlan, rates: { stall: 1 }, stallMs: 10 * limits.readBlockMs });
  const get = vi.spyOn(faulty, 'get');
  const { signal } = new AbortController();
  await cluster.clock.run(gateway.engine.scrubDue({ holder: 'one', intervalMs: 1000, bytesPerSecond: 1e9, signal }));
  expect(get.mock.calls.map(([, , options]) => options.signal.aborted)).toEqual([true]);
});
