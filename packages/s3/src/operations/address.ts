import { Fault } from '@sealgate/core/faults';
import { type BucketName, type ObjectKey, parseBucketName, parseObjectKey } from '@sealgate/core/names';
import { decodeUri } from '../query.ts';

/** What a request is about: the service, a bucket, or an object in it. */
export interface S3Address {
  readonly bucket?: BucketName;
  /** Only with a bucket. */
  readonly key?: ObjectKey;
}

export interface AddressRequest {
  /** The Host header, with or without a port. */
  readonly host: string;
  readonly rawPath: string;
  /** Domains whose sub-domains are buckets (`s3.example.eu` makes `photos.s3.example.eu` the bucket `photos`). */
  readonly baseDomains?: readonly string[];
}

/**
 * Path-style or virtual-host style address. Empty segments and dots of the key are kept as they are.
 * @throws Fault InvalidURI, InvalidBucketName, KeyTooLongError
 */
export function parseAddress(request: AddressRequest): S3Address {
  if (!request.rawPath.startsWith('/')) throw new Fault('InvalidURI', "Couldn't parse the specified URI.");
  const fromHost = hostBucketOf(request.host, request.baseDomains ?? []);
  if (fromHost !== undefined) return addressOf(fromHost, request.rawPath.slice(1));
  const path = request.rawPath.slice(1);
  if (path === '') return {};
  const slash = path.indexOf('/');
  return slash === -1 ? addressOf(path, '') : addressOf(path.slice(0, slash), path.slice(slash + 1));
}

function addressOf(rawBucket: string, rawKey: string): S3Address {
  const bucketText = decodeUri(rawBucket);
  const bucket = withBucketDetail(bucketText);
  return rawKey === '' ? { bucket } : { bucket, key: parseObjectKey(decodeUri(rawKey)) };
}

function withBucketDetail(text: string): BucketName {
  try {
    return parseBucketName(text);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.code, error.message, { detail: { BucketName: text } });
  }
}

/** The bucket that a Host header names, in lower case and not checked; undefined when it names none. */
export function hostBucketOf(host: string, baseDomains: readonly string[]): string | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  for (const domain of baseDomains) {
    const suffix = `.${domain.toLowerCase()}`;
    if (name.length > suffix.length && name.endsWith(suffix)) return name.slice(0, -suffix.length);
  }
  return undefined;
}
