import type { ChecksumAlgorithm } from '@sealgate/core/ports';
import type { BodySource, PutObjectResult } from '@sealgate/engine';
import {
  checksumOfName,
  headerValue,
  parseChecksumHeaders,
  parseWriteConditions,
  type RequestHeaders,
} from '@sealgate/s3';
import { declaredBytes, openBody } from '../body.ts';
import { requireKey, type S3Context } from '../context.ts';
import { NOT_ENCRYPTED, newEncryption, wantedEncryption } from '../encryption/writing.ts';
import { type GovernedBucket, requireGovernedBucket } from '../governed.ts';
import { setExpiration } from '../lifecycle-headers.ts';
import { admitManifest, manifestIn, withManifest } from '../manifest.ts';
import { requireDigestUnderLock } from '../object-lock.ts';
import { checksumHeader, replyEmpty, setAckHeaders, setHeaders } from '../reply.ts';
import { metadataHeaders, requestedClass, storedHeaders } from '../request-headers.ts';
import { type SealWatch, watchObject } from '../seal.ts';
import { requestedTags } from '../tags.ts';
import { requestedAttributes } from '../write-attributes.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export async function putObject(context: S3Context): Promise<void> {
  const bucket = await requireGovernedBucket(context);
  requireDigestUnderLock(context, bucket);
  const asked = askedChecksum(context.headers);
  await storeObject(context, bucket, {
    bytes: declaredBytes(context),
    open: (watch) => openBody(context, watch, asked),
  });
  replyEmpty(context.response, 200);
}

/** The checksum that a request names and does not bring, as those of MinIO's clients do: the object gets it all the same. */
function askedChecksum(headers: RequestHeaders): ChecksumAlgorithm | undefined {
  if (parseChecksumHeaders(headers).checksum !== undefined) return undefined;
  const name = headerValue(headers, 'x-amz-checksum-algorithm');
  return name === undefined ? undefined : checksumOfName(`x-amz-checksum-${name.toLowerCase()}`);
}

/** The bytes of an object to be, however they travel. */
export interface IncomingObject {
  readonly bytes: number;
  /** Called once everything else of the request was found acceptable. */
  readonly open: (watch: SealWatch) => BodySource;
}

/** Stores what a request sends under its key, as its headers say, and sets the headers of its answer. */
export async function storeObject(
  context: S3Context,
  bucket: GovernedBucket,
  incoming: IncomingObject,
): Promise<PutObjectResult> {
  const key = requireKey(context);
  const { headers, response } = context;
  const attributes = await requestedAttributes(context, bucket);
  const metadata = metadataHeaders(headers);
  const wanted = wantedEncryption(context, bucket);
  const { bytes } = incoming;
  const preconditions = parseWriteConditions(headers);
  const tags = requestedTags(context);
  const stored = storedHeaders(headers);
  const manifest = await admitManifest(bucket, manifestIn(headers));
  const watch = watchObject(bucket, key, { metadata, bytes, hold: wanted.byDefault && wanted.kind !== 'none' });
  const encryption = await newEncryption(context, { bucket, key }, watch.held ? NOT_ENCRYPTED : wanted);
  const result = await context.engine.putObject({
    bucket,
    key,
    body: incoming.open(withManifest(watch, { headers, manifest }, { bucket, key, bytes })),
    headers: stored,
    attributes: { ...attributes, encryption: encryption.record },
    ...encryption.key,
    tags,
    requestedClass: requestedClass(headers),
    preconditions,
    ...(context.request.method === 'POST' ? { cause: 'post' } : {}),
    actor: context.actor,
    signal: context.signal,
  });
  response.setHeader('etag', `"${result.etag}"`);
  setExpiration(context, bucket, { key, tags, bytes: result.bytes, modifiedAtMs: result.modifiedAtMs });
  setHeaders(response, encryption.headers);
  if (result.versioned) response.setHeader('x-amz-version-id', result.versionId);
  if (result.checksum !== null) {
    response.setHeader(...checksumHeader(result.checksum));
    response.setHeader('x-amz-checksum-type', result.checksum.type);
  }
  if (result.verdict !== null) response.setHeader('x-sealgate-verdict', result.verdict);
  setHeaders(response, context.headersOfVersion({ ...result, envelope: null, headers: {} }));
  setAckHeaders(response, result);
  return result;
}
