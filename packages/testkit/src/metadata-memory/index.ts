import type { BlobRecord, Clock, Metadata } from '@sealgate/core/ports';
import { createHousekeeping } from './housekeeping.ts';
import { createCursors, createLifecycle } from './lifecycle.ts';
import { createListings } from './listings.ts';
import { createNotifications } from './notifications.ts';
import { createObjects } from './objects.ts';
import { createPlacement } from './placement.ts';
import { createRegistry } from './registry.ts';
import { createSessions } from './sessions.ts';
import type { MemoryState } from './state.ts';
import { createUploads } from './uploads.ts';

export interface MemoryMetadataOptions {
  readonly clock: Clock;
  /** Milliseconds; the defaults are those of the PostgreSQL driver. */
  readonly deletionGraceMs?: number;
  readonly pendingGraceMs?: number;
  readonly attemptAgeMaxMs?: number;
  readonly repairLeaseMs?: number;
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
  readonly openRepairs: number;
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
    repairLeaseMs: options.repairLeaseMs ?? 60 * 60_000,
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
    uploads: new Map(),
    blobs: new Map(),
    jobs: new Map(),
    removals: new Map(),
    placementEpoch: 1n,
    lockPushes: new Map(),
    cursors: new Map(),
    notifications: { webhooks: new Map(), events: [], deliveries: [] },
  };
  const objects = createObjects(state);
  const uploads = createUploads(state);
  return {
    ...createRegistry(state),
    ...createSessions(state),
    ...objects,
    ...createListings(state),
    ...uploads,
    ...createNotifications(state),
    ...createHousekeeping(state),
    ...createPlacement(state),
    ...createCursors(state),
    ...createLifecycle(state, { ...objects, ...uploads }),
    ping: async () => {},
    close: async () => {},
    blobRows: () =>
      [...state.blobs.values()].map(({ bucketId, record, doomedAtMs }) => ({
        bucketId,
        blob: record,
        wanted: doomedAtMs === null,
      })),
    get openRepairs() {
      return state.jobs.size;
    },
  };
}
