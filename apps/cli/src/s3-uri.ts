import { isFault } from '@sealgate/core/faults';
import { type BucketName, type ObjectKey, parseBucketName, parseObjectKey } from '@sealgate/core/names/objects';
import { usageError } from './cli-error.ts';

export interface ObjectUri {
  readonly bucket: BucketName;
  readonly key: ObjectKey;
}

/** A bucket, perhaps with the beginning of keys. */
export interface PrefixUri {
  readonly bucket: BucketName;
  readonly prefix: string;
}

const URI = /^s3:\/\/(?<bucket>[^/]+)(?:\/(?<rest>.*))?$/s;

/** @throws CliError for anything but `s3://bucket/key` */
export function parseObjectUri(text: string): ObjectUri {
  const { bucket, prefix } = parsePrefixUri(text);
  if (prefix === '') throw usageError(`${text} names no object.`, 'Write s3://bucket/key.');
  return { bucket, key: named(() => parseObjectKey(prefix)) };
}

/** @throws CliError for anything but `s3://bucket` or `s3://bucket/prefix` */
export function parsePrefixUri(text: string): PrefixUri {
  const { bucket, rest } = URI.exec(text)?.groups ?? {};
  if (bucket === undefined) throw usageError(`${text} is no S3 address.`, 'Write s3://bucket/key.');
  return { bucket: named(() => parseBucketName(bucket)), prefix: rest ?? '' };
}

/** @throws CliError for anything but `s3://bucket` */
export function parseBucketUri(text: string): { readonly bucket: BucketName } {
  const { bucket, prefix } = parsePrefixUri(text);
  if (prefix !== '') throw usageError(`${text} names more than a bucket.`, 'Write s3://bucket.');
  return { bucket };
}

export function formatUri(bucket: string, key = ''): string {
  return `s3://${bucket}/${key}`;
}

function named<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw isFault(error) ? usageError(error.message) : error;
  }
}
