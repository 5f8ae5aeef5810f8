import type { Metadata } from '@sealgate/core/ports';
import type { MemoryMetadata } from '@sealgate/testkit/metadata-memory';
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

/** The first seed whose run breaks a promise under the bug, with what it broke; undefined when none does. */
export async function catchBug(
  wrapMetadata: Wrap,
  schedules: number,
): Promise<{ readonly seed: number; readonly violations: readonly string[] } | undefined> {
  for (let seed = 0; seed < schedules; seed += 1) {
    const { violations } = await runSchedule({ seed, wrapMetadata });
    if (violations.length > 0) return { seed, violations };
  }
  return undefined;
}

function replace(metadata: MemoryMetadata, members: Partial<Metadata>): Metadata {
  return { ...metadata, ...members };
}
