import { Fault } from '@sealgate/core/faults';
import type { BackendId, BlobId } from '@sealgate/core/names';
import { type Placement, place } from '@sealgate/core/placement';
import {
  type CompiledPolicy,
  narrowRegionLock,
  RESIDENCY_TAG,
  type RedundancyClass,
  resolveWishedClass,
  type WriteFacts,
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
  /** Of a write that makes a version: rules of the policy may refuse it as a whole. Absent for parts and moves. */
  readonly write?: NewVersionFacts;
}

type NewVersionFacts = Pick<WriteFacts, 'operation' | 'key' | 'bytes'>;

/**
 * What holds for a new object: its bucket's policy, narrowed by its own wishes.
 * @throws Fault InvalidStorageClass, InvalidTag, PolicyRefused
 */
export async function placementTerms(policies: Policies, bucket: Bucket, asked: AskedPlacement) {
  const policy = await policies.forBucket(bucket);
  const { copies, regionLock } = wishesOf(asked.tags);
  const fallback = bucket.defaultClass ?? undefined;
  const redundancyClass = resolveWishedClass(policy, { named: asked.requestedClass, fallback, copies });
  if (asked.write !== undefined) {
    refuseByRule(policy, { ...asked.write, tags: asked.tags, redundancyClass: redundancyClass.name });
  }
  return {
    policy,
    redundancyClass,
    regionLock: narrowRegionLock(bucket.regionLock, regionLock),
    residencyWished: regionLock.length > 0,
  };
}

/** @throws Fault PolicyRefused when a rule of the policy refuses a write as a whole */
export function refuseByRule(policy: CompiledPolicy, write: WriteFacts): void {
  const refused = policy.refusesWrite(write, {});
  if (refused === undefined) return;
  throw new Fault(
    'PolicyRefused',
    `The policy of this bucket refuses the write: ${refused.reason} (rule ${refused.rule}).`,
    {
      rule: refused.rule,
      detail: { Rule: refused.rule },
    },
  );
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
