import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { isFault } from '@sealgate/core/faults';
import { type BackendId, newBlobId, parseBackendId } from '@sealgate/core/names';
import type { BackendDriver, BackendOutcome, BackendPool, BlobRecord, ByteRange } from '@sealgate/core/ports';
import { createErasureCodecs } from '@sealgate/erasure';
import { createVirtualClock } from '@sealgate/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { silentEvents } from '../events.ts';
import { defaultEngineLimits } from '../limits.ts';
import { createDigestLists } from './digest-list.ts';
import { createHedgeBudget } from './hedge-budget.ts';
import { readBlob } from './read-blob.ts';
import type { ReadDeps } from './read-deps.ts';

const BLOCK = 1024;
const WHOLE = Buffer.from(Array.from({ length: 10 * BLOCK + 100 }, (_, index) => index % 251));

type Copy = (range: ByteRange | undefined, signal: AbortSignal) => Readable | Promise<Readable>;

const good: Copy = (range) => Readable.from([slice(WHOLE, range)], { objectMode: false });

function slice(whole: Buffer, range: ByteRange | undefined): Buffer {
  return range === undefined ? whole : whole.subarray(range.start, range.end + 1);
}

function damaged(at: number): Copy {
  const bytes = Buffer.from(WHOLE);
  bytes[at] = bytes[at] === 0 ? 1 : 0;
  return (range) => Readable.from([slice(bytes, range)], { objectMode: false });
}

/** Answers nothing until its call is given up. */
const silent: Copy = (_, signal) =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

function digestsOf(whole: Buffer): Buffer {
  const digests: Buffer[] = [];
  for (let at = 0; at < whole.length; at += BLOCK)
    digests.push(hash('sha256', whole.subarray(at, at + BLOCK), 'buffer'));
  return Buffer.concat(digests);
}

function world(copies: Readonly<Record<string, Copy>>, options: { readonly digestsApart?: boolean } = {}) {
  const clock = createVirtualClock();
  const reports: [string, BackendOutcome][] = [];
  const bad: string[] = [];
  const open = new Set<Readable>();
  const ids = Object.keys(copies).map((id) => parseBackendId(id));
  const driver = (id: BackendId): BackendDriver =>
    ({
      get: async (_bucket: string, _key: string, { range, signal }: { range?: ByteRange; signal: AbortSignal }) => {
        const body = await copies[id]!(range, signal);
        open.add(body);
        body.once('close', () => open.delete(body));
        return { bytes: slice(WHOLE, range).length, totalBytes: WHOLE.length, body };
      },
    }) as unknown as BackendDriver;
  const pool = {
    driver,
    readOrder: (wanted: Iterable<BackendId>) => [...wanted],
    latencyMs: () => undefined,
    report: (id: BackendId, outcome: BackendOutcome) => void reports.push([id, outcome]),
  } as unknown as BackendPool;
  const digests = digestsOf(WHOLE);
  const limits = { ...defaultEngineLimits, readAheadBytes: 3 * BLOCK, digestPage: 4 };
  const readDigests = (_: unknown, first: number, count: number) =>
    Promise.resolve(digests.subarray(first * 32, (first + count) * 32));
  const deps: ReadDeps = {
    pool,
    clock,
    limits,
    digests: createDigestLists({ limits, metadata: { readDigests } }),
    hedges: createHedgeBudget(limits),
    events: silentEvents,
    codecs: createErasureCodecs(),
    physical: {
      ensure: () => Promise.reject(new Error('a read makes no bucket')),
      find: () => Promise.resolve('bucket' as never),
      doubt: () => undefined,
    },
    metadata: {
      reportBadReplica: (_blob, backend) => {
        bad.push(backend);
        return Promise.resolve();
      },
    },
  };
  const blob: BlobRecord = {
    blobId: newBlobId(0),
    bytes: WHOLE.length,
    layout: { kind: 'copies' },
    blockBytes: BLOCK,
    digests: options.digestsApart === true ? null : digests,
    replicas: ids.map((id) => ({ backend: id, shard: 0, state: 'stored' })),
  };
  const read = async (range: ByteRange = { start: 0, end: WHOLE.length - 1 }): Promise<Buffer> => {
    const { signal } = new AbortController();
    const chunks: Buffer[] = [];
    for await (const chunk of readBlob(deps, blob, { bucketId: 1, range, signal })) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  return { clock, read, reports, bad, open, deps, blob };
}

test.each([false, true])('gives exactly the bytes of any range (digests apart: %s)', async (digestsApart) => {
  const { read } = world({ a: good }, { digestsApart });
  const position = fc.nat({ max: WHOLE.length - 1 });
  await fc.assert(
    fc.asyncProperty(position, position, async (one, other) => {
      const range = { start: Math.min(one, other), end: Math.max(one, other) };
      expect((await read(range)).equals(slice(WHOLE, range))).toBe(true);
    }),
  );
});

test('reports how the backend did and lets its answer end', async () => {
  const { read, reports, open } = world({ a: good });
  await read();
  expect(reports).toMatchObject([['a', { kind: 'ok', operation: 'get', bytes: WHOLE.length }]]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(open.size).toBe(0);
});

test('a damaged block never goes out: another replica gives it, and repair is asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: WHOLE.length - 1 }), async (at) => {
      const { read, bad } = world({ a: damaged(at), b: good });
      expect((await read()).equals(WHOLE)).toBe(true);
      expect(bad).toEqual(['a']);
    }),
  );
});

test('a copy that breaks off, or is too short, is replaced in mid-stream', async () => {
  const short: Copy = () => Readable.from([WHOLE.subarray(0, 5 * BLOCK + 7)], { objectMode: false });
  const { read, bad } = world({ a: short, b: good });
  expect((await read()).equals(WHOLE)).toBe(true);
  expect(bad).toEqual(['a']);
});

test('when every copy is bad the read fails after its last good byte', async () => {
  const { deps, blob } = world({ a: damaged(6 * BLOCK), b: damaged(6 * BLOCK + 1) });
  const { signal } = new AbortController();
  let bytes = 0;
  const read = async (): Promise<void> => {
    const range = { start: 0, end: WHOLE.length - 1 };
    for await (const chunk of readBlob(deps, blob, { bucketId: 1, range, signal })) bytes += chunk.length;
  };
  await expect(read()).rejects.toSatisfy((error) => isFault(error, 'DataUnavailable'));
  expect(bytes).toBe(6 * BLOCK);
});

test('a silent replica is raced by another one, and its call is ended', async () => {
  let ended = false;
  const stalled: Copy = (range, signal) => {
    signal.addEventListener('abort', () => {
      ended = true;
    });
    return silent(range, signal);
  };
  const { read, clock, bad, reports } = world({ a: stalled, b: good });
  expect((await clock.run(read())).equals(WHOLE)).toBe(true);
  expect(ended).toBe(true);
  expect(bad).toEqual([]);
  expect(reports).toContainEqual(['a', { kind: 'late', latencyMs: defaultEngineLimits.hedgeMsMin }]);
});

test('without a hedge left in the budget a silent replica is replaced when it counts as stalled', async () => {
  const { read, clock, deps } = world({ a: silent, b: good });
  while (deps.hedges.spend());
  const startedMs = clock.monotonic();
  expect((await clock.run(read())).equals(WHOLE)).toBe(true);
  expect(clock.monotonic() - startedMs).toBe(defaultEngineLimits.hedgeMsMin + defaultEngineLimits.stallMs);
});

test('an abort ends the call to the backend', async () => {
  const { deps, blob } = world({ a: silent });
  const client = new AbortController();
  const range = { start: 0, end: WHOLE.length - 1 };
  const first = readBlob(deps, blob, { bucketId: 1, range, signal: client.signal }).next();
  client.abort(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
});

test('leaving early ends the call to the backend', async () => {
  const endless: Copy = () => {
    const body = new Readable({ read: () => undefined });
    body.push(WHOLE.subarray(0, 2 * BLOCK));
    return body;
  };
  const { deps, blob, open } = world({ a: (range, signal) => aborting(endless(range, signal), signal) });
  const { signal } = new AbortController();
  const range = { start: 0, end: WHOLE.length - 1 };
  for await (const chunk of readBlob(deps, blob, { bucketId: 1, range, signal })) {
    expect(chunk.length).toBe(BLOCK);
    break;
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(open.size).toBe(0);
});

/** As every driver does: the signal destroys the body. */
async function aborting(body: Readable | Promise<Readable>, signal: AbortSignal): Promise<Readable> {
  const stream = await body;
  stream.on('error', () => undefined);
  signal.addEventListener('abort', () => stream.destroy(signal.reason as Error));
  return stream;
}

test('a copy that was only slow is asked again when the faster one breaks off', async () => {
  let calls = 0;
  const slowAtFirst: Copy = (range, signal) => {
    calls += 1;
    return calls === 1 ? silent(range, signal) : good(range, signal);
  };
  const breaksOff: Copy = (range) =>
    Readable.from(
      (async function* () {
        yield slice(WHOLE, range).subarray(0, 5 * BLOCK);
        throw new Error('broken off');
      })(),
      { objectMode: false },
    );
  const { clock, read } = world({ a: slowAtFirst, b: breaksOff });
  expect((await clock.run(read())).equals(WHOLE)).toBe(true);
});
