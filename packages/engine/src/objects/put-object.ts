import type { KeyObject } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { type BlobId, newBlobId, type ObjectKey } from '@sealgate/core/names';
import type {
  AuditActor,
  Bucket,
  Checksum,
  CommittedVersion,
  ObjectPreconditions,
  StoredHeaders,
  VersionAttributes,
  WriteCause,
} from '@sealgate/core/ports';
import { encryptBody } from '../encryption/encrypt-body.ts';
import type { AskedPlacement, Planner } from '../placement/planner.ts';
import type { BodySource } from '../write/body.ts';
import type { WriteDeps, WrittenBlob } from '../write/types.ts';
import { writeBlob } from '../write/write-blob.ts';

export interface PutObjectRequest {
  readonly bucket: Bucket;
  readonly key: ObjectKey;
  readonly body: BodySource;
  readonly headers: StoredHeaders;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly attributes: VersionAttributes;
  /** What the body is encrypted with; given exactly when `attributes.encryption` says how that key is kept. */
  readonly dataKey?: KeyObject;
  /** A redundancy class or S3 storage class; undefined: the bucket's default. */
  readonly requestedClass: string | undefined;
  readonly preconditions: ObjectPreconditions;
  /** See CommitVersion. */
  readonly cause?: WriteCause;
  readonly actor: AuditActor;
  readonly signal: AbortSignal;
}

export interface PutObjectResult extends CommittedVersion {
  /** Without quotes. */
  readonly etag: string;
  readonly bytes: number;
  readonly checksum: Checksum | null;
  readonly redundancyClass: string;
  /** Backends that held a verified copy when the write was acknowledged. */
  readonly ackedBy: readonly string[];
  readonly verdict: string | null;
}

export interface PutDeps extends WriteDeps {
  readonly planner: Planner;
}

/**
 * Stores an object: place, stream under the ack rule, then publish it in one transaction. Resolves only after the ack
 * rule holds and the transaction is committed.
 *
 * @throws Fault of the plan, of the body's checks, AckRuleFailed, or of the preconditions; nothing is visible then and
 * what landed is queued for deletion
 */
export async function putObject(deps: PutDeps, request: PutObjectRequest): Promise<PutObjectResult> {
  const { bucket, key } = request;
  const write = { operation: request.cause ?? 'put', key, bytes: request.body.bytes } as const;
  const written = await placeAndWrite(deps, { ...request, write, part: 0 });
  const { redundancyClass, blob } = written;
  const etag = Buffer.from(blob.facts.md5).toString('hex');
  const { checksum, verdict, envelope } = blob.facts;
  const committed = await publish(blob, () =>
    deps.metadata.commitVersion({
      bucketId: bucket.id,
      key,
      blobId: blob.blobId,
      bytes: request.body.bytes,
      storedBytes: blob.bytes,
      etag,
      redundancyClass,
      headers: request.headers,
      checksum,
      envelope,
      verdict,
      tags: request.tags,
      attributes: request.attributes,
      ...(request.cause === undefined ? {} : { cause: request.cause }),
      layout: blob.layout,
      blockBytes: blob.blockBytes,
      digests: blob.digests,
      replicas: blob.replicas,
      preconditions: request.preconditions,
      actor: request.actor,
    }),
  );
  deps.events.acked(redundancyClass, blob.ackedBy.length, blob.replicas.length);
  return { ...committed, etag, bytes: request.body.bytes, checksum, redundancyClass, ackedBy: blob.ackedBy, verdict };
}

/** Chooses backends for a new blob and stores it there. */
export async function placeAndWrite(
  deps: PutDeps,
  request: {
    readonly bucket: Bucket;
    readonly body: BodySource;
    readonly attributes: Pick<VersionAttributes, 'encryption'>;
    readonly dataKey?: KeyObject;
    /** 0 for an object that is put whole. */
    readonly part: number;
    readonly requestedClass: string | undefined;
    readonly tags: AskedPlacement['tags'];
    readonly write?: NonNullable<AskedPlacement['write']>;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly blob: WrittenBlob; readonly redundancyClass: string }> {
  const blobId: BlobId = newBlobId(deps.clock.now(), deps.random);
  const plan = await deps.planner.plan(request.bucket, blobId, request);
  const { bucket, signal } = request;
  const body = storedBody(deps, request);
  const blob = await writeBlob(deps, { bucket, blobId, body, signal, ...plan });
  return { blob, redundancyClass: plan.redundancyClass.name };
}

/** The body as it goes to backends. A key without a word on how it is kept, or the reverse, would lose the object. */
function storedBody(deps: PutDeps, request: Parameters<typeof placeAndWrite>[1]): BodySource {
  const { body, dataKey, part } = request;
  if ((dataKey === undefined) !== (request.attributes.encryption === null)) {
    throw new Fault('InternalError', 'A body is encrypted exactly when its version says so.');
  }
  return dataKey === undefined ? body : encryptBody(body, { dataKey, part, random: deps.random });
}

/** Commits what names the blob; on failure the blob is discarded (the queue re-checks, should the commit have passed). */
export async function publish<T>(blob: WrittenBlob, commit: () => Promise<T>): Promise<T> {
  let committed: T;
  try {
    committed = await commit();
  } catch (error) {
    await blob.discard();
    throw error;
  }
  blob.published();
  return committed;
}
