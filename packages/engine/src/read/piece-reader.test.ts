import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Fault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPieceReader } from './piece-reader.ts';

/** A stream that gives pieces of these lengths, some of them in a turn of their own. */
function stream(whole: Buffer, lengths: readonly number[]): Readable {
  async function* pieces(): AsyncGenerator<Buffer> {
    let at = 0;
    for (const length of lengths) {
      if (length % 2 === 0) await nextTurn();
      if (at < whole.length) yield whole.subarray(at, at + length);
      at += length;
    }
    if (at < whole.length) yield whole.subarray(at);
  }
  return Readable.from(pieces(), { objectMode: false, highWaterMark: 16 });
}

test('cuts any stream into any pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.array(fc.integer({ min: 1, max: 64 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 100 }),
      fc.array(fc.boolean(), { maxLength: 10 }),
      async (bytes, lengths, step, pauses) => {
        const whole = Buffer.from(bytes);
        const reader = createPieceReader(stream(whole, lengths));
        const read: Buffer[] = [];
        for (let at = 0; at < whole.length; at += step) {
          if (pauses[read.length % 10] === true) await nextTurn();
          const pieces = await reader.take(Math.min(step, whole.length - at));
          expect(pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(Math.min(step, whole.length - at));
          read.push(...pieces);
        }
        expect(Buffer.concat(read).equals(whole)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test('what is there already comes at once, and no byte is copied', () => {
  const body = new Readable({ read: () => undefined });
  const bytes = Buffer.from('abcdef');
  body.push(bytes);
  const reader = createPieceReader(body);
  const [piece] = reader.take(4) as readonly Buffer[];
  expect(piece).toEqual(Buffer.from('abcd'));
  expect(piece?.buffer).toBe(bytes.buffer);
  expect(reader.take(2)).toEqual([Buffer.from('ef')]);
  expect(body.listenerCount('data')).toBe(0);
});

test('a stream that nobody waits for stands still', async () => {
  let given = 0;
  const body = new Readable({
    highWaterMark: 1024,
    read() {
      given += 1;
      this.push(Buffer.alloc(1024));
    },
  });
  const reader = createPieceReader(body);
  await reader.take(4096);
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  expect(given).toBeLessThan(10);
  await reader.take(100 * 1024);
  expect(given).toBeGreaterThanOrEqual(100);
  body.destroy();
});

test('a stream that ends too soon is a corrupt copy', async () => {
  const reader = createPieceReader(stream(Buffer.alloc(10), [3]));
  await expect((async () => reader.take(11))()).rejects.toMatchObject({ code: 'BackendCorrupt' });
  await expect((async () => reader.take(11))()).rejects.toMatchObject({ code: 'BackendCorrupt' });
});

test('a stream that has failed, or fails while it is read, gives its own fault', async () => {
  const dead = new Readable({ read: () => undefined });
  dead.on('error', () => undefined);
  dead.destroy(new Fault('BackendTimeout', 'late'));
  const reader = createPieceReader(dead);
  await expect((async () => reader.take(1))()).rejects.toMatchObject({ code: 'BackendTimeout' });

  const dying = new Readable({ read: () => undefined });
  dying.push(Buffer.from('ab'));
  const read = createPieceReader(dying).take(3);
  dying.destroy(new Fault('BackendUnreachable', 'gone'));
  await expect(read).rejects.toMatchObject({ code: 'BackendUnreachable' });
});

test('a finished stream runs to its end', async () => {
  const body = stream(Buffer.alloc(100), [10, 10, 10]);
  const reader = createPieceReader(body);
  await reader.take(5);
  reader.finish();
  await new Promise((resolve) => body.once('close', resolve));
  expect(body.readableEnded).toBe(true);
});
