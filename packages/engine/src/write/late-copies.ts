import { Fault, toFault } from '@sealgate/core/faults';
import type { BackendId, PhysicalBucketName } from '@sealgate/core/names';
import type { Backend } from '@sealgate/core/ports';
import { verifyStrip } from '../read/verify-strip.ts';
import type { AckTracker } from './ack-tracker.ts';
import { blobKey } from './blob-key.ts';
import type { Shaper } from './shape.ts';
import type { ShardMap } from './shard-map.ts';
import type { WriteDeps, WriteRequest } from './types.ts';

/** The puts of one write and what becomes of those that end after the acknowledgement. */
export interface LateCopies {
  track(backend: Backend, run: Promise<void>): void;
  /** Reads back a copy whose backend gave no proof of what it received. @throws Fault BackendCorrupt */
  confirm(backend: Backend, bucket: PhysicalBucketName, signal: AbortSignal): Promise<void>;
  /** Follows the copies that were committed as `pending` and turns their rows. Returns at once. */
  follow(pending: readonly BackendId[], tracker: AckTracker, stop: AbortController): void;
  /**
   * Removes what failed puts may have left where no row names it, because another backend took their place. The
   * deletion queue knows blobs, not single copies; what cannot be removed now is left to the sweep. Returns at once.
   */
  removeStrays(backends: readonly Backend[]): void;
  /** Every put has ended. */
  settled(): Promise<void>;
}

/** @param written how the bytes were shaped, and which backend got which shard */
export function createLateCopies(
  deps: WriteDeps,
  request: WriteRequest,
  written: { readonly shaper: Shaper; readonly shards: ShardMap },
): LateCopies {
  const { metadata, pool, clock, limits, events } = deps;
  const { shaper, shards } = written;
  const runs = new Map<BackendId, Promise<void>>();

  const followOne = async (id: BackendId, tracker: AckTracker): Promise<void> => {
    await runs.get(id);
    const stored = tracker.state(id) === 'stored';
    try {
      const state = stored ? 'stored' : 'missing';
      const wanted = await metadata.markReplica(request.blobId, { backend: id, shard: shards.of(id), state });
      if (!wanted) {
        await metadata.enqueueDeletion({
          blobId: request.blobId,
          bucketId: request.bucket.id,
          replicas: [{ backend: id, shard: shards.of(id) }],
        });
      }
    } catch (error) {
      // The row stays `pending` with its repair job, which finds the copy and verifies it.
      events.cleanupFailed(request.blobId, toFault(error));
    }
  };

  const removeStray = async (backend: Backend): Promise<void> => {
    const late = new AbortController();
    const cancel = clock.schedule(limits.deletionTimeoutMs, () =>
      late.abort(new Fault('BackendTimeout', 'The storage location did not answer in time.')),
    );
    try {
      await runs.get(backend.id);
      const bucket = await deps.physical.find(request.bucket.id, backend.id);
      if (bucket === undefined) return;
      await pool
        .driver(backend.id)
        ?.delete(bucket, blobKey(request.blobId, shards.of(backend.id)), { signal: late.signal });
    } catch (error) {
      events.cleanupFailed(request.blobId, toFault(error));
    } finally {
      cancel();
    }
  };

  return {
    track(backend, run) {
      runs.set(backend.id, run);
    },
    async confirm(backend, bucket, signal) {
      const driver = pool.driver(backend.id);
      if (driver === undefined) throw new Fault('BackendUnreachable', 'The storage location has no driver here.');
      // Asked for once everything has gone out, so all digests are there.
      const { layout, blockBytes } = shaper;
      const stored = { blobId: request.blobId, bytes: request.body.bytes, layout, blockBytes };
      const digests = shaper.digests();
      await verifyStrip(driver, bucket, { blob: stored, shard: shards.of(backend.id), digests, signal });
    },
    follow(pending, tracker, stop) {
      if (pending.length === 0) return;
      const cancel = clock.schedule(limits.lateCopyMs, () =>
        stop.abort(new Fault('BackendTimeout', 'The copy came too late.')),
      );
      void Promise.all(pending.map((id) => followOne(id, tracker))).finally(cancel);
    },
    removeStrays: (backends) => backends.forEach((backend) => void removeStray(backend)),
    async settled() {
      await Promise.all(runs.values());
    },
  };
}
