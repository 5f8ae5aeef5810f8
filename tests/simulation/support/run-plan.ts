import type { EngineLimits } from '@sealgate/engine';
import { defaultEngineLimits } from '@sealgate/engine';
import { calmPlan, type FaultPlan, type Prng, type Trouble } from '@sealgate/testkit';
import type { MetadataPlan } from '@sealgate/testkit/cluster';
import type { CacheKind } from './caches.ts';

const ATTEMPT_AGE_MS = 40_000;
/** A schedule has time for a few runs of the sweep. */
export const SWEEP_INTERVAL_MS = 10_000;

/**
 * The engine's limits shrunk so that a few KB are streamed in many chunks and blocks, and that every wait is over within
 * seconds. What holds between limits holds here too: late copies end before their rows count as lost, readers end
 * before the bytes of a replaced version go.
 */
export const simulatedLimits: EngineLimits = {
  ...defaultEngineLimits,
  smallBodyBytes: 1024,
  blockBytesMin: 512,
  partBytesMin: 512,
  lagBytes: 2048,
  slowBytes: 512,
  patienceMs: 200,
  lingerMsMax: 30,
  lateCopyMs: 8000,
  writeStallMs: 5000,
  stallMs: 400,
  readBlockMs: 8000,
  readAheadBytes: 1536,
  segmentPage: 2,
  deletionBatch: 16,
  deletionLeaseMs: 20_000,
  deletionTimeoutMs: 4000,
  repairBatch: 4,
  reconcilePage: 8,
  reconcileLeaseMs: 20_000,
  reconcileSettleMs: 3000,
  reconcileSoonMs: 2000,
  scrubPage: 4,
  scrubLeaseMs: 20_000,
  sweepPage: 3,
  sweepTimeoutMs: 4000,
  sweepLeaseMs: 10_000,
  sweepRetryMs: 5000,
  // As attempts: shorter than most schedules, so that the sweep meets writers; longer than late copies take.
  straySettledMs: ATTEMPT_AGE_MS,
};

export const simulatedMetadata = {
  attemptAgeMaxMs: ATTEMPT_AGE_MS,
  deletionGraceMs: 45_000,
  pendingGraceMs: 12_000,
} as const;

const STALL_MS = 15_000;
const RATE_MAX = 0.12;
/** What a backend may do without losing bytes that it proved to have. */
const HARMLESS: readonly Trouble[] = [
  'fail',
  'lose-answer',
  'stall',
  'drop',
  'stop',
  'slow',
  'lie-unproven',
  'corrupt-read',
];
/** What only one backend of a run may do, since two of them may take both copies that an acknowledgement rests on. */
const TREACHEROUS: readonly Trouble[] = ['lie', 'corrupt'];

export interface RunPlan {
  readonly clients: number;
  readonly operations: number;
  readonly gateways: number;
  /** Processes that do all background work, so that gateways do none; 0: gateways do it. */
  readonly agents: number;
  readonly cache: CacheKind;
  /** By index of the backend. */
  readonly faults: (index: number) => FaultPlan;
  /** Index of the backend that may lie and vanish; undefined when all are honest. */
  readonly traitor: number | undefined;
  readonly metadata: MetadataPlan;
  readonly crashes: boolean;
  readonly outages: boolean;
  readonly fullDisks: boolean;
  readonly databaseOutages: boolean;
  readonly vanishes: boolean;
  readonly drains: boolean;
  /** The operator learns that a backend is outside of the jurisdiction that it was said to be in. */
  readonly movesAbroad: boolean;
  /** The policy of a bucket becomes another one. */
  readonly policyChanges: boolean;
  readonly cacheTroubles: boolean;
  /** Index of a backend that becomes full and stays so beyond the calm. */
  readonly staysFull: number | undefined;
}

/** Swarm testing: every kind of trouble is left out with even odds, so that runs meet few kinds or all of them. */
export function drawRunPlan(prng: Prng, backends: number): RunPlan {
  const coin = (): boolean => prng.chance(0.5);
  const kinds = HARMLESS.filter(coin);
  const rate = prng.next() * RATE_MAX;
  const rates = Object.fromEntries(kinds.map((kind) => [kind, prng.next() * rate]));
  const treachery = Object.fromEntries(TREACHEROUS.filter(coin).map((kind) => [kind, prng.next() * 0.3]));
  const traitor = coin() ? prng.int(backends) : undefined;
  const most = coin() ? prng.int(80) : 0;
  const plan: FaultPlan = { ...calmPlan, stallMs: STALL_MS, slowChunkMs: 150, delayMs: [0, most], rates };
  const gateways = 1 + prng.int(2);
  const crashes = coin();
  const agents = prng.chance(0.4) ? 1 + prng.int(2) : 0;
  return {
    clients: 2 + prng.int(3),
    operations: 6 + prng.int(6),
    gateways,
    agents,
    // What a process keeps for itself is only right while it is alone, and while no write of one that died may land.
    cache: prng.chance(0.5) ? 'none' : gateways === 1 && agents === 0 && !crashes ? 'own' : 'shared',
    faults: (index) => (index === traitor ? { ...plan, rates: { ...rates, ...treachery } } : plan),
    traitor,
    metadata: {
      fail: coin() ? prng.next() * 0.08 : 0,
      loseAnswer: coin() ? prng.next() * 0.08 : 0,
      doneLater: coin() ? prng.next() * 0.05 : 0,
      delayMsMax: coin() ? prng.int(20) : 0,
      laterMsMax: 3000,
    },
    crashes,
    outages: coin(),
    fullDisks: coin(),
    databaseOutages: prng.chance(0.2),
    vanishes: coin(),
    drains: coin(),
    movesAbroad: prng.chance(0.4),
    policyChanges: coin(),
    cacheTroubles: coin(),
    staysFull: prng.chance(0.4) ? prng.int(backends) : undefined,
  };
}
