import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Fault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readExactly } from './read-exactly.ts';

/** A stream that gives pieces of these lengths, each in a turn of its own. */
function slowly(whole: Buffer, lengths: readonly number[]): Readable {
  async function* pieces(): AsyncGenerator<Buffer> {
    let at = 0;
    for (const length of lengths) {
      await nextTurn();
      yield whole.subarray(at, at + length);
      at += length;
    }
    yield whole.subarray(at);
  }
  return Readable.from(pieces(), { objectMode: false, highWaterMark: 16 });
}

test('cuts any stream into any pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.array(fc.integer({ min: 1, max: 64 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 100 }),
      async (bytes, lengths, step) => {
        const whole = Buffer.from(bytes);
        const stream = slowly(whole, lengths);
        const read: Buffer[] = [];
        for (let at = 0; at < whole.length; at += step) {
          read.push(await readExactly(stream, Math.min(step, whole.length - at)));
        }
        expect(Buffer.concat(read).equals(whole)).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});

test('what is there already comes at once', () => {
  const stream = new Readable({ read: () => undefined });
  stream.push(Buffer.from('abcdef'));
  expect(readExactly(stream, 4)).toEqual(Buffer.from('abcd'));
});

test('a stream that ends too soon is a corrupt copy', async () => {
  const stream = slowly(Buffer.alloc(10), [3]);
  await expect((async () => readExactly(stream, 11))()).rejects.toMatchObject({ code: 'BackendCorrupt' });
});

test('a stream that has failed, or fails while it is read, gives its own fault', async () => {
  const dead = new Readable({ read: () => undefined });
  dead.on('error', () => undefined);
  dead.destroy(new Fault('BackendTimeout', 'late'));
  await expect((async () => readExactly(dead, 1))()).rejects.toMatchObject({ code: 'BackendTimeout' });

  const dying = new Readable({ read: () => undefined });
  dying.push(Buffer.from('ab'));
  const read = readExactly(dying, 3);
  dying.destroy(new Fault('BackendUnreachable', 'gone'));
  await expect(read).rejects.toMatchObject({ code: 'BackendUnreachable' });
  expect(dying.listenerCount('readable')).toBe(0);
});
