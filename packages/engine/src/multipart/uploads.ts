import { createHash, type KeyObject } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { PARTS_MAX } from '@sealgate/core/limits';
import type { BackendId, ObjectKey } from '@sealgate/core/names';
import type {
  AuditActor,
  Bucket,
  Checksum,
  ChecksumAlgorithm,
  CommittedVersion,
  EnvelopeRecord,
  ObjectPreconditions,
  PartRecord,
  StoredHeaders,
  UploadRecord,
  VersionAttributes,
} from '@sealgate/core/ports';
import { type PutDeps, placeAndWrite, publish } from '../objects/put-object.ts';
import { placementTerms, refuseByRule } from '../placement/planner.ts';
import type { Policies } from '../placement/policies.ts';
import type { BodySource } from '../write/body.ts';

const UPLOAD_ID_BYTES = 24;
const PART_PAGE = 1000;

export interface UploadDeps extends PutDeps {
  readonly policies: Policies;
}

export interface CreateUploadRequest {
  readonly bucket: Bucket;
  readonly key: ObjectKey;
  readonly requestedClass: string | undefined;
  readonly headers: StoredHeaders;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly checksumAlgorithm: ChecksumAlgorithm | null;
  readonly checksumType: 'FULL_OBJECT' | 'COMPOSITE' | null;
  readonly envelope: EnvelopeRecord | null;
  readonly attributes: VersionAttributes;
  readonly actor: AuditActor;
}

/** Begins an upload. Its class is fixed now, so that all parts keep the same promise. */
export async function createUpload(
  deps: UploadDeps,
  request: CreateUploadRequest,
): Promise<{ readonly uploadId: string }> {
  const { bucket, requestedClass, ...rest } = request;
  const write = { operation: 'upload', key: request.key, bytes: undefined } as const;
  const asked = { requestedClass, tags: request.tags, write };
  const { redundancyClass } = await placementTerms(deps.policies, bucket, asked);
  const uploadId = Buffer.from(deps.random(UPLOAD_ID_BYTES)).toString('base64url');
  await deps.metadata.createUpload({
    ...rest,
    bucketId: bucket.id,
    redundancyClass: redundancyClass.name,
    uploadId,
    initiator: request.actor.id,
  });
  return { uploadId };
}

export interface UploadPartRequest {
  readonly bucket: Bucket;
  readonly upload: UploadRecord;
  readonly partNumber: number;
  readonly body: BodySource;
  /** Of the upload; given exactly when its attributes say how the key is kept. */
  readonly dataKey?: KeyObject;
  readonly actor: AuditActor;
  readonly signal: AbortSignal;
}

export interface UploadPartResult {
  readonly etag: string;
  readonly checksum: Checksum | null;
  readonly ackedBy: readonly string[];
  readonly redundancyClass: string;
  readonly modifiedAtMs: number;
}

/** Stores one part under the upload's class, acknowledged like an object. */
export async function uploadPart(deps: UploadDeps, request: UploadPartRequest): Promise<UploadPartResult> {
  const { upload, bucket, partNumber } = request;
  const { blob, redundancyClass } = await placeAndWrite(deps, {
    bucket,
    body: request.body,
    attributes: upload.attributes,
    ...(request.dataKey === undefined ? {} : { dataKey: request.dataKey }),
    part: partNumber,
    requestedClass: upload.redundancyClass,
    tags: upload.tags,
    signal: request.signal,
  });
  const etag = Buffer.from(blob.facts.md5).toString('hex');
  const { modifiedAtMs } = await publish(blob, () =>
    deps.metadata.commitPart({
      bucketId: bucket.id,
      key: upload.key,
      uploadId: upload.uploadId,
      partNumber,
      blobId: blob.blobId,
      bytes: request.body.bytes,
      storedBytes: blob.bytes,
      etag,
      checksum: blob.facts.checksum,
      inspection: blob.facts.verdict,
      layout: blob.layout,
      blockBytes: blob.blockBytes,
      digests: blob.digests,
      replicas: blob.replicas,
      actor: request.actor,
    }),
  );
  deps.events.acked(redundancyClass, blob.ackedBy.length, blob.replicas.length);
  return { etag, checksum: blob.facts.checksum, ackedBy: blob.ackedBy, redundancyClass, modifiedAtMs };
}

export interface CompleteUploadRequest {
  readonly bucket: Bucket;
  readonly upload: UploadRecord;
  /** As the client listed them. */
  readonly parts: readonly { readonly partNumber: number; readonly etag: string; readonly checksum?: string }[];
  /** Checks what the client claims of the whole and gives the object's checksum and seal verdict. May throw a Fault. */
  readonly summarize: (parts: readonly PartRecord[]) => {
    readonly checksum: Checksum | null;
    readonly verdict: string | null;
    readonly envelope: EnvelopeRecord | null;
    /** What its writer signed about the whole. */
    readonly manifest?: string;
  };
  readonly preconditions: ObjectPreconditions;
  readonly actor: AuditActor;
}

export interface CompleteUploadResult extends CommittedVersion {
  readonly etag: string;
  readonly bytes: number;
  readonly checksum: Checksum | null;
  readonly redundancyClass: string;
  /** Backends that hold a verified copy of every part. */
  readonly ackedBy: readonly string[];
}

/**
 * Publishes the listed parts as one object.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 * @throws Fault NoSuchUpload, InvalidPart, InvalidPartOrder, EntityTooSmall, PolicyRefused, or of `summarize` and the
 * transaction
 */
export async function completeUpload(deps: UploadDeps, request: CompleteUploadRequest): Promise<CompleteUploadResult> {
  const { bucket, upload } = request;
  checkOrder(request.parts);
  const stored = await allParts(deps, upload.uploadId);
  if (!request.parts.every((want) => isThere(want, stored))) await refuseParts(deps, request, stored);
  const chosen = choose(request.parts, stored, deps.limits.partBytesMin);
  const { checksum, verdict, envelope, manifest } = request.summarize(chosen);
  const md5 = createHash('md5');
  for (const part of chosen) md5.update(Buffer.from(part.etag, 'hex'));
  const etag = `${md5.digest('hex')}-${chosen.length}`;
  const bytes = chosen.reduce((sum, part) => sum + part.bytes, 0);
  const { key, tags, redundancyClass } = upload;
  refuseByRule(await deps.policies.forBucket(bucket), { operation: 'upload', key, bytes, tags, redundancyClass });
  const committed = await deps.metadata.commitUpload({
    bucketId: bucket.id,
    key: upload.key,
    uploadId: upload.uploadId,
    parts: request.parts,
    etag,
    bytes,
    checksum,
    envelope,
    verdict,
    ...(manifest === undefined ? {} : { manifest }),
    preconditions: request.preconditions,
    actor: request.actor,
  });
  return { ...committed, etag, bytes, checksum, redundancyClass, ackedBy: holdersOfAll(chosen) };
}

/** Backends that hold a verified copy of every part, so of the object. */
function holdersOfAll(parts: readonly PartRecord[]): readonly BackendId[] {
  const [first, ...others] = parts.map((part) => new Set(part.storedOn));
  return [...(first ?? [])].filter((backend) => others.every((holders) => holders.has(backend)));
}

function checkOrder(parts: CompleteUploadRequest['parts']): void {
  if (parts.length > PARTS_MAX) throw new Fault('TooManyParts', `An upload has at most ${PARTS_MAX} parts.`);
  for (let i = 1; i < parts.length; i += 1) {
    if ((parts[i]?.partNumber ?? 0) <= (parts[i - 1]?.partNumber ?? 0)) {
      throw new Fault(
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
      );
    }
  }
}

async function allParts(deps: UploadDeps, uploadId: string): Promise<Map<number, PartRecord>> {
  const parts = new Map<number, PartRecord>();
  for (let after = 0; ; ) {
    const page = await deps.metadata.listParts(uploadId, after, PART_PAGE);
    for (const part of page) parts.set(part.partNumber, part);
    const last = page.at(-1);
    if (last === undefined || page.length < PART_PAGE) return parts;
    after = last.partNumber;
  }
}

type WantedPart = CompleteUploadRequest['parts'][number];

function isThere(want: WantedPart, stored: ReadonlyMap<number, PartRecord>): boolean {
  const part = stored.get(want.partNumber);
  return part?.etag === want.etag && (want.checksum === undefined || part.checksum?.value === want.checksum);
}

/** Parts are not there when the client is wrong, but also when the upload has just ended by another request. */
async function refuseParts(
  deps: UploadDeps,
  { bucket, upload, parts }: CompleteUploadRequest,
  stored: ReadonlyMap<number, PartRecord>,
): Promise<never> {
  const now = await deps.metadata.upload(bucket.id, upload.key, upload.uploadId);
  if (now?.state !== 'open') throw new Fault('NoSuchUpload', 'The specified upload does not exist.');
  throw new Fault(
    'InvalidPart',
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { detail: { PartNumber: parts.find((want) => !isThere(want, stored))?.partNumber ?? 0 } },
  );
}

function choose(
  wanted: CompleteUploadRequest['parts'],
  stored: ReadonlyMap<number, PartRecord>,
  partBytesMin: number,
): PartRecord[] {
  const chosen = wanted.flatMap(({ partNumber }) => stored.get(partNumber) ?? []);
  const short = chosen.slice(0, -1).find((part) => part.bytes < partBytesMin);
  if (short !== undefined) {
    throw new Fault('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
      detail: { PartNumber: short.partNumber, ProposedSize: short.bytes, MinSizeAllowed: partBytesMin },
    });
  }
  return chosen;
}
