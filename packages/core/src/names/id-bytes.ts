import { randomFillSync } from 'node:crypto';

/** Drawn from the system at once: a call for each id cost a small GET as much as hashing its body. */
const POOL_BYTES = 4096;

/**
 * Makes a source of random bytes for ids, which draws many at a time. Every byte is given out once. Not for keys: what is
 * still to come lies in memory.
 */
export function createIdBytes(
  fill: (pool: Uint8Array) => unknown = randomFillSync,
  poolBytes = POOL_BYTES,
): (count: number) => Buffer {
  const pool = new Uint8Array(poolBytes);
  let used = poolBytes;
  return (count) => {
    if (count > poolBytes) throw new RangeError(`At most ${poolBytes} bytes at a time.`);
    if (used + count > poolBytes) {
      fill(pool);
      used = 0;
    }
    const bytes = Buffer.from(pool.subarray(used, used + count));
    used += count;
    return bytes;
  };
}
