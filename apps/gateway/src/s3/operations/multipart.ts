import { Fault } from '@sealgate/core/faults';
import { PARTS_MAX } from '@sealgate/core/limits';
import type { Bucket, UploadRecord } from '@sealgate/core/ports';
import {
  initiateMultipartUploadResult,
  listMultipartUploadsResult,
  listPartsResult,
  parseListPartsQuery,
  parseListUploadsQuery,
  parseUploadChecksum,
} from '@sealgate/s3';
import { initiatorsOf, ownersOf } from '../access/owners.ts';
import { declaredBytes, openBody } from '../body.ts';
import { requireBucket, requireKey, type S3Context } from '../context.ts';
import { unlockUpload } from '../encryption/reading.ts';
import { defaultEncryption } from '../encryption/settings.ts';
import { NOT_ENCRYPTED, newEncryption, wantedEncryption } from '../encryption/writing.ts';
import { requireGovernedBucket } from '../governed.ts';
import { setAbortion } from '../lifecycle-headers.ts';
import { refuseManifest, requireSomeWriter, withLeaves } from '../manifest.ts';
import { checksumHeader, replyEmpty, replyXml, setAckHeaders, setHeaders } from '../reply.ts';
import { metadataHeaders, requestedClass, storedHeaders } from '../request-headers.ts';
import { envelopeOfUpload, refuseServerSideEncryption, watchPart } from '../seal.ts';
import { shownChecksum, shownClass } from '../shown.ts';
import { requestedTags } from '../tags.ts';
import { requestedAttributes } from '../write-attributes.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
export async function createMultipartUpload(context: S3Context): Promise<void> {
  const bucket = await requireGovernedBucket(context);
  const key = requireKey(context);
  const { headers, response } = context;
  const attributes = await requestedAttributes(context, bucket);
  const wanted = wantedEncryption(context, bucket);
  const tags = requestedTags(context);
  const checksum = parseUploadChecksum(headers);
  refuseManifest(headers);
  requireSomeWriter(bucket);
  const envelope = envelopeOfUpload(bucket, key, metadataHeaders(headers));
  const held = wanted.byDefault && envelope !== null;
  const encryption = await newEncryption(context, { bucket, key }, held ? NOT_ENCRYPTED : wanted);
  const { uploadId } = await context.engine.createUpload({
    bucket,
    key,
    requestedClass: requestedClass(headers),
    headers: storedHeaders(headers),
    attributes: { ...attributes, encryption: encryption.record },
    tags,
    checksumAlgorithm: checksum?.algorithm ?? null,
    checksumType: checksum?.type ?? null,
    envelope,
    actor: context.actor,
  });
  if (checksum !== undefined) {
    response.setHeader('x-amz-checksum-algorithm', checksum.algorithm);
    response.setHeader('x-amz-checksum-type', checksum.type);
  }
  setAbortion(context, bucket, { key, createdAtMs: context.clock.now() });
  setHeaders(response, encryption.headers);
  replyXml(response, initiateMultipartUploadResult({ bucket: bucket.name, key, uploadId }));
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
export async function uploadPart(context: S3Context): Promise<void> {
  const bucket = await requireGovernedBucket(context);
  const { headers, response } = context;
  const partNumber = partNumberOf(context);
  const upload = await requireUpload(context, bucket);
  refuseServerSideEncryption(bucket, headers);
  const unlocked = unlockUpload(context, upload);
  const watch = watchPart(bucket, upload.envelope, { partNumber, held: isHeld(context, bucket, upload) });
  const result = await context.engine.uploadPart({
    bucket,
    upload,
    partNumber,
    body: openBody(context, withLeaves(watch, headers, declaredBytes(context)), upload.checksumAlgorithm),
    ...(await unlocked.key()),
    actor: context.actor,
    signal: context.signal,
  });
  response.setHeader('etag', `"${result.etag}"`);
  setHeaders(response, unlocked.headers);
  if (result.checksum !== null) response.setHeader(...checksumHeader(result.checksum));
  setAckHeaders(response, result);
  replyEmpty(response, 200);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
export async function abortMultipartUpload(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  await context.metadata.abortUpload({
    bucketId: bucket.id,
    key: requireKey(context),
    uploadId: uploadIdOf(context),
    actor: context.actor,
  });
  replyEmpty(context.response, 204);
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
export async function listParts(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const upload = await requireUpload(context, bucket);
  const { partNumberMarker, maxParts } = parseListPartsQuery(context.query);
  const found = maxParts === 0 ? [] : await context.metadata.listParts(upload.uploadId, partNumberMarker, maxParts + 1);
  const parts = found.slice(0, maxParts);
  setAbortion(context, bucket, upload);
  const { ownerId } = upload.attributes;
  const ownerOf = await ownersOf(context, bucket, [ownerId]);
  const initiatorOf = await initiatorsOf(context, bucket, [upload]);
  replyXml(
    context.response,
    listPartsResult({
      bucket: bucket.name,
      key: upload.key,
      uploadId: upload.uploadId,
      initiator: initiatorOf(upload),
      owner: ownerOf(ownerId),
      storageClass: shownClass(upload.redundancyClass),
      partNumberMarker,
      nextPartNumberMarker: parts.at(-1)?.partNumber ?? 0,
      maxParts,
      truncated: found.length > maxParts,
      checksumAlgorithm: upload.checksumAlgorithm,
      checksumType: upload.checksumType,
      parts: parts.map((part) => ({
        partNumber: part.partNumber,
        modifiedAtMs: part.modifiedAtMs,
        etag: part.etag,
        bytes: part.bytes,
        ...(part.checksum === null ? {} : { checksum: shownChecksum(part.checksum, 0) }),
      })),
    }),
  );
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
export async function listMultipartUploads(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const { maxUploads, encodingType, ...query } = parseListUploadsQuery(context.query);
  const page =
    maxUploads === 0
      ? { uploads: [], commonPrefixes: [], truncated: false, nextKeyMarker: null, nextUploadIdMarker: null }
      : await context.metadata.listUploads({ ...query, bucketId: bucket.id, limit: maxUploads });
  const ownerOf = await ownersOf(
    context,
    bucket,
    page.uploads.map((upload) => upload.attributes.ownerId),
  );
  const initiatorOf = await initiatorsOf(context, bucket, page.uploads);
  replyXml(
    context.response,
    listMultipartUploadsResult({
      bucket: bucket.name,
      ...query,
      ...(page.nextKeyMarker === null ? {} : { nextKeyMarker: page.nextKeyMarker }),
      ...(page.nextUploadIdMarker === null ? {} : { nextUploadIdMarker: page.nextUploadIdMarker }),
      encodingType,
      maxUploads,
      truncated: page.truncated,
      uploads: page.uploads.map((upload) => ({
        key: upload.key,
        uploadId: upload.uploadId,
        initiator: initiatorOf(upload),
        owner: ownerOf(upload.attributes.ownerId),
        storageClass: shownClass(upload.redundancyClass),
        initiatedAtMs: upload.createdAtMs,
        checksumAlgorithm: upload.checksumAlgorithm,
        checksumType: upload.checksumType,
      })),
      commonPrefixes: page.commonPrefixes,
    }),
  );
}

function uploadIdOf(context: S3Context): string {
  return context.query.get('uploadId') ?? '';
}

/** @throws Fault NoSuchUpload, also for one that was completed */
export async function requireUpload(context: S3Context, bucket: Bucket): Promise<UploadRecord> {
  const upload = await findUpload(context, bucket);
  if (upload.state !== 'open') throw noSuchUpload(upload.uploadId);
  return upload;
}

/** The upload, possibly completed before. @throws Fault NoSuchUpload */
export async function findUpload(context: S3Context, bucket: Bucket): Promise<UploadRecord> {
  const uploadId = uploadIdOf(context);
  const upload = await context.metadata.upload(bucket.id, requireKey(context), uploadId);
  if (upload === undefined || upload.state === 'aborted') throw noSuchUpload(uploadId);
  return upload;
}

function noSuchUpload(uploadId: string): Fault {
  return new Fault(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { detail: { UploadId: uploadId.slice(0, 128) } },
  );
}

/** Parts of a sealed object go to backends as they are, so they are held to being that, as `watchObject` holds an object. */
export function isHeld(context: S3Context, bucket: Bucket, upload: UploadRecord): boolean {
  if (upload.envelope === null || upload.attributes.encryption !== null) return false;
  return defaultEncryption(context.encryption, bucket) !== 'none';
}

export function partNumberOf(context: S3Context): number {
  const text = context.query.get('partNumber') ?? '';
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value < 1 || value > PARTS_MAX) {
    throw new Fault('InvalidArgument', `Part number must be an integer between 1 and ${PARTS_MAX}, inclusive`, {
      detail: { ArgumentName: 'partNumber', ArgumentValue: text.slice(0, 64) },
    });
  }
  return value;
}
