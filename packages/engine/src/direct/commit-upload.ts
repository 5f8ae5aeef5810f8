import { Fault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { PlannedCommit, WritePlanRecord } from '@sealgate/core/ports';
import { placementTerms } from '../placement/planner.ts';
import { requireCopies } from './plan-upload.ts';
import {
  type CopyPlace,
  copyPlace,
  createProofTaker,
  proveAnother,
  proveOne,
  type UploadProof,
} from './prove-copies.ts';
import { counted, publishProved } from './publish-proved.ts';
import type { CommitPlannedRequest, DirectDeps, DirectResult } from './types.ts';

/**
 * Makes a version of what a client put where a plan told it to. One copy is read whole, for its digests and for the
 * bucket's rules; each other one is verified by the SHA-256 that its backend computed, or read too. Repeated, it answers as
 * the first time.
 *
 * @throws Fault NotFound (no such plan here, or over), InvalidRequest, IncompleteBody and BadDigest (what landed is not what
 * was announced), AckRuleFailed, PolicyRefused, EncryptionRequired of the watch, and of the commit; nothing is visible then
 */
export async function commitUploaded(deps: DirectDeps, request: CommitPlannedRequest): Promise<DirectResult> {
  const { bucket, blobId, key } = request;
  const plan = await deps.metadata.holdWritePlan(bucket.id, blobId, deps.limits.directHoldMs);
  if (plan?.key !== key) {
    throw new Fault('NotFound', 'There is no open write plan of this id for this object. Ask for a new one.');
  }
  if (plan.committed !== null) return repeated(plan, plan.committed);
  requireSame(request, plan);
  const write = { operation: 'put', key, bytes: plan.bytes } as const;
  const asked = { requestedClass: plan.redundancyClass, tags: plan.tags, write };
  const terms = await placementTerms(deps.policies, bucket, asked);
  requireCopies(terms.redundancyClass);
  const places = await placesOf(deps, request, plan);
  return await counted(request, plan.bytes, async () => {
    const { proof, stored } = await verify(deps, request, { plan, places });
    requireEtags(deps, proof, { claims: request.claims, stored });
    return await publishProved(deps, request, {
      ...{ blobId, proof, stored, terms },
      toldSha256: plan.sha256 !== null || request.told.sha256 !== null,
      tags: plan.tags,
      planned: plan.backends,
    });
  });
}

/** Where the bytes may lie was decided with the plan: a wish that comes later cannot be met any more. @throws Fault InvalidRequest */
function requireSame({ requestedClass, tags }: CommitPlannedRequest, plan: WritePlanRecord): void {
  const other = Object.entries(tags ?? {}).find(([key, value]) => plan.tags?.[key] !== value)?.[0];
  if (other === undefined && (requestedClass === undefined || requestedClass === plan.redundancyClass)) return;
  throw new Fault(
    'InvalidRequest',
    `The plan was made for another ${other ?? 'class'}. Say it when you ask for the plan.`,
    {
      rule: 'direct.planned',
    },
  );
}

function repeated(plan: WritePlanRecord, committed: PlannedCommit): DirectResult {
  const { blobId, bytes, redundancyClass } = plan;
  return { ...committed, blobId, bytes, redundancyClass, etag: null, verdict: null, ackedBy: [], replicas: [] };
}

/** Where the copies are to be looked for: only where the plan said. @throws Fault InvalidRequest */
async function placesOf(
  { physical }: DirectDeps,
  { bucket, claims, blobId }: CommitPlannedRequest,
  plan: WritePlanRecord,
): Promise<readonly CopyPlace[]> {
  const named = claims === null ? plan.backends : [...claims.keys()];
  const stranger = named.find((id) => !plan.backends.includes(id));
  if (stranger !== undefined) {
    throw new Fault('InvalidRequest', `The write plan has no upload to "${stranger}".`, { rule: 'direct.planned' });
  }
  const places: CopyPlace[] = [];
  for (const backend of named) {
    const physicalBucket = await physical.find(bucket.id, backend);
    if (physicalBucket !== undefined) places.push(copyPlace(backend, physicalBucket, blobId));
  }
  return places;
}

async function verify(
  deps: DirectDeps,
  request: CommitPlannedRequest,
  { plan, places }: { readonly plan: WritePlanRecord; readonly places: readonly CopyPlace[] },
): Promise<{ readonly proof: UploadProof; readonly stored: readonly BackendId[] }> {
  const { signal, blobId, watch } = request;
  const { limits, pool } = deps;
  const order = pool.readOrder(places.map(({ backend }) => backend));
  const sorted = order.flatMap((id) => places.filter(({ backend }) => backend === id));
  const taker = () =>
    createProofTaker(plan.bytes, {
      told: [plan, request.told],
      watch: watch(plan.bytes),
      blockBytesMin: limits.blockBytesMin,
    });
  const found = await proveOne(deps, sorted, { bytes: plan.bytes, taker, signal });
  if (found === undefined) {
    throw new Fault('AckRuleFailed', 'None of the copies of this plan is there. Upload them, then commit again.', {
      detail: { verified: 0 },
    });
  }
  const { proof, place } = found;
  const others = sorted.slice(sorted.indexOf(place) + 1);
  const good = await Promise.all(others.map((other) => proveAnother(deps, other, { blobId, proof, signal })));
  const stored = [place, ...others.filter((_, index) => good[index] === true)].map(({ backend }) => backend);
  return { proof, stored };
}

/** An ETag that the client was given is held against what was read, where such an ETag is the MD5. */
export function requireEtags(
  { pool }: Pick<DirectDeps, 'pool'>,
  { md5 }: Pick<UploadProof, 'md5'>,
  told: { readonly claims: ReadonlyMap<BackendId, string | null> | null; readonly stored: readonly BackendId[] },
): void {
  for (const backend of pool.all()) {
    const etag = told.claims?.get(backend.id) ?? null;
    if (etag === null || backend.capabilities.etagIsMd5 !== true || !told.stored.includes(backend.id)) continue;
    const plain = etag.replaceAll('"', '').toLowerCase();
    if (!/^[0-9a-f]{32}$/.test(plain) || plain === md5.toString('hex')) continue;
    throw new Fault('BadDigest', `${backend.id}: the ETag is another one than that of what lies there.`, {
      detail: { backend: backend.id },
    });
  }
}
