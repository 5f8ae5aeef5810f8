/**
 * A small seeded generator (sfc32 seeded by splitmix32): the same seed gives the same run for ever. For tests and
 * simulations only; nothing secret may come from it.
 */
export interface Prng {
  /** 0 <= x < 1 */
  next(): number;
  /** A whole number, 0 <= x < below. */
  int(below: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  bytes(count: number): Uint8Array;
  /** An independent generator for one part of a run, so that one part's draws do not shift another's. */
  fork(label: string): Prng;
}

export function createPrng(seed: number | string): Prng {
  const start = typeof seed === 'number' ? seed >>> 0 : hashText(seed);
  let state = start;
  const splitmix = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return (z ^ (z >>> 15)) | 0;
  };
  let [a, b, c, counter] = [splitmix(), splitmix(), splitmix(), 1];

  const uint32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  const next = (): number => uint32() / 0x1_0000_0000;
  const int = (below: number): number => Math.floor(next() * below);

  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new Error('Nothing to pick from.');
      return items[int(items.length)] as T;
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => uint32() & 0xff),
    fork: (label) => createPrng(`${start}/${label}`),
  };
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
