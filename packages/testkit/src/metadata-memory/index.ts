import type { Backend, BlobRecord, Clock, Metadata } from '@sealgate/core/ports';
import { createAgents } from './agents.ts';
import { createBackups } from './backups.ts';
import { createCacheMembers } from './cache-members.ts';
import { createEnvelopes } from './envelopes.ts';
import { createErasures } from './erasures.ts';
import { createGrants } from './grants.ts';
import { createHousekeeping } from './housekeeping.ts';
import { createJobs } from './jobs.ts';
import { createKeyrings } from './keyrings.ts';
import { createLeases } from './leases.ts';
import { createCursors, createLifecycle } from './lifecycle.ts';
import { createListings } from './listings.ts';
import { createNotifications } from './notifications.ts';
import { createObjects } from './objects.ts';
import { createPlacement } from './placement.ts';
import { createRecovery, logged } from './recovery.ts';
import { createRegistry } from './registry.ts';
import { createSessions } from './sessions.ts';
import { createSnapshots } from './snapshots.ts';
import { fail, type MemoryState } from './state.ts';
import { createSweeps } from './sweeps.ts';
import { createUploads } from './uploads.ts';
import { createUsage } from './usage.ts';
import { createWritePlans } from './write-plans.ts';

export interface MemoryMetadataOptions {
  readonly clock: Clock;
  /** Milliseconds; the defaults are those of the PostgreSQL driver. */
  readonly deletionGraceMs?: number;
  readonly pendingGraceMs?: number;
  readonly attemptAgeMaxMs?: number;
}

/** A row of the blob table, for checks that look behind the port. */
export interface MemoryBlobRow {
  readonly bucketId: number;
  readonly blob: BlobRecord;
  /** False when it is queued for deletion. */
  readonly wanted: boolean;
}

export interface MemoryMetadata extends Metadata {
  blobRows(): readonly MemoryBlobRow[];
  backendRows(): readonly Backend[];
  /** Copies of blobs that stay, which are to be removed or are being removed. */
  readonly openRemovals: number;
  readonly openRepairs: number;
  /** Strays that are still to be removed. */
  readonly openStrays: number;
  /** The same data seen by a process to which all attempts are old once `age` was called. */
  agedView(): { readonly aged: Metadata; readonly age: () => void };
  /** As a restored database has it. */
  holdSweep(reason: string): void;
}

/**
 * The Metadata port in memory, for the simulator: deterministic (no randomness, time from the clock), and each call
 * takes effect in one step. It keeps the promises of the port, checked by the same contract suite, and none of a
 * database: it loses everything with its process.
 */
export function createMemoryMetadata(options: MemoryMetadataOptions): MemoryMetadata {
  const state: MemoryState = {
    clock: options.clock,
    deletionGraceMs: options.deletionGraceMs ?? 15 * 60_000,
    pendingGraceMs: options.pendingGraceMs ?? 60_000,
    attemptAgeMaxMs: options.attemptAgeMaxMs ?? 24 * 60 * 60_000,
    seq: 0n,
    made: 0,
    tenants: new Map(),
    credentials: new Map(),
    origins: new Map(),
    roles: new Map(),
    providers: new Map(),
    backends: new Map(),
    buckets: new Map(),
    policies: new Map(),
    keyrings: new Map(),
    uploads: new Map(),
    blobs: new Map(),
    writePlans: new Map(),
    jobs: new Map(),
    removals: new Map(),
    placementEpoch: 1n,
    deadRepairs: new Map(),
    askedJobs: new Map(),
    agents: new Map(),
    grants: new Map(),
    leaseTokens: 0n,
    lockPushes: new Map(),
    cursors: new Map(),
    strays: new Map(),
    sweepHold: null,
    cache: { epoch: 0n, space: null, members: new Map() },
    erasures: new Map(),
    notifications: { webhooks: new Map(), events: [], deliveries: [] },
    recovery: { keys: [], requests: new Map(), changes: [] },
    snapshots: new Map(),
  };
  const objects = createObjects(state);
  const uploads = createUploads(state);
  const cursors = createCursors(state);
  const memory: MemoryMetadata = logged<MemoryMetadata>(state, {
    ...createRegistry(state),
    ...createSessions(state),
    ...objects,
    ...createEnvelopes(state),
    ...createWritePlans(state),
    ...createKeyrings(state),
    ...createListings(state),
    ...uploads,
    ...createNotifications(state),
    ...createHousekeeping(state),
    ...createPlacement(state),
    ...createJobs(state),
    ...createLeases(state),
    ...createAgents(state),
    ...createGrants(state),
    ...cursors,
    ...createBackups(state, cursors),
    ...createCacheMembers(state),
    ...createSweeps(state),
    ...createSnapshots(state),
    ...createUsage(state),
    ...createErasures(state),
    // Nothing is sealed in memory.
    secretVersions: async () => ({ newest: 1, versions: [{ version: 1, sealed: 0 }] }),
    resealSecrets: async () => 0,
    retireSecretVersion: async () => fail('Conflict'),
    ...createLifecycle(state, { ...objects, ...uploads }),
    ...createRecovery(state, objects),
    ping: async () => {},
    close: async () => {},
    blobRows: () =>
      [...state.blobs.values()].map(({ bucketId, record, doomedAtMs }) => ({
        bucketId,
        blob: record,
        wanted: doomedAtMs === null,
      })),
    agedView() {
      let aged = false;
      const view: MemoryState = Object.create(state, {
        attemptAgeMaxMs: { get: () => (aged ? -1 : state.attemptAgeMaxMs) },
        sweepHold: { get: () => state.sweepHold, set: (hold: MemoryState['sweepHold']) => (state.sweepHold = hold) },
      }) as MemoryState;
      return { aged: { ...memory, ...createSweeps(view) }, age: () => (aged = true) };
    },
    get openStrays() {
      return [...state.strays.values()].filter(({ removedAtMs }) => removedAtMs === null).length;
    },
    holdSweep: (reason) => {
      state.sweepHold = { reason, sinceMs: state.clock.now() };
    },
    backendRows: () => [...state.backends.values()],
    get openRemovals() {
      return [...state.removals.values()].filter((removal) => removal.state !== 'gone').length;
    },
    get openRepairs() {
      return state.jobs.size;
    },
  });
  return memory;
}
