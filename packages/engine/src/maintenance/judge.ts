import { isFault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import { type Reconciliation, reconcile } from '@sealgate/core/placement';
import { regionLockOf } from '@sealgate/core/policy';
import type { Backend, BackendPool, Bucket, Metadata, WalkedBlob } from '@sealgate/core/ports';
import type { Policies } from '../placement/policies.ts';

export interface JudgeDeps {
  readonly metadata: Pick<Metadata, 'bucketById' | 'listBackends'>;
  readonly pool: BackendPool;
  readonly policies: Policies;
}

export interface JudgeHow {
  /** A backend that is to get its share. */
  readonly towards?: BackendId;
  /** Backends that are not to be owed anything of this blob now. */
  readonly avoid?: ReadonlySet<BackendId>;
}

/** Judges one page of blobs by what holds now: buckets and policies are read once for each page. */
export interface Judge {
  /** Undefined: the blob is to go, or its bucket is gone; nothing is to be done about it. */
  judge(walked: WalkedBlob, how?: JudgeHow): Promise<Reconciliation | undefined>;
  readonly backends: readonly Backend[];
}

/** @param options.rehomeAfterMs how long a backend may be away before its copies are made good elsewhere */
export async function createJudge(
  deps: JudgeDeps,
  options: { readonly nowMs: number; readonly rehomeAfterMs: number },
): Promise<Judge> {
  const { metadata, pool, policies } = deps;
  const rows = await metadata.listBackends();
  const seen = new Map(pool.all().map((backend) => [backend.id, backend]));
  // An operator's words are those of the database; how a backend is, this process knows best.
  const backends = rows.map((row) =>
    row.state === 'draining' || row.state === 'retired'
      ? row
      : { ...row, state: seen.get(row.id)?.state ?? ('unhealthy' as const) },
  );
  const lost = new Set(
    rows
      .filter(({ id, state, stateSinceMs }) => {
        const away = state === 'unhealthy' && seen.get(id)?.state === 'unhealthy';
        return away && options.nowMs - stateSinceMs >= options.rehomeAfterMs;
      })
      .map(({ id }) => id),
  );
  const draining = new Set(rows.filter(({ state }) => state === 'draining').map(({ id }) => id));
  const writable = new Set([...pool.writable()].filter((id) => !draining.has(id)));
  const buckets = new Map<number, Promise<Bucket | undefined>>();
  const bucketOf = (id: number): Promise<Bucket | undefined> => {
    const found = buckets.get(id) ?? metadata.bucketById(id);
    buckets.set(id, found);
    return found;
  };
  return {
    backends,
    async judge(walked, { towards, avoid } = {}) {
      if (walked.doomed) return undefined;
      const bucket = await bucketOf(walked.bucketId);
      if (bucket === undefined) return undefined;
      try {
        const policy = await policies.forBucket(bucket);
        return reconcile({
          blob: walked.blob,
          policy,
          redundancyClass: policy.classes.get(walked.redundancyClass),
          scope: { regionLock: regionLockOf(bucket.regionLock, walked.residency) },
          backends,
          writable: avoid === undefined ? writable : new Set([...writable].filter((id) => !avoid.has(id))),
          lost,
          noRoom: new Set(walked.noRoom),
          ...(towards === undefined ? {} : { towards }),
        });
      } catch (error) {
        // A policy that is gone, or a wish that lies outside the bucket's lock by now: no place is allowed at all.
        if (!isFault(error, 'PolicyRefused', 'InvalidTag')) throw error;
        const rule = error.rule ?? 'policy.exists';
        const reasons = walked.blob.replicas.map(({ backend }) => ({ backend, rule, reason: error.message }));
        return { kind: 'blocked', cause: 'illegal', rule, reason: error.message, reasons };
      }
    },
  };
}
