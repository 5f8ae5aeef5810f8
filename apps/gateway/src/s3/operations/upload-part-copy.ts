import { Fault } from '@sealgate/core/faults';
import { PUT_BYTES_MAX } from '@sealgate/core/limits';
import type { Checksum } from '@sealgate/core/ports';
import { checkCopySourceRange, copyPartResult, createChecksum, headerValue, parseCopySourceRange } from '@sealgate/s3';
import type { S3Context } from '../context.ts';
import { unlockUpload } from '../encryption/reading.ts';
import { requireGovernedBucket } from '../governed.ts';
import { replyXml, setAckHeaders, setHeaders } from '../reply.ts';
import { refuseServerSideEncryption, watchPart } from '../seal.ts';
import { copySource } from './copy-object.ts';
import { isHeld, partNumberOf, requireUpload } from './multipart.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
export async function uploadPartCopy(context: S3Context): Promise<void> {
  const bucket = await requireGovernedBucket(context);
  const partNumber = partNumberOf(context);
  const upload = await requireUpload(context, bucket);
  refuseServerSideEncryption(bucket, context.headers);
  const into = unlockUpload(context, upload);
  const { source, version, unlocked } = await copySource(context);
  const rangeText = headerValue(context.headers, 'x-amz-copy-source-range');
  const range =
    rangeText === undefined ? undefined : checkCopySourceRange(parseCopySourceRange(rangeText), version.bytes);
  if ((range === undefined ? version.bytes : range.end - range.start + 1) > PUT_BYTES_MAX) {
    throw new Fault('InvalidRequest', `A part has at most ${PUT_BYTES_MAX} bytes.`);
  }
  const watch = watchPart(bucket, upload.envelope, { partNumber, held: isHeld(context, bucket, upload) });
  const algorithm = upload.checksumAlgorithm;
  const sum = algorithm === null ? undefined : createChecksum(algorithm);
  const finishSum = (): Checksum | null =>
    algorithm === null || sum === undefined
      ? null
      : { algorithm, value: sum.digest().toString('base64'), type: 'FULL_OBJECT' };
  const result = await context.engine.uploadPart({
    bucket,
    upload,
    partNumber,
    ...(await into.key()),
    body: context.engine.bodyOfVersion(version, {
      signal: context.signal,
      ...(await unlocked.key()),
      ...(range === undefined ? {} : { range }),
      watch: {
        update(chunk) {
          watch.push(chunk);
          sum?.update(chunk);
        },
        finish: () => ({ ...watch.finish(), checksum: finishSum() }),
      },
    }),
    actor: context.actor,
    signal: context.signal,
  });
  const { response } = context;
  if (source.bucket.versioning !== 'off') response.setHeader('x-amz-copy-source-version-id', version.versionId);
  setHeaders(response, into.headers);
  setAckHeaders(response, result);
  const { etag, modifiedAtMs, checksum } = result;
  replyXml(response, copyPartResult({ etag, modifiedAtMs, ...(checksum === null ? {} : { checksum }) }));
}
