import { Fault } from '@sealgate/core/faults';
import type { ObjectKey } from '@sealgate/core/names';
import type { Checksum, PartRecord, UploadRecord } from '@sealgate/core/ports';
import {
  type CompletedPart,
  combineChecksums,
  completeMultipartUploadResult,
  headerValue,
  malformedXml,
  parseCompleteMultipartUpload,
  parseWriteConditions,
  requireClaimedChecksum,
} from '@sealgate/s3';
import { readWholeBody } from '../body.ts';
import { requireKey, type S3Context } from '../context.ts';
import { unlockCompletion } from '../encryption/reading.ts';
import { type GovernedBucket, requireGovernedBucket } from '../governed.ts';
import { setExpiration } from '../lifecycle-headers.ts';
import { admitManifest, manifestIn, manifestOfParts } from '../manifest.ts';
import { replyXml, setAckHeaders, setHeaders } from '../reply.ts';
import { judgeParts } from '../seal.ts';
import { shownChecksum } from '../shown.ts';
import { findUpload, isHeld } from './multipart.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
export async function completeMultipartUpload(context: S3Context): Promise<void> {
  const bucket = await requireGovernedBucket(context);
  const key = requireKey(context);
  const upload = await findUpload(context, bucket);
  const manifest = await admitManifest(bucket, manifestIn(context.headers));
  const listed = listedParts(await readWholeBody(context, { checksumOfObject: true }));
  const result = await context.engine.completeUpload({
    bucket,
    upload,
    parts: listed.map((part) => wantedPart(part, upload)),
    summarize: (parts) => {
      setHeaders(context.response, unlockCompletion(context, upload, parts).headers);
      requireSize(context, parts);
      const checksum = checksumOf(context, upload, parts);
      const seal = sealOf(context, bucket, { key, upload, parts });
      return { checksum, ...seal, ...manifestOfParts(manifest, bucket, { upload, parts }) };
    },
    preconditions: parseWriteConditions(context.headers),
    actor: context.actor,
  });
  setExpiration(context, bucket, { key, tags: upload.tags, bytes: result.bytes, modifiedAtMs: result.modifiedAtMs });
  setAckHeaders(context.response, result);
  if (result.versioned) context.response.setHeader('x-amz-version-id', result.versionId);
  replyXml(
    context.response,
    completeMultipartUploadResult({
      location: `${context.publicUrl}/${bucket.name}/${key.split('/').map(encodeURIComponent).join('/')}`,
      bucket: bucket.name,
      key,
      etag: result.etag,
      ...(result.checksum === null ? {} : { checksum: shownChecksum(result.checksum, listed.length) }),
    }),
  );
}

/** No body at all is a list of no parts, which AWS calls malformed here and not missing. */
function listedParts(body: Buffer): readonly CompletedPart[] {
  if (body.length === 0) throw malformedXml();
  return parseCompleteMultipartUpload(body);
}

function wantedPart(part: CompletedPart, upload: UploadRecord) {
  const checksum = upload.checksumAlgorithm === null ? undefined : part.checksums[upload.checksumAlgorithm];
  return { partNumber: part.partNumber, etag: part.etag, ...(checksum === undefined ? {} : { checksum }) };
}

/** `x-amz-mp-object-size`: what the client thinks the object's size is. */
function requireSize(context: S3Context, parts: readonly PartRecord[]): void {
  const claimed = headerValue(context.headers, 'x-amz-mp-object-size');
  if (claimed === undefined) return;
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  if (claimed !== String(bytes)) {
    throw new Fault(
      'InvalidRequest',
      'The provided x-amz-mp-object-size does not match the size of the uploaded parts.',
    );
  }
}

function checksumOf(context: S3Context, upload: UploadRecord, parts: readonly PartRecord[]): Checksum | null {
  const { checksumAlgorithm: algorithm, checksumType: type } = upload;
  if (algorithm === null || type === null) return null;
  const pieces = parts.flatMap((part) =>
    part.checksum?.algorithm === algorithm ? [{ value: part.checksum.value, bytes: part.bytes }] : [],
  );
  if (pieces.length !== parts.length) return null;
  const checksum: Checksum = { algorithm, type, value: combineChecksums(algorithm, type, pieces) };
  requireClaimedChecksum(context.headers, checksum, parts.length);
  return checksum;
}

function sealOf(
  context: S3Context,
  bucket: GovernedBucket,
  {
    key,
    upload,
    parts,
  }: { readonly key: ObjectKey; readonly upload: UploadRecord; readonly parts: readonly PartRecord[] },
) {
  const { envelope } = upload;
  const verdict = judgeParts(bucket, key, { upload: { envelope, held: isHeld(context, bucket, upload) }, parts });
  return { verdict, envelope: verdict?.startsWith('sealed:') === true ? envelope : null };
}
