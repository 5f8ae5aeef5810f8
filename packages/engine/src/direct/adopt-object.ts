import { Readable } from 'node:stream';
import { Fault, toFault } from '@sealgate/core/faults';
import { readBackendKey } from '@sealgate/core/housekeeping';
import { PUT_BYTES_MAX } from '@sealgate/core/limits';
import { type BackendId, newBlobId, type PhysicalBucketName } from '@sealgate/core/names';
import type { BackendDriver } from '@sealgate/core/ports';
import { placementTerms } from '../placement/planner.ts';
import { verifyStrip } from '../read/verify-strip.ts';
import { blobKey } from '../write/blob-key.ts';
import { requireEtags } from './commit-upload.ts';
import { newPlan, requireCopies } from './plan-upload.ts';
import { createProofTaker, readCopy, type UploadProof } from './prove-copies.ts';
import { counted, publishProved } from './publish-proved.ts';
import type { AdoptRequest, DirectDeps, DirectResult } from './types.ts';

/**
 * Makes a version of an object that its owner put with keys of its own into the physical bucket of its logical one. Blobs are
 * immutable and have names of ours, so each named backend gets such a copy out of what lies there itself, read and verified on
 * the way; the owner's object stays the owner's.
 *
 * @throws Fault of the policies; NotFound (nothing lies there), BadDigest (the objects are not alike), AckRuleFailed, and of
 * the commit; nothing is visible then
 */
export async function adoptObject(deps: DirectDeps, request: AdoptRequest): Promise<DirectResult> {
  const { bucket, key, tags } = request;
  const sources = await ownSources(deps, request);
  const bytes = await sizeOf(deps, sources, request.signal);
  const write = { operation: 'put', key, bytes } as const;
  const terms = await placementTerms(deps.policies, bucket, { ...request, write });
  requireCopies(terms.redundancyClass);
  requireAdmitted(deps, request, terms);
  const blobId = newBlobId(deps.clock.now(), deps.random);
  const backends = sources.map(({ backend }) => ({ id: backend }));
  const redundancyClass = terms.redundancyClass.name;
  const plan = newPlan(
    { bucket, key, bytes, tags, ...request.told },
    { blobId, redundancyClass, backends, limits: deps.limits },
  );
  return await counted(request, bytes, async () => {
    await deps.metadata.createWritePlan(plan, request.actor);
    try {
      const { proof, stored } = await copyAll(deps, request, { blobId, bytes, sources });
      const claims = new Map(sources.map(({ backend, etag }) => [backend, etag]));
      requireEtags(deps, proof, { claims, stored });
      const planned = plan.backends;
      return await publishProved(deps, request, {
        blobId,
        proof,
        stored,
        terms,
        tags,
        planned,
        toldSha256: request.told.sha256 !== null,
      });
    } catch (error) {
      await deps.metadata.endWritePlan(bucket.id, blobId, request.actor).catch((failed: unknown) => {
        // It ends by itself, later.
        deps.events.cleanupFailed(blobId, toFault(failed));
      });
      throw error;
    }
  });
}

/** An object in the physical bucket that this bucket has there, under a name that is not one of ours. */
interface OwnSource {
  readonly backend: BackendId;
  readonly bucket: PhysicalBucketName;
  readonly key: string;
  readonly etag: string | null;
}

/** @throws Fault AccessDenied for every other bucket, whether it is there or not; InvalidRequest for keys of blobs */
async function ownSources({ physical }: DirectDeps, request: AdoptRequest): Promise<readonly OwnSource[]> {
  const own: OwnSource[] = [];
  for (const { backend, bucket, key, etag } of request.sources) {
    const mapped = await physical.find(request.bucket.id, backend);
    if (mapped === undefined || mapped !== bucket) {
      throw new Fault('AccessDenied', `The url of "${backend}" is not in the bucket that this one has there.`, {
        rule: 'direct.ownBucket',
      });
    }
    if (readBackendKey(key).kind !== 'foreign') {
      throw new Fault('InvalidRequest', 'What a write plan names is committed by naming the plan.', {
        rule: 'direct.planned',
      });
    }
    own.push({ backend, bucket: mapped, key, etag });
  }
  return own;
}

async function sizeOf(deps: DirectDeps, sources: readonly OwnSource[], signal: AbortSignal): Promise<number> {
  for (const { backend, bucket, key } of sources) {
    const head = await driverOf(deps, backend).head(bucket, key, { signal });
    if (head === undefined) throw new Fault('NotFound', `${backend}: there is no such object in the bucket there.`);
    if (head.bytes <= PUT_BYTES_MAX) return head.bytes;
    throw new Fault('EntityTooLarge', `An object of up to ${PUT_BYTES_MAX} bytes can be registered.`);
  }
  throw new Fault('InvalidRequest', 'Name at least one backend.');
}

function requireAdmitted(
  { pool }: DirectDeps,
  { sources }: AdoptRequest,
  { policy, regionLock }: Awaited<ReturnType<typeof placementTerms>>,
): void {
  for (const { backend: id } of sources) {
    const backend = pool.all().find((each) => each.id === id);
    if (backend === undefined) throw new Fault('NoSuchBackend', `There is no backend "${id}".`);
    const verdict = policy.admits(backend, { regionLock });
    if (verdict.ok) continue;
    throw new Fault('PolicyRefused', `The policy does not admit "${id}": ${verdict.reason}.`, {
      rule: verdict.rule,
      detail: { Rule: verdict.rule },
    });
  }
}

/** One after the other: the first one says what the others must be. */
async function copyAll(
  deps: DirectDeps,
  request: AdoptRequest,
  blob: Omit<AdoptedBlob, 'source'> & { readonly sources: readonly OwnSource[] },
): Promise<{ readonly proof: UploadProof; readonly stored: readonly BackendId[] }> {
  let first: UploadProof | undefined;
  const stored: BackendId[] = [];
  for (const source of blob.sources) {
    const proof = await copyOne(deps, request, { ...blob, source });
    if (first !== undefined && !first.sha256.equals(proof.sha256)) {
      throw new Fault('BadDigest', `${source.backend}: the object there is another one.`);
    }
    first ??= proof;
    stored.push(source.backend);
  }
  if (first === undefined) throw new Fault('InvalidRequest', 'Name at least one backend.');
  return { proof: first, stored };
}

interface AdoptedBlob {
  readonly blobId: ReturnType<typeof newBlobId>;
  readonly bytes: number;
  readonly source: OwnSource;
}

async function copyOne(deps: DirectDeps, request: AdoptRequest, blob: AdoptedBlob): Promise<UploadProof> {
  const { limits } = deps;
  const { signal, watch } = request;
  const { source, bytes, blobId } = blob;
  const driver = driverOf(deps, source.backend);
  const taker = createProofTaker(bytes, {
    told: [request.told],
    watch: watch(bytes),
    blockBytesMin: limits.blockBytesMin,
  });
  let failure: unknown;
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of readCopy(deps, driver, { ...source, bytes, signal })) {
        taker.push(chunk);
        yield chunk;
      }
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  const body = bytes === 0 ? Buffer.alloc(0) : Readable.from(chunks(), { objectMode: false });
  const receipt = await driver
    .put(source.bucket, blobKey(blobId, 0), { body, bytes, signal })
    .catch((error: unknown) => {
      // The cause is where the bytes came from, not where they went.
      throw failure ?? error;
    });
  const proof = taker.finish();
  if (receipt.verified === 'none') {
    const stored = { blobId, bytes, layout: { kind: 'copies' } as const, blockBytes: proof.blockBytes };
    await verifyStrip(driver, source.bucket, { blob: stored, shard: 0, digests: proof.digests, signal });
  }
  return proof;
}

function driverOf({ pool }: DirectDeps, id: BackendId): BackendDriver {
  const driver = pool.driver(id);
  if (driver === undefined) throw new Fault('NoSuchBackend', `This gateway has no access to a backend "${id}".`);
  return driver;
}
