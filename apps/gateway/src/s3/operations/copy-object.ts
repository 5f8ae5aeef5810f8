import { Fault, isFault } from '@sealgate/core/faults';
import { PUT_BYTES_MAX } from '@sealgate/core/limits';
import type { ChecksumAlgorithm, ObjectVersion, StoredHeaders } from '@sealgate/core/ports';
import {
  copyObjectResult,
  createChecksum,
  headerValue,
  parseReadConditions,
  parseUploadChecksum,
  parseWriteConditions,
  type RequestHeaders,
  requireCopySourceConditions,
} from '@sealgate/s3';
import { copySourcePlace } from '../access/copy-source.ts';
import type { VersionPlace } from '../access/versions.ts';
import { requireKey, type S3Context } from '../context.ts';
import { type Unlocked, unlockVersion } from '../encryption/reading.ts';
import { NOT_ENCRYPTED, newEncryption, type WantedEncryption, wantedEncryption } from '../encryption/writing.ts';
import { requireGovernedBucket } from '../governed.ts';
import { setExpiration } from '../lifecycle-headers.ts';
import { admitManifest, manifestIn, withManifest } from '../manifest.ts';
import { replyXml, setAckHeaders, setHeaders } from '../reply.ts';
import { metadataHeaders, requestedClass, storedHeaders } from '../request-headers.ts';
import { type SealWatch, sealOfCopy } from '../seal.ts';
import { requestedTags } from '../tags.ts';
import { findVersion } from '../version-query.ts';
import { requestedAttributes } from '../write-attributes.ts';

/** Checksum of a copy whose source has none and whose request names none; AWS does the same. */
const DEFAULT_CHECKSUM: ChecksumAlgorithm = 'CRC64NVME';

const REDIRECT = 'x-amz-website-redirect-location';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
export async function copyObject(context: S3Context): Promise<void> {
  const bucket = await requireGovernedBucket(context);
  const key = requireKey(context);
  const { headers, response } = context;
  const attributes = await requestedAttributes(context, bucket);
  const wanted = wantedEncryption(context, bucket);
  const preconditions = parseWriteConditions(headers);
  const { source, version, unlocked } = await copySource(context);
  const directives = directivesOf(context);
  const ontoItself = source.bucket.id === bucket.id && version.key === key;
  if (ontoItself && source.versionId === undefined) requireChange(context, { version, wanted, directives });
  if (version.bytes > PUT_BYTES_MAX) {
    throw new Fault(
      'InvalidRequest',
      'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
    );
  }
  const seal = ontoItself
    ? { envelope: version.envelope, verdict: version.verdict }
    : sealOfCopy(bucket, key, { metadata: metadataHeaders(headers), version });
  // A sealed object stays what its owner can read off a backend.
  const encryption = await newEncryption(
    context,
    { bucket, key },
    wanted.byDefault && seal.envelope !== null ? NOT_ENCRYPTED : wanted,
  );
  const algorithm = parseUploadChecksum(headers)?.algorithm ?? version.checksum?.algorithm ?? DEFAULT_CHECKSUM;
  const brought = await admitManifest(bucket, ontoItself ? version.headers.manifest : manifestIn(headers));
  const seen = { push: () => undefined, finish: () => seal };
  // What a copy onto itself keeps was held to these bytes when they came.
  const watch = ontoItself
    ? seen
    : withManifest(seen, { headers, manifest: brought }, { bucket, key, bytes: version.bytes });
  const tags = directives.replaceTags ? directives.tags : version.tags;
  const result = await context.engine.putObject({
    bucket,
    key,
    body: context.engine.bodyOfVersion(version, {
      signal: context.signal,
      ...(await unlocked.key()),
      watch: summed(watch, algorithm),
    }),
    headers: headersOfCopy(headers, version.headers, { directives, ontoItself }),
    attributes: { ...attributes, encryption: encryption.record },
    ...encryption.key,
    tags,
    cause: 'copy',
    requestedClass: requestedClass(headers),
    preconditions,
    actor: context.actor,
    signal: context.signal,
  });
  setExpiration(context, bucket, { key, tags, bytes: result.bytes, modifiedAtMs: result.modifiedAtMs });
  if (result.versioned) response.setHeader('x-amz-version-id', result.versionId);
  if (source.bucket.versioning !== 'off') response.setHeader('x-amz-copy-source-version-id', version.versionId);
  setHeaders(response, encryption.headers);
  setAckHeaders(response, result);
  const { etag, modifiedAtMs, checksum } = result;
  replyXml(response, copyObjectResult({ etag, modifiedAtMs, ...(checksum === null ? {} : { checksum }) }));
}

/** What is told of the bytes of a copy while they go by. */
function summed(watch: SealWatch, algorithm: ChecksumAlgorithm) {
  const sum = createChecksum(algorithm);
  return {
    update(chunk: Uint8Array): void {
      watch.push(chunk);
      sum.update(chunk);
    },
    finish: () => ({
      checksum: { algorithm, value: sum.digest().toString('base64'), type: 'FULL_OBJECT' as const },
      ...watch.finish(),
    }),
  };
}

/**
 * A copy of an object onto itself must change something. A new checksum is a change too, and so is that the object will
 * be encrypted in another way, though the request does not say how: so tools take their own key off an object.
 * @throws Fault InvalidRequest
 */
function requireChange(
  { headers }: S3Context,
  copy: { readonly version: ObjectVersion; readonly wanted: WantedEncryption; readonly directives: Directives },
): void {
  const { version, wanted, directives } = copy;
  const encryptedAnew = version.envelope === null && (version.attributes.encryption?.kind ?? 'none') !== wanted.kind;
  const changes =
    !wanted.byDefault ||
    encryptedAnew ||
    directives.replaceMetadata ||
    requestedClass(headers) !== undefined ||
    headerValue(headers, REDIRECT) !== undefined ||
    headerValue(headers, 'x-amz-checksum-algorithm') !== undefined;
  if (changes) return;
  throw new Fault(
    'InvalidRequest',
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  );
}

/**
 * Everything but the redirect, which belongs to one object and comes with the request. So does a manifest; a copy of an
 * object onto itself is still what its writer signed.
 */
function headersOfCopy(
  headers: RequestHeaders,
  original: StoredHeaders,
  { directives, ontoItself }: { readonly directives: Directives; readonly ontoItself: boolean },
): StoredHeaders {
  const sent = storedHeaders(headers);
  const { websiteRedirectLocation: _, manifest: signed, ...copied } = original;
  const { manifest: brought, ...replaced } = sent;
  const manifest = ontoItself ? signed : brought;
  const redirect = headerValue(headers, REDIRECT);
  return {
    ...(directives.replaceMetadata ? replaced : copied),
    ...(redirect === undefined ? {} : { websiteRedirectLocation: redirect }),
    ...(manifest === undefined ? {} : { manifest }),
  };
}

export interface FoundSource {
  readonly source: VersionPlace;
  readonly version: ObjectVersion;
  readonly unlocked: Unlocked;
}

/** The version a copy reads, its conditions checked. @throws Fault NoSuchBucket, NoSuchKey, AccessDenied, PreconditionFailed */
export async function copySource(context: S3Context): Promise<FoundSource> {
  const place = await copySourcePlace(context);
  const version = await sourceVersion(context, place);
  requireCopySourceConditions(parseReadConditions(context.headers, 'x-amz-copy-source-'), {
    etag: version.etag,
    modifiedAtMs: version.modifiedAtMs,
  });
  const { bucket, key, versionId } = place;
  if (bucket.configs.logging !== undefined) {
    context.parts.push({ what: 'copied-from', bucket, key, versionId, fault: undefined });
  }
  return { source: place, version, unlocked: unlockVersion(context, version, 'copy-source') };
}

/** A delete marker is no source, and the headers of a read that found one do not belong to a copy. */
async function sourceVersion(context: S3Context, place: Parameters<typeof findVersion>[1]): Promise<ObjectVersion> {
  try {
    return await findVersion(context, place);
  } catch (error) {
    for (const name of ['x-amz-delete-marker', 'x-amz-version-id', 'allow']) context.response.removeHeader(name);
    if (!isFault(error, 'MethodNotAllowed')) throw error;
    throw new Fault(
      'InvalidRequest',
      'The source of a copy request may not specifically refer to a delete marker by version id.',
    );
  }
}

interface Directives {
  readonly replaceMetadata: boolean;
  readonly replaceTags: boolean;
  readonly tags: Readonly<Record<string, string>> | null;
}

function directivesOf(context: S3Context): Directives {
  const { headers } = context;
  const directive = (name: string): boolean => {
    const value = headerValue(headers, name)?.toUpperCase() ?? 'COPY';
    if (value === 'COPY' || value === 'REPLACE') return value === 'REPLACE';
    throw new Fault('InvalidArgument', `Unknown ${name.includes('tagging') ? 'tagging' : 'metadata'} directive.`, {
      detail: { ArgumentName: name, ArgumentValue: value.slice(0, 64) },
    });
  };
  return {
    replaceMetadata: directive('x-amz-metadata-directive'),
    replaceTags: directive('x-amz-tagging-directive'),
    tags: requestedTags(context),
  };
}
