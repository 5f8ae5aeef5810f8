import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type ContractContext, countingStream, never, patternBytes, rejection } from './context.ts';

const CHUNK_BYTES = 64 * 1024;
/** Turns of the event loop in which nothing moved any more. */
const QUIET_TURNS = 200;

/** Waits until a counter stands still: no time is measured, only turns of the event loop without progress. */
async function untilQuiet(count: () => number): Promise<number> {
  let last = count();
  for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
    await nextTurn();
    if (count() !== last) quiet = 0;
    last = count();
  }
  return last;
}

export function describeBackpressure({ driver, newBucket, subject, traits }: ContractContext): void {
  describe('backpressure', () => {
    it('holds little for a reader that stands still', async () => {
      const bytes = 32 * 1024 * 1024;
      const bucket = await newBucket();
      await driver().put(bucket, 'b/x', { body: patternBytes(bytes), bytes, signal: never });
      const { body } = await driver().get(bucket, 'b/x', { signal: never });
      body.once('readable', () => undefined);
      const held = await untilQuiet(() => body.readableLength);
      expect(held).toBeLessThanOrEqual(1024 * 1024);
      body.destroy();
    });

    it.skipIf(!traits.holdsWrites)(
      'takes no more from its source than a backend that stands still can hold',
      async () => {
        const hold = subject().holdWrites;
        if (hold === undefined) throw new Error('The traits promise holdWrites.');
        const bucket = await newBucket();
        const stop = new AbortController();
        const reason = new Error('Enough.');
        const { stream, taken } = countingStream(CHUNK_BYTES);
        hold(true);
        try {
          const bytes = 1024 * 1024 * 1024;
          const put = driver().put(bucket, 'b/x', { body: stream, bytes, signal: stop.signal });
          put.catch(() => undefined);
          expect(await untilQuiet(taken)).toBeLessThan(traits.aheadBytesMax);
          stop.abort(reason);
          hold(false);
          expect(await rejection(put)).toBe(reason);
        } finally {
          hold(false);
        }
        expect(stream.destroyed).toBe(true);
      },
    );
  });
}
