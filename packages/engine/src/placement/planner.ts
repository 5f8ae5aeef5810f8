import { Fault } from '@sealgate/core/faults';
import type { BackendId, BlobId } from '@sealgate/core/names';
import { type Placement, place } from '@sealgate/core/placement';
import { type RedundancyClass, resolveClass } from '@sealgate/core/policy';
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
   * @param requestedClass a class or S3 storage class that the client named, or undefined for the bucket's default
   * @throws Fault InvalidStorageClass; PolicyRefused when no legal placement exists; NoLegalPlacement when one would
   * exist if more backends took writes
   */
  plan(bucket: Bucket, blobId: BlobId, requestedClass: string | undefined): Promise<WritePlan>;
}

export function createPlanner(deps: { readonly policies: Policies; readonly pool: BackendPool }): Planner {
  const { policies, pool } = deps;
  return {
    async plan(bucket, blobId, requestedClass) {
      const policy = await policies.forBucket(bucket);
      const redundancyClass = resolveClass(policy, requestedClass ?? bucket.defaultClass ?? undefined);
      if (redundancyClass.layout.kind === 'erasure') {
        throw new Fault(
          'NotImplemented',
          `The class ${redundancyClass.name} is erasure coded, which this release does not write yet. Choose a class with whole copies.`,
        );
      }
      const ask = (writable: ReadonlySet<BackendId>): Placement =>
        place({
          policy,
          redundancyClass,
          scope: { regionLock: bucket.regionLock },
          backends: pool.all(),
          writable,
          seed: blobId,
        });
      const placement = ask(pool.writable());
      if (!placement.ok) throw refusal(placement);
      return {
        redundancyClass,
        placement,
        placeWithout: (failed) => ask(new Set([...pool.writable()].filter((id) => !failed.has(id)))),
      };
    },
  };
}

function refusal(placement: Extract<Placement, { ok: false }>): Fault {
  const illegal = placement.kind === 'illegal';
  const advice = illegal ? 'Change the class or the policy.' : 'Please try again later.';
  return new Fault(
    illegal ? 'PolicyRefused' : 'NoLegalPlacement',
    `No legal placement: ${placement.reason} (rule ${placement.rule}). ${advice}`,
    { rule: placement.rule, detail: { Rule: placement.rule } },
  );
}
