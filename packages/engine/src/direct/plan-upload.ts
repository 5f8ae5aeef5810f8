import { Fault, toFault } from '@sealgate/core/faults';
import { type BackendId, type BlobId, newBlobId } from '@sealgate/core/names';
import type { Backend, BackendPool, NewWritePlan } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';
import type { WritePlan } from '../placement/planner.ts';
import { blobKey } from '../write/blob-key.ts';
import type { DirectDeps, PlannedTarget, PlannedUpload, PlanUploadRequest } from './types.ts';

/**
 * Chooses where a client is to put an object itself, as for any other write, and gives it what it needs for that. The
 * plan's row stands before the first URL goes out.
 *
 * @throws Fault of the planner; InvalidRequest when the class keeps shards, or too few of the chosen backends take direct
 * uploads for the ack rule
 */
export async function planUpload(deps: DirectDeps, request: PlanUploadRequest): Promise<PlannedUpload> {
  const { bucket, key, bytes, signal } = request;
  const blobId = newBlobId(deps.clock.now(), deps.random);
  const write = { operation: 'put', key, bytes } as const;
  const plan = await deps.planner.plan(bucket, blobId, { ...request, write });
  const { redundancyClass } = plan;
  requireCopies(redundancyClass);
  const placement = placeDirectly(deps.pool, plan);
  const prepared = await Promise.all(
    placement.write.map((backend) => prepare(deps, { backend, blobId, request, signal })),
  );
  const places = prepared.filter((place) => place !== undefined);
  const reachable = places.map(({ backend }) => backend);
  requireAck(redundancyClass, reachable);
  const { limits, metadata, clock } = deps;
  const { expiresAtMs } = await metadata.createWritePlan(
    newPlan(request, { blobId, redundancyClass: redundancyClass.name, backends: reachable, limits }),
    request.actor,
  );
  // No URL outlives its plan: what came by it then would be nobody's.
  const urlsMs = Math.min(limits.directUrlMs, expiresAtMs - clock.now());
  const targets = places.flatMap((place) => presigned(deps, place, { ...request, urlsMs }));
  const chosen = [...placement.write, ...placement.owed];
  return {
    blobId,
    redundancyClass: redundancyClass.name,
    ackRule: redundancyClass.ack.text,
    expiresAtMs,
    urlsExpireAtMs: clock.now() + urlsMs,
    targets,
    replicated: chosen.filter((backend) => !reachable.includes(backend)).map(({ id }) => id),
  };
}

/** @throws Fault InvalidRequest */
export function requireCopies({ name, layout }: WritePlan['redundancyClass']): void {
  if (layout.kind === 'copies') return;
  throw new Fault(
    'InvalidRequest',
    `The class ${name} keeps shards, which the gateway cuts: direct uploads are for classes of whole copies. Put the object through the gateway, or name another class.`,
    { rule: 'direct.wholeCopies' },
  );
}

/** A plan's row. It ends when nobody can still be uploading at a modest pace. */
export function newPlan(
  request: Pick<PlanUploadRequest, 'bucket' | 'key' | 'bytes' | 'md5' | 'sha256' | 'tags'>,
  chosen: {
    readonly blobId: BlobId;
    readonly redundancyClass: string;
    readonly backends: readonly Pick<Backend, 'id'>[];
    readonly limits: EngineLimits;
  },
): NewWritePlan {
  const { bucket, key, bytes, md5, sha256, tags } = request;
  const { limits, backends, blobId, redundancyClass } = chosen;
  return {
    ...{ blobId, bucketId: bucket.id, key, bytes, md5, sha256, tags, redundancyClass },
    backends: backends.map(({ id }) => id),
    lifetimeMs: limits.directPlanMs + Math.ceil(bytes / limits.directBytesPerSecond) * 1000,
    openMax: limits.directPlansOpen,
  };
}

/** Backends that take uploads with a URL; where those alone make a legal choice, it is theirs. */
function placeDirectly(pool: BackendPool, plan: WritePlan): WritePlan['placement'] {
  const others = pool.all().filter((backend) => !takesUploads(pool, backend));
  const direct = plan.placeWithout(new Set<BackendId>(others.map(({ id }) => id)));
  return direct.ok ? direct : plan.placement;
}

function takesUploads(pool: BackendPool, { id, capabilities }: Backend): boolean {
  return pool.driver(id)?.presignPut !== undefined && capabilities.conditionalWrite === true;
}

type PlannedPlace = Omit<PlannedTarget, 'upload'>;

function presigned(
  { pool }: DirectDeps,
  place: PlannedPlace,
  put: Pick<PlanUploadRequest, 'bytes' | 'md5' | 'sha256'> & { readonly urlsMs: number },
): readonly PlannedTarget[] {
  const { bytes, md5, sha256, urlsMs } = put;
  const upload = pool.driver(place.backend.id)?.presignPut?.(place.bucket, place.key, {
    bytes,
    ...(md5 === null ? {} : { md5 }),
    ...(sha256 === null ? {} : { sha256 }),
    expiresSeconds: Math.max(1, Math.floor(urlsMs / 1000)),
  });
  return upload === undefined ? [] : [{ ...place, upload }];
}

async function prepare(
  { pool, physical, clock, limits }: DirectDeps,
  wanted: {
    readonly backend: Backend;
    readonly blobId: BlobId;
    readonly request: PlanUploadRequest;
    readonly signal: AbortSignal;
  },
): Promise<PlannedPlace | undefined> {
  const { backend, blobId, request } = wanted;
  if (!takesUploads(pool, backend)) return undefined;
  const late = new AbortController();
  const cancel = clock.schedule(limits.writeStallMs, () =>
    late.abort(new Fault('BackendTimeout', 'The storage location did not answer in time.')),
  );
  try {
    const bucket = await physical.ensure(request.bucket, backend, AbortSignal.any([wanted.signal, late.signal]));
    return { backend, bucket, key: blobKey(blobId, 0) };
  } catch (error) {
    wanted.signal.throwIfAborted();
    pool.report(backend.id, { kind: 'failed', code: toFault(error).code });
    return undefined;
  } finally {
    cancel();
  }
}

function requireAck({ ack, name }: WritePlan['redundancyClass'], reachable: readonly Backend[]): void {
  if (ack.evaluate(reachable, []) === 'held') return;
  throw new Fault(
    'InvalidRequest',
    `Direct uploads can reach ${reachable.length} of the storage locations that class ${name} may use (those that give presigned URLs and refuse to be written over); its ack rule "${ack.text}" needs more. Put the object through the gateway.`,
    { rule: ack.text },
  );
}
