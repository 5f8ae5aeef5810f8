import type { Backend } from '../ports/index.ts';

/**
 * Weighted rendezvous hashing: every backend draws a number from (seed, backend id) alone and the best draws win, so a
 * backend that comes or goes moves only the blobs that it wins or held. A draw `-ln(u) / weight` is an exponential
 * waiting time with rate `weight`; the shortest wait is a fair share.
 *
 * The hash need not resist an adversary: seeds are blob ids, which the gateway makes itself. Changing it moves nothing
 * that is stored, since replicas are recorded; it would only let a later rebalance move more than needed.
 */
export function rankByRendezvous(
  backends: readonly Backend[],
  seed: string,
  weightOf: (backend: Backend) => number = ({ weight }) => weight,
): Backend[] {
  const start = absorb(SEED_STATE, seed);
  return backends
    .map((backend) => ({ backend, wait: -Math.log(unitOf(absorb(start, backend.id))) / weightOf(backend) }))
    .sort((a, b) => a.wait - b.wait || (a.backend.id < b.backend.id ? -1 : 1))
    .map(({ backend }) => backend);
}

interface HashState {
  readonly a: number;
  readonly b: number;
}

const SEED_STATE: HashState = { a: 0x243f6a88, b: 0x85a308d3 };

/** Two 32-bit lanes with different odd multipliers, each fed by the other so that no lane repeats on its own. */
function absorb(state: HashState, text: string): HashState {
  let { a, b } = state;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul(b ^ code ^ (a >>> 15), 0x85ebca77);
    a ^= b >>> 13;
  }
  // The length ends a text, so that ("ab", "c") and ("a", "bc") differ.
  return { a: mix(a ^ text.length), b: mix(b + a) };
}

/** The finaliser of MurmurHash3: every input bit changes every output bit with probability one half. */
function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** 52 bits of the state as a number strictly between 0 and 1. */
function unitOf({ a, b }: HashState): number {
  return ((a >>> 6) * 2 ** 26 + (mix(b ^ a) >>> 6) + 0.5) / 2 ** 52;
}
