import { createHash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { Clock } from '@sealgate/core/ports';
import type { BodySource } from '@sealgate/engine';
import type { Prng } from '@sealgate/testkit';

/** What is wrong with a body: its client goes away midway, or its bytes are not those it promised. */
export type Spoiled = 'no' | 'breaks-off' | 'bad-digest';

const CHUNK_BYTES_MAX = 900;
const CHUNK_PAUSE_MS_MAX = 60;

/** Random bytes of a random size: mostly streamed, some small enough to be held whole, now and then none. */
export function randomContent(prng: Prng, bytesMax: number): Buffer {
  const bytes = prng.chance(0.03) ? 0 : prng.chance(0.4) ? 1 + prng.int(900) : 1 + prng.int(bytesMax);
  return Buffer.from(prng.bytes(bytes));
}

/** The content as a client sends it: in pieces, some of them late. */
export function bodyOf(content: Buffer, options: { prng: Prng; clock: Clock; spoiled: Spoiled }): BodySource {
  const { prng, clock, spoiled } = options;
  const slow = prng.chance(0.3);
  const breaksAt = prng.int(content.length + 1);
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < content.length; ) {
      if (slow) await pause(clock, prng.int(CHUNK_PAUSE_MS_MAX));
      const end = Math.min(content.length, at + 1 + prng.int(CHUNK_BYTES_MAX));
      if (spoiled === 'breaks-off' && end >= breaksAt) throw new Fault('IncompleteBody', 'The client went away.');
      yield content.subarray(at, end);
      at = end;
    }
    if (spoiled === 'breaks-off') throw new Fault('IncompleteBody', 'The client went away.');
  }
  return {
    bytes: content.length,
    chunks: chunks(),
    facts: () =>
      spoiled === 'bad-digest'
        ? Promise.reject(new Fault('BadDigest', 'Not the bytes that were promised.'))
        : Promise.resolve({ md5: md5Of(content), checksum: null, verdict: null, envelope: null }),
  };
}

export function md5Of(content: Uint8Array): Buffer {
  return createHash('md5').update(content).digest();
}

export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.schedule(ms, resolve));
}
