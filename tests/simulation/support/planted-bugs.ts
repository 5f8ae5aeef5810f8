import type { Metadata, StrayCopy } from '@sealgate/core/ports';
import type { MemoryMetadata } from '@sealgate/testkit/metadata-memory';
import type { SweepPace } from './processes.ts';
import { simulatedMetadata } from './run-plan.ts';
import { runSchedule } from './run-schedule.ts';
import type { WorldOptions } from './world.ts';

type Wrap = NonNullable<WorldOptions['wrapMetadata']>;

/** Says yes to a commit before it is made; the commit follows a moment later, and nobody hears when it fails. */
export const acknowledgesBeforeCommit: Wrap = (metadata, clock) =>
  replace(metadata, {
    commitVersion: async (version) => {
      clock.schedule(50, () => void metadata.commitVersion(version).catch(() => undefined));
      return { seq: 1n, versionId: 'null', versioned: false, modifiedAtMs: clock.now() };
    },
  });

/** Deletes what was once queued without looking whether something names it by now. */
export const deletesWithoutRecheck: Wrap = (metadata, clock) => {
  const queued: { readonly dueMs: number; readonly request: Parameters<Metadata['enqueueDeletion']>[0] }[] = [];
  return replace(metadata, {
    async enqueueDeletion(request) {
      queued.push({ dueMs: clock.now() + simulatedMetadata.deletionGraceMs, request });
      await metadata.enqueueDeletion(request);
    },
    async leaseDeletions(limit, leaseMs) {
      const leased = [...(await metadata.leaseDeletions(limit, leaseMs))];
      for (const { request } of queued.filter(({ dueMs }) => dueMs <= clock.now())) {
        const names = await metadata.physicalBuckets(request.bucketId);
        const replicas = request.replicas.flatMap((replica) => {
          const bucket = names.get(replica.backend);
          return bucket === undefined ? [] : [{ ...replica, bucket }];
        });
        leased.push({ blobId: request.blobId, replicas });
      }
      return leased;
    },
  });
};

/** Makes every write, whatever it was bound to. */
export const forgetsPreconditions: Wrap = (metadata) =>
  replace(metadata, {
    commitVersion: (version) => metadata.commitVersion({ ...version, preconditions: {} }),
    deleteObject: (request) => metadata.deleteObject({ ...request, preconditions: {} }),
  });

/** Removes the current version when it is asked for an older one. */
export const removesTheWrongVersion: Wrap = (metadata) =>
  replace(metadata, {
    async deleteObject(request) {
      const { versionId: _, ...rest } = request;
      if (request.versionId === undefined) return await metadata.deleteObject(request);
      const current = await metadata.currentVersion(request.bucketId, request.key);
      return await metadata.deleteObject(current === undefined ? request : { ...rest, versionId: current.versionId });
    },
  });

/** Removes what no row named when it was listed, whatever a row says when it does so. */
export const sweepsWithoutRecheck: Wrap = (metadata, clock) => {
  const claimed: { readonly dueMs: number; readonly stray: StrayCopy }[] = [];
  return replace(metadata, {
    async sweepPage({ backend, bucket, copies }) {
      const all = copies.map(({ blobId, shard }) => ({ blobId, backend, shard, bucket }));
      const orphans = all.filter((stray) => !rowNames(metadata, stray));
      claimed.push(...orphans.map((stray) => ({ dueMs: clock.now() + 1000, stray })));
      return { held: false, unknown: orphans.length, misplaced: 0 };
    },
    async leaseStrays() {
      const due = claimed.filter(({ dueMs }) => dueMs <= clock.now());
      claimed.splice(0, claimed.length, ...claimed.filter(({ dueMs }) => dueMs > clock.now()));
      return due.map(({ stray }) => stray);
    },
  });
};

function rowNames(metadata: MemoryMetadata, { blobId, backend, shard }: StrayCopy): boolean {
  const row = metadata.blobRows().find(({ blob }) => blob.blobId === blobId);
  return row?.blob.replicas.some((replica) => replica.backend === backend && replica.shard === shard) ?? false;
}

/** Removes what was told to leave, without asking whether the others are stored by now. */
export const removesWhatLeavesAtOnce: Wrap = (metadata) =>
  replace(metadata, {
    async leaseRemovals(limit, leaseMs) {
      const leased = [...(await metadata.leaseRemovals(limit, leaseMs))];
      for (const { blob, bucketId } of metadata.blobRows()) {
        const names = await metadata.physicalBuckets(bucketId);
        for (const { backend, shard, state } of blob.replicas) {
          if (state === 'leaving') leased.push({ blobId: blob.blobId, backend, shard, bucket: names.get(backend) });
        }
      }
      return leased;
    },
  });

/** Whoever has asked for a policy once goes by that for ever. */
export const keepsPoliciesForEver: Wrap = (metadata) => {
  const first = new Map<string, Awaited<ReturnType<Metadata['policy']>>>();
  return replace(metadata, {
    async policy(name) {
      if (!first.has(name)) first.set(name, await metadata.policy(name));
      return first.get(name);
    },
  });
};

/** Never hears that a backend is full. */
export const waitsForRoomForEver: Wrap = (metadata) =>
  replace(metadata, {
    walkBlobs: async (after, limit) =>
      (await metadata.walkBlobs(after, limit)).map((walked) => ({ ...walked, noRoom: [] })),
  });

/** So eager that it looks where clients write while they do. */
export const EAGER_SWEEPS: SweepPace = { steps: 8, intervalMs: 500 };

/** The first seed whose run breaks a promise under the bug, with what it broke; undefined when none does. */
export async function catchBug(
  wrapMetadata: Wrap | undefined,
  schedules: number,
  options: Pick<WorldOptions, 'sweeps' | 'unmarkedChanges'> = {},
): Promise<{ readonly seed: number; readonly violations: readonly string[] } | undefined> {
  for (let seed = 0; seed < schedules; seed += 1) {
    const { violations } = await runSchedule({
      seed,
      ...(wrapMetadata === undefined ? {} : { wrapMetadata }),
      ...options,
    });
    if (violations.length > 0) return { seed, violations };
  }
  return undefined;
}

function replace(metadata: MemoryMetadata, members: Partial<Metadata>): Metadata {
  return { ...metadata, ...members };
}
