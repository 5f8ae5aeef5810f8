import type { Prng } from '../prng.ts';

export type Operation = 'ensureBucket' | 'removeBucket' | 'put' | 'get' | 'head' | 'delete' | 'list' | 'ping';

/** What can go wrong with one call. */
export type Trouble =
  /** BackendUnreachable before anything is done. */
  | 'fail'
  /** Done, but the answer is lost: BackendUnreachable. */
  | 'lose-answer'
  /** Nothing happens until the caller gives up, or `stallMs` are over: BackendTimeout. */
  | 'stall'
  /** The body breaks off midway: BackendUnreachable. */
  | 'drop'
  /** The body stops midway until the caller gives up, or `stallMs` are over: BackendTimeout. */
  | 'stop'
  /** Every chunk of the body takes `slowChunkMs`. */
  | 'slow'
  /** Takes the whole body, gives a receipt with proof, and keeps nothing. */
  | 'lie'
  /** The same with a receipt that claims no proof. */
  | 'lie-unproven'
  /** One bit of the body is turned over, on its way in or out. */
  | 'corrupt'
  /** The same, only on its way out: what the backend keeps is good. */
  | 'corrupt-read';

const APPLICABLE: Readonly<Record<Operation, readonly Trouble[]>> = {
  ensureBucket: ['fail', 'lose-answer', 'stall'],
  removeBucket: ['fail', 'lose-answer', 'stall'],
  put: ['fail', 'lose-answer', 'stall', 'drop', 'stop', 'slow', 'lie', 'lie-unproven', 'corrupt'],
  get: ['fail', 'stall', 'drop', 'stop', 'slow', 'corrupt', 'corrupt-read'],
  head: ['fail', 'stall'],
  delete: ['fail', 'lose-answer', 'stall'],
  list: ['fail', 'stall'],
  ping: ['fail', 'stall'],
};

export interface FaultPlan {
  /** Chance of each trouble for a call that it can strike, 0 to 1; their sum for one operation stays below 1. */
  readonly rates: Readonly<Partial<Record<Trouble, number>>>;
  /** Every call first waits a random time between these. */
  readonly delayMs: readonly [least: number, most: number];
  readonly stallMs: number;
  readonly slowChunkMs: number;
}

export const calmPlan: FaultPlan = { rates: {}, delayMs: [0, 0], stallMs: 60_000, slowChunkMs: 200 };

/** The trouble of one call, or undefined when all goes well. */
export function drawTrouble(plan: FaultPlan, operation: Operation, prng: Prng): Trouble | undefined {
  let roll = prng.next();
  for (const trouble of APPLICABLE[operation]) {
    const rate = plan.rates[trouble] ?? 0;
    if (roll < rate) return trouble;
    roll -= rate;
  }
  return undefined;
}

const KINDS: readonly Trouble[] = [...APPLICABLE.put, 'corrupt-read'];
const RATE_MAX = 0.1;
const DELAY_MS_MAX = 200;

/**
 * A plan of random severity: each kind of trouble is left out with even odds, so that runs meet few kinds at a time and
 * now and then all of them. `without` names kinds that the run must not meet.
 */
export function randomPlan(prng: Prng, without: readonly Trouble[] = []): FaultPlan {
  const chosen = KINDS.filter((kind) => prng.chance(0.5) && !without.includes(kind));
  const most = prng.int(DELAY_MS_MAX);
  return {
    ...calmPlan,
    rates: Object.fromEntries(chosen.map((kind) => [kind, prng.next() * RATE_MAX])),
    delayMs: [Math.min(most, prng.int(10)), most],
  };
}
