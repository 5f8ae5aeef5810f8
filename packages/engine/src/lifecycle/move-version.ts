import { createHash } from 'node:crypto';
import { RESIDENCY_TAG } from '@sealgate/core/policy';
import type { AuditActor, BlobRecord, Bucket, Metadata, ObjectVersion } from '@sealgate/core/ports';
import { type PutDeps, placeAndWrite } from '../objects/put-object.ts';
import type { Policies } from '../placement/policies.ts';
import { readBlob } from '../read/read-blob.ts';
import type { ReadBlobOptions, ReadDeps } from '../read/read-deps.ts';
import type { BodyFacts, BodySource } from '../write/body.ts';

export interface MoveDeps extends PutDeps, Omit<ReadDeps, 'metadata'> {
  readonly metadata: Metadata;
  readonly policies: Policies;
}

export interface MoveRequest {
  readonly bucket: Bucket;
  readonly version: ObjectVersion;
  /** The name of the class its bytes are to be kept under. */
  readonly redundancyClass: string;
  readonly actor: AuditActor;
  readonly signal: AbortSignal;
}

/** `changed`: the version has gone, or other bytes than were read. */
export type MoveOutcome = 'done' | 'changed';

/**
 * Keeps the bytes of a version under another class: read verified, written and acknowledged as that class wants, then
 * put in the place of the old ones. Works on stored bytes as they are, so nothing is opened, decrypted or sealed anew;
 * id, ETag and time of the version stay. Segments of a multipart version move one by one: what moved before an
 * interruption is not moved again.
 *
 * @throws Fault of the plan, of the read, AckRuleFailed; the version is as readable as before
 */
export async function moveVersion(deps: MoveDeps, request: MoveRequest): Promise<MoveOutcome> {
  const { version, redundancyClass, bucket, actor } = request;
  if (version.blob !== null) return await moveBlob(deps, request, { blob: version.blob, partNumber: 0 });
  const { segmentPage } = deps.limits;
  for (;;) {
    const segments = await deps.metadata.segmentsOutside(version, redundancyClass, segmentPage);
    if (segments.length === 0) break;
    for (const segment of segments) {
      const outcome = await moveBlob(deps, request, segment);
      if (outcome === 'changed') return outcome;
    }
  }
  const place = { bucketId: bucket.id, key: version.key, seq: version.seq };
  return (await deps.metadata.settleClass({ ...place, redundancyClass, actor })) ? 'done' : 'changed';
}

async function moveBlob(
  deps: MoveDeps,
  request: MoveRequest,
  piece: { readonly blob: BlobRecord; readonly partNumber: number },
): Promise<MoveOutcome> {
  const { bucket, version, actor, signal } = request;
  const { blob, redundancyClass } = await placeAndWrite(deps, {
    bucket,
    body: bodyOfBlob(deps, piece.blob, { bucketId: bucket.id, redundancyClass: version.redundancyClass, signal }),
    // The bytes are stored as they are, encrypted or not.
    attributes: { encryption: null },
    part: 0,
    requestedClass: request.redundancyClass,
    tags: residencyOf(version),
    signal,
  });
  let replaced = false;
  try {
    replaced = await deps.metadata.replaceBlob({
      bucketId: bucket.id,
      key: version.key,
      seq: version.seq,
      partNumber: piece.partNumber,
      old: piece.blob.blobId,
      blobId: blob.blobId,
      storedBytes: blob.bytes,
      redundancyClass,
      layout: blob.layout,
      blockBytes: blob.blockBytes,
      digests: blob.digests,
      replicas: blob.replicas,
      actor,
    });
  } finally {
    // Should the replacement have passed and only its answer be lost, giving up does nothing.
    if (!replaced) await blob.discard();
  }
  if (!replaced) return 'changed';
  blob.published();
  return 'done';
}

function bodyOfBlob(deps: ReadDeps, blob: BlobRecord, options: Omit<ReadBlobOptions, 'range'>): BodySource {
  const md5 = createHash('md5');
  async function* chunks(): AsyncGenerator<Buffer> {
    if (blob.bytes === 0) return;
    for await (const chunk of readBlob(deps, blob, { ...options, range: { start: 0, end: blob.bytes - 1 } })) {
      md5.update(chunk);
      yield chunk;
    }
  }
  let facts: Promise<BodyFacts> | undefined;
  return {
    bytes: blob.bytes,
    chunks: chunks(),
    facts: () => {
      facts ??= Promise.resolve({ md5: md5.digest(), checksum: null, verdict: null, envelope: null });
      return facts;
    },
  };
}

/** Where its bytes may lie an object goes on saying; how many copies there are is said by the class it moves to. */
function residencyOf({ tags }: ObjectVersion): Readonly<Record<string, string>> | null {
  const residency = tags?.[RESIDENCY_TAG];
  return residency === undefined ? null : { [RESIDENCY_TAG]: residency };
}
