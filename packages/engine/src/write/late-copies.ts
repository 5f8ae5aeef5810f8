import { Fault, toFault } from '@sealgate/core/faults';
import type { BackendId, PhysicalBucketName } from '@sealgate/core/names';
import type { Backend } from '@sealgate/core/ports';
import type { AckTracker } from './ack-tracker.ts';
import { blobKey } from './blob-key.ts';
import { createBlockDigester } from './block-digester.ts';
import type { WriteDeps, WriteRequest } from './types.ts';

/** The puts of one write and what becomes of those that end after the acknowledgement. */
export interface LateCopies {
  track(backend: Backend, run: Promise<void>): void;
  /** Reads back a copy whose backend gave no proof of what it received. @throws Fault BackendCorrupt */
  confirm(backend: Backend, bucket: PhysicalBucketName, signal: AbortSignal): Promise<void>;
  /** Follows the copies that were committed as `pending` and turns their rows. Returns at once. */
  follow(pending: readonly BackendId[], tracker: AckTracker, stop: AbortController): void;
  /**
   * Removes what failed puts may have left on backends that no row names, because another one took their place. The
   * deletion queue knows blobs, not single copies; what cannot be removed now is left to the sweep. Returns at once.
   */
  removeStrays(backends: readonly Backend[]): void;
  /** Every put has ended. */
  settled(): Promise<void>;
}

/** @param written digests of what was written; asked for once all of it has gone out */
export function createLateCopies(
  deps: WriteDeps,
  request: WriteRequest,
  written: () => { readonly blockBytes: number; readonly digests: Buffer },
): LateCopies {
  const { metadata, pool, clock, limits, events } = deps;
  const runs = new Map<BackendId, Promise<void>>();

  const followOne = async (id: BackendId, tracker: AckTracker): Promise<void> => {
    await runs.get(id);
    const stored = tracker.state(id) === 'stored';
    try {
      const state = stored ? 'stored' : 'missing';
      const wanted = await metadata.markReplica(request.blobId, { backend: id, shard: 0, state });
      if (!wanted) {
        await metadata.enqueueDeletion({
          blobId: request.blobId,
          bucketId: request.bucket.id,
          replicas: [{ backend: id, shard: 0 }],
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
      await pool.driver(backend.id)?.delete(bucket, blobKey(request.blobId, 0), { signal: late.signal });
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
      const { blockBytes, digests } = written();
      const opened = await driver.get(bucket, blobKey(request.blobId, 0), { signal });
      const digester = createBlockDigester(blockBytes);
      for await (const chunk of opened.body as AsyncIterable<Buffer>) digester.push(chunk);
      if (!digester.finish().equals(digests))
        throw new Fault('BackendCorrupt', 'The stored copy is not what was sent.');
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
