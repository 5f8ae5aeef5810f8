import type { BlobId } from '@sealgate/core/names';
import type { Reconciliation } from '@sealgate/core/placement';
import { bindPolicy, type CompiledPolicy, narrow } from '@sealgate/core/policy';
import { createTallySum, emptyTally, type SimulationTally, substitute, tallyOf } from '@sealgate/core/policy-tools';
import type { BackendPool, Bucket, Clock, Metadata, WalkedBlob } from '@sealgate/core/ports';
import { createJudge } from '../maintenance/judge.ts';
import type { LayeredPolicies } from './policies.ts';

export interface SimulateDeps {
  readonly metadata: Pick<Metadata, 'walkBlobs' | 'bucketById' | 'listBackends'>;
  readonly pool: BackendPool;
  readonly policies: LayeredPolicies;
  readonly clock: Clock;
}

export interface SimulateRequest {
  /** A version of a policy that is not applied. */
  readonly candidate: CompiledPolicy;
  /** Only these buckets, with the policy attached to them; absent: all buckets that have the policy. */
  readonly attachedTo?: (bucket: Bucket) => boolean;
  /** Where the page before ended. */
  readonly after: BlobId | null;
  /** How long a backend may be away before what it holds is made good elsewhere. */
  readonly rehomeAfterMs: number;
  /** Blobs to look at. */
  readonly limit: number;
}

export interface SimulationPage {
  readonly tally: SimulationTally;
  /** Null at the end. */
  readonly next: BlobId | null;
}

const BATCH = 500;

/**
 * What the reconciliation would do with stored blobs under a policy that is not applied: the same judgement
 * (`core/placement` reconcile) over the same metadata, only that nothing is changed. One page of bounded length.
 */
export async function simulate(deps: SimulateDeps, request: SimulateRequest): Promise<SimulationPage> {
  const judge = await createSimulatedJudge(deps, request);
  const sum = createTallySum();
  let next = request.after;
  for (let seen = 0; seen < request.limit; ) {
    const wanted = Math.min(BATCH, request.limit - seen);
    const page = await deps.metadata.walkBlobs(next, wanted);
    for (const walked of page) {
      const verdict = walked.doomed ? undefined : await judge(walked);
      sum.add(verdict === undefined ? { ...emptyTally, others: 1 } : tallyOf(walked.blob, verdict));
    }
    next = page.at(-1)?.blob.blobId ?? null;
    seen += page.length;
    if (page.length < wanted) return { tally: sum.total(), next: null };
  }
  return { tally: sum.total(), next };
}

type Layers = readonly CompiledPolicy[] | undefined;

/** The judge of the reconciliation, only that the candidate stands where it would. Undefined: not of this policy. */
async function createSimulatedJudge(
  deps: SimulateDeps,
  request: SimulateRequest,
): Promise<(walked: WalkedBlob) => Promise<Reconciliation | undefined>> {
  const nowMs = deps.clock.now();
  const known = new Map<number, Promise<Layers>>();
  const layersOf = async (bucketId: number): Promise<Layers> => {
    const bucket = await deps.metadata.bucketById(bucketId);
    if (bucket === undefined || request.attachedTo?.(bucket) === false) return undefined;
    return substitute(await deps.policies.layersOf(bucket), request.candidate, request.attachedTo !== undefined);
  };
  const layersOnce = (bucketId: number): Promise<Layers> => {
    const layers = known.get(bucketId) ?? layersOf(bucketId);
    known.set(bucketId, layers);
    return layers;
  };
  const policies = {
    async forBucket(bucket: Bucket): Promise<CompiledPolicy> {
      const layers = (await layersOnce(bucket.id)) ?? [request.candidate];
      return bindPolicy(layers.reduce(narrow), { bucket, atMs: nowMs });
    },
  };
  const { rehomeAfterMs } = request;
  const judge = await createJudge({ ...deps, policies }, { nowMs, rehomeAfterMs });
  return async (walked) => ((await layersOnce(walked.bucketId)) === undefined ? undefined : await judge.judge(walked));
}
