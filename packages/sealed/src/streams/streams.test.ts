import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../format/bytes.ts';
import { all, codeOf, cutAt, pattern } from '../testing/fixtures.ts';
import { createPieceTaker, withLoan } from './buffer-pool.ts';
import { coalesce } from './coalesce.ts';
import { assertWindow, inOrder } from './in-order.ts';
import { toReadable } from './readable.ts';
import { createByteSource } from './source.ts';

describe('byte source', () => {
  it('gives the same bytes for any chunks and any pieces', async () => {
    const sizes = fc
      .array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 6 })
      .filter((list) => list.some((n) => n > 0));
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 80 }), fc.nat(300), async (chunks, piece, length) => {
        const source = createByteSource(cutAt(pattern(length), chunks));
        const pieces: Uint8Array[] = [];
        while (!(await source.ended())) {
          const taken = await source.take(piece);
          const left = length - concat(...pieces).length;
          expect(taken.length).toBe(Math.min(piece, left));
          pieces.push(taken);
        }
        expect(concat(...pieces)).toEqual(pattern(length));
        expect(await source.take(1)).toHaveLength(0);
      }),
    );
  });

  it('releases its input when cancelled, also while it waits', async () => {
    let cancelled: unknown;
    const stuck = new ReadableStream<Uint8Array>({ cancel: (reason) => void (cancelled = reason) });
    const source = createByteSource(stuck);
    const waiting = source.ended();
    await source.cancel('enough');
    expect(await waiting).toBe(true);
    expect(cancelled).toBe('enough');
  });
});

describe('pieces on loan', () => {
  it('keep their bytes until they are given back, and are used again then', async () => {
    const takePiece = createPieceTaker(createByteSource(cutAt(pattern(100), [7])), 10);
    const [first, second] = [await takePiece(), await takePiece()];
    expect([first.bytes, second.bytes]).toEqual([pattern(100).slice(0, 10), pattern(100).slice(10, 20)]);
    first.giveBack();
    const third = await takePiece();
    expect(third.bytes.buffer).toBe(first.bytes.buffer);
    expect(second.bytes).toEqual(pattern(100).slice(10, 20));
  });

  it('are given back when the job fails', async () => {
    let given = 0;
    const loan = { bytes: pattern(1), giveBack: () => void (given += 1) };
    await expect(withLoan(loan, () => Promise.reject(new Error('job')))).rejects.toThrow('job');
    expect(given).toBe(1);
  });
});

describe('coalesce', () => {
  it('joins small neighbours and copies nothing large', async () => {
    const large = pattern(1000);
    const groups = (async function* () {
      yield [pattern(3), large, pattern(2)];
      yield [pattern(4)];
      yield [large, pattern(5)];
    })();
    const chunks = await all(coalesce(groups));
    expect(chunks.map(({ length }) => length)).toEqual([3, 1000, 6, 1000, 5]);
    expect(chunks[1]).toBe(large);
  });
});

describe('inOrder', () => {
  it('keeps order and the window under every schedule', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 4 }), fc.nat(8), async (scheduler, window, count) => {
        let running = 0;
        let most = 0;
        const job = async (item: number): Promise<number> => {
          most = Math.max(most, ++running);
          await scheduler.schedule(Promise.resolve(), `job ${item}`);
          running -= 1;
          return item;
        };
        const results = (async () => {
          const seen: number[] = [];
          for await (const result of inOrder(numbers(count), window, job)) seen.push(result);
          return seen;
        })();
        await scheduler.waitFor(results);
        expect(await results).toEqual(Array.from({ length: count }, (_, i) => i));
        expect(most).toBeLessThanOrEqual(window);
      }),
    );
  });

  it('gives a finished result while the input is still awaited', async () => {
    const slow = (async function* () {
      yield 1;
      await new Promise(() => undefined);
    })();
    const results = inOrder(slow, 8, (item) => Promise.resolve(item));
    expect(await results.next()).toEqual({ value: 1, done: false });
  });

  it('fails with the failing job, after waiting for the others', async () => {
    let running = 0;
    let started = 0;
    const job = async (item: number): Promise<number> => {
      started += 1;
      running += 1;
      // Later jobs take longer: they still run when the second one fails.
      for (let turn = 0; turn < item * 20; turn++) await Promise.resolve();
      running -= 1;
      if (item === 1) throw new Error('second');
      return item;
    };
    await expect(all(inOrder(numbers(4), 4, job))).rejects.toThrow('second');
    expect({ started, running }).toEqual({ started: 4, running: 0 });
  });

  it('fails with its input', async () => {
    const broken = (async function* (): AsyncGenerator<number> {
      yield 1;
      throw new Error('input');
    })();
    await expect(all(inOrder(broken, 2, (item) => Promise.resolve(item)))).rejects.toThrow('input');
  });

  it.each([0, 65, 1.5, Number.NaN])('refuses a window of %d', async (window) => {
    expect(await codeOf(() => assertWindow(window))).toBe('invalid-argument');
  });

  async function* numbers(count: number): AsyncGenerator<number> {
    for (let i = 0; i < count; i++) yield i;
  }
});

describe('toReadable', () => {
  const released = (): { reasons: unknown[]; cancel: (reason?: unknown) => Promise<void> } => {
    const reasons: unknown[] = [];
    return { reasons, cancel: (reason) => Promise.resolve(void reasons.push(reason)) };
  };
  async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) yield new Uint8Array(1);
  }

  it('pulls nothing before it is read', async () => {
    let pulled = 0;
    const counting = (async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for (;;) yield new Uint8Array(++pulled);
    })();
    const reader = toReadable(counting, { source: released() }).getReader();
    await Promise.resolve();
    expect(pulled).toBe(0);
    await reader.read();
    expect(pulled).toBe(1);
  });

  it('releases the source when the consumer cancels', async () => {
    const source = released();
    await toReadable(endless(), { source }).cancel('done');
    expect(source.reasons).toEqual(['done']);
  });

  it('fails with the reason of the signal, before and while reading', async () => {
    const source = released();
    const before = toReadable(endless(), { source, signal: AbortSignal.abort(new Error('early')) });
    await expect(before.getReader().read()).rejects.toThrow('early');
    const controller = new AbortController();
    const reader = toReadable(endless(), { source, signal: controller.signal }).getReader();
    await reader.read();
    controller.abort(new Error('late'));
    await expect(reader.read()).rejects.toThrow('late');
    expect(source.reasons).toHaveLength(2);
  });

  it('fails with the first failure even when the release fails too', async () => {
    const failing = (async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      throw new Error('first');
    })();
    const source = { cancel: () => Promise.reject(new Error('second')) };
    await expect(toReadable(failing, { source }).getReader().read()).rejects.toThrow('first');
  });
});
