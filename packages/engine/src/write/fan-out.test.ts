import type { Readable } from 'node:stream';
import { Fault } from '@sealgate/core/faults';
import { systemClock } from '@sealgate/core/ports';
import { expect, test } from 'vitest';
import { defaultEngineLimits, type EngineLimits } from '../limits.ts';
import { backend, copiesAtLeast } from '../testing/fixtures.ts';
import { createFanOut } from './fan-out.ts';

const KIB = 1024;
const backends = [backend('a'), backend('b'), backend('c')];
const limits: EngineLimits = { ...defaultEngineLimits, lagBytes: 256 * KIB, slowBytes: 64 * KIB };

async function* chunks(count: number, bytes = 64 * KIB): AsyncGenerator<Buffer> {
  for (let i = 0; i < count; i += 1) yield Buffer.alloc(bytes, i);
}

const drain = async (stream: Readable): Promise<number> => {
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
};

const quiet = { onFrame: () => undefined, beforeLast: () => Promise.resolve() };

function fanOut(overrides: Partial<Parameters<typeof createFanOut>[1]> = {}) {
  return createFanOut(backends, {
    rule: copiesAtLeast(2),
    limits,
    clock: systemClock,
    signal: new AbortController().signal,
    ...overrides,
  });
}

test('every target gets all bytes', async () => {
  const fan = fanOut();
  const reads = fan.targets.map((t) => drain(t.stream));
  await fan.run(chunks(40), quiet);
  expect(await Promise.all(reads)).toEqual([40, 40, 40].map((n) => n * 64 * KIB));
});

test('a target has taken all bytes when it has the last one, whether it asks for the end or not; one that went has not', async () => {
  const fan = fanOut();
  const [whole, hasty, late] = fan.targets;
  if (!whole || !hasty || !late) throw new Error('There are three.');
  /** Reads so many chunks, and goes. */
  const take = async (stream: Readable, chunksTaken: number): Promise<void> => {
    const reader = stream[Symbol.asyncIterator]();
    for (let i = 0; i < chunksTaken; i += 1) await reader.next();
    stream.destroy();
  };
  const reads = [drain(whole.stream), take(hasty.stream, 4), take(late.stream, 3)];
  expect(fan.targets.map(({ taken }) => taken())).toEqual([false, false, false]);
  await fan.run(chunks(4), quiet);
  await Promise.all(reads);
  expect(fan.targets.map(({ taken }) => taken())).toEqual([true, true, false]);
});

test('an empty body ends every target', async () => {
  const fan = fanOut();
  const reads = fan.targets.map((t) => drain(t.stream));
  await fan.run(chunks(0), quiet);
  expect(await Promise.all(reads)).toEqual([0, 0, 0]);
});

test('a target that reads nothing is detached, holds a bounded backlog, and does not stop the others', async () => {
  const detached: string[] = [];
  const fan = fanOut({ limits: { ...limits, patienceMs: 0, patienceShare: 0 }, onDetach: (b) => detached.push(b.id) });
  const [a, b] = fan.targets.map((t) => t.stream);
  const reads = [a, b].map((s) => drain(s!));
  let taken = 0;
  await fan.run(chunks(200), { ...quiet, onFrame: () => void (taken += 1) });
  expect(await Promise.all(reads)).toEqual([200 * 64 * KIB, 200 * 64 * KIB]);
  expect(detached).toEqual(['c']);
  expect(fan.targets[2]?.stream.destroyed).toBe(true);
  expect(taken).toBe(200);
});

test('the source is not read faster than the ack set takes', async () => {
  let taken = 0;
  const stop = new AbortController();
  const other = createFanOut(backends, { rule: copiesAtLeast(2), limits, clock: systemClock, signal: stop.signal });
  const readA = drain(other.targets[0]!.stream);
  const run = other.run(chunks(10_000), {
    ...quiet,
    onFrame: () => {
      taken += 1;
      if (taken > 50) stop.abort(new Fault('InternalError', 'read too far'));
      return undefined;
    },
  });
  // Only one of the two that the rule needs reads, so the source must stand still: nothing is left to wake it.
  for (let i = 0; i < 100; i += 1) await new Promise((resolve) => setImmediate(resolve));
  const standing = taken;
  expect(standing * 64 * KIB).toBeLessThanOrEqual(limits.slowBytes + 2 * 64 * KIB);
  stop.abort(new Fault('OperationAborted', 'over'));
  await expect(run).rejects.toThrow('over');
  other.targets[0]!.stream.destroy();
  await readA.catch(() => undefined);
});

test('the last chunk waits for the checks: a refused body is never complete anywhere', async () => {
  const fan = fanOut();
  const seen = fan.targets.map(async (t) => {
    let bytes = 0;
    try {
      for await (const chunk of t.stream as AsyncIterable<Buffer>) bytes += chunk.length;
      return { bytes, ended: true };
    } catch {
      return { bytes, ended: false };
    }
  });
  const run = fan.run(chunks(3), {
    ...quiet,
    beforeLast: () => Promise.reject(new Fault('BadDigest', 'The digest is wrong.')),
  });
  await expect(run).rejects.toThrow('The digest is wrong.');
  for (const t of fan.targets) fan.detach(t.backend, new Error('given up'));
  for (const { bytes, ended } of await Promise.all(seen)) {
    expect(ended).toBe(false);
    expect(bytes).toBeLessThan(3 * 64 * KIB);
  }
});

test('when too many targets fail the write ends at once', async () => {
  const fan = fanOut();
  const read = drain(fan.targets[0]!.stream).catch(() => -1);
  const run = fan.run(chunks(1000), {
    ...quiet,
    onFrame: () => {
      fan.detach(backends[1]!, new Error('gone'));
      fan.detach(backends[2]!, new Error('gone'));
      return undefined;
    },
  });
  await expect(run).rejects.toMatchObject({ code: 'AckRuleFailed' });
  fan.detach(backends[0]!, new Error('over'));
  await read;
});
