import { isFault, toFault } from '@sealgate/core/faults';
import type { DueAction, LifecycleSubject } from '@sealgate/core/lifecycle';
import type { AuditActor, Bucket, UploadRecord, WalkedRecord } from '@sealgate/core/ports';
import type { LifecycleAction, LifecycleOutcome } from '../events.ts';
import { type MoveDeps, moveVersion } from './move-version.ts';

/** One thing to do. */
export interface LifecycleTask {
  readonly action: LifecycleAction;
  /** Never throws for what is wrong with this one thing. */
  run(deps: MoveDeps, signal: AbortSignal): Promise<LifecycleOutcome>;
}

interface Place {
  readonly bucket: Bucket;
  readonly actor: AuditActor;
}

const ACTIONS = { current: 'expire', noncurrent: 'expire-noncurrent', 'lone-marker': 'remove-marker' } as const;

export function taskOf(place: Place, row: WalkedRecord, subject: LifecycleSubject, due: DueAction): LifecycleTask {
  return due.kind === 'expire' ? expiry(place, row, subject, due) : transition(place, row, due);
}

function expiry(
  { bucket, actor }: Place,
  row: WalkedRecord,
  subject: LifecycleSubject,
  due: Extract<DueAction, { kind: 'expire' }>,
): LifecycleTask {
  return {
    action: ACTIONS[subject.place],
    run: ({ metadata }) =>
      metadata.expireVersion({
        bucketId: bucket.id,
        key: row.key,
        seq: row.seq,
        tags: row.tags,
        place: subject.place,
        newerVersions: due.newerVersions,
        actor,
      }),
  };
}

function transition(
  { bucket, actor }: Place,
  row: WalkedRecord,
  due: Extract<DueAction, { kind: 'transition' }>,
): LifecycleTask {
  return {
    action: 'transition',
    async run(deps, signal) {
      const version = await deps.metadata.version(bucket.id, row.key, row.versionId);
      if (version?.seq !== row.seq || version.deleteMarker) return 'changed';
      try {
        return await moveVersion(deps, { bucket, version, redundancyClass: due.redundancyClass, actor, signal });
      } catch (error) {
        // The bytes are where they were. Without the database nothing else of this round would go either.
        if (signal.aborted || isFault(error, 'DatabaseUnavailable')) throw error;
        deps.events.transitionFailed(toFault(error));
        return 'failed';
      }
    },
  };
}

export function abortion({ bucket, actor }: Place, upload: UploadRecord): LifecycleTask {
  return {
    action: 'abort-upload',
    async run({ metadata }) {
      try {
        await metadata.abortUpload({ bucketId: bucket.id, key: upload.key, uploadId: upload.uploadId, actor });
        return 'done';
      } catch (error) {
        if (isFault(error, 'NoSuchUpload', 'NoSuchBucket')) return 'changed';
        throw error;
      }
    },
  };
}
