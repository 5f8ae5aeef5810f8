import { Fault } from '@sealgate/core/faults';
import type { BackendId, BlobId } from '@sealgate/core/names';
import { type Placement, place } from '@sealgate/core/placement';
import {
  narrowRegionLock,
  RESIDENCY_TAG,
  type RedundancyClass,
  resolveWishedClass,
  wishesOf,
} from '@sealgate/core/policy';
import type { BackendPool, Bucket } from '@sealgate/core/ports';
import type { Policies } from './policies.ts';

/** Where one blob goes, decided before its body is read. */
export interface WritePlan {
  readonly redundancyClass: RedundancyClass;
  readonly placement: Extract<Placement, { ok: true }>;
  /** The same question with some backends taken out. */
  readonly placeWithout: (failed: ReadonlySet<BackendId>) => Placement;
}

export interface Planner {
  /**
   * @throws Fault InvalidStorageClass, InvalidTag; PolicyRefused when no legal placement exists; NoLegalPlacement when
   * one would exist if more backends took writes
   */
  plan(bucket: Bucket, blobId: BlobId, asked: AskedPlacement): Promise<WritePlan>;
}

/** What an object asks of its placement. */
export interface AskedPlacement {
  /** A class or S3 storage class that the client named, or undefined for the bucket's default. */
  readonly requestedClass: string | undefined;
  /** Two of them steer: `residency` and `replica-count`. */
  readonly tags: Readonly<Record<string, string>> | null;
}

/**
 * What holds for a new object: its bucket's policy, narrowed by its own wishes.
 * @throws Fault InvalidStorageClass, InvalidTag, PolicyRefused
 */
export async function placementTerms(policies: Policies, bucket: Bucket, asked: AskedPlacement) {
  const policy = await policies.forBucket(bucket);
  const { copies, regionLock } = wishesOf(asked.tags);
  const fallback = bucket.defaultClass ?? undefined;
  return {
    policy,
    redundancyClass: resolveWishedClass(policy, { named: asked.requestedClass, fallback, copies }),
    regionLock: narrowRegionLock(bucket.regionLock, regionLock),
    residencyWished: regionLock.length > 0,
  };
}

export function createPlanner(deps: { readonly policies: Policies; readonly pool: BackendPool }): Planner {
  const { policies, pool } = deps;
  return {
    async plan(bucket, blobId, asked) {
      const { policy, redundancyClass, regionLock, residencyWished } = await placementTerms(policies, bucket, asked);
      const ask = (writable: ReadonlySet<BackendId>): Placement =>
        place({
          policy,
          redundancyClass,
          scope: { regionLock },
          backends: pool.all(),
          writable,
          seed: blobId,
        });
      const placement = ask(pool.writable());
      if (!placement.ok) throw refusal(placement, residencyWished);
      return {
        redundancyClass,
        placement,
        placeWithout: (failed) => ask(new Set([...pool.writable()].filter((id) => !failed.has(id)))),
      };
    },
  };
}

function refusal(placement: Extract<Placement, { ok: false }>, residencyWished: boolean): Fault {
  const illegal = placement.kind === 'illegal';
  // The lock of an object with a wish is the wish, as far as the bucket's own lock allows it.
  const rule = placement.rule === 'bucket.regionLock' && residencyWished ? `tag.${RESIDENCY_TAG}` : placement.rule;
  const advice = illegal ? 'Change the class or the policy.' : 'Please try again later.';
  return new Fault(
    illegal ? 'PolicyRefused' : 'NoLegalPlacement',
    `No legal placement: ${placement.reason} (rule ${rule}). ${advice}`,
    { rule, detail: { Rule: rule } },
  );
}
