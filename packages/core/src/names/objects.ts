import { Fault } from '../faults/index.ts';
import { KEY_BYTES_MAX } from '../limits.ts';
import type { Brand } from './brand.ts';

/** A tenant's bucket name that keeps the S3 rules. */
export type BucketName = Brand<string, 'BucketName'>;
/** An object key: 1 to 1024 bytes of UTF-8 without NUL, compared bytewise everywhere. */
export type ObjectKey = Brand<string, 'ObjectKey'>;

/** What every bucket name matches; {@link parseBucketName} knows some more rules. */
export const BUCKET_NAME_FORM = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const IPV4 = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;
const RESERVED_PREFIX = /^(xn--|sthree-|amzn-s3-demo-)/;
const RESERVED_SUFFIX = /(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/;

/**
 * Parses a general purpose bucket name.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 * @throws Fault InvalidBucketName
 */
export function parseBucketName(text: string): BucketName {
  const ok =
    BUCKET_NAME_FORM.test(text) &&
    !text.includes('..') &&
    !text.includes('.-') &&
    !text.includes('-.') &&
    !IPV4.test(text) &&
    !RESERVED_PREFIX.test(text) &&
    !RESERVED_SUFFIX.test(text);
  if (!ok) throw new Fault('InvalidBucketName', 'The specified bucket is not valid.');
  return text as BucketName;
}

/**
 * Parses a decoded object key. Any UTF-8 is legal, `..` and control characters too: keys never become paths. NUL is
 * refused because PostgreSQL text cannot hold it, lone surrogates because they have no UTF-8.
 * @throws Fault KeyTooLongError when it has more than 1024 bytes; InvalidURI when it cannot be a key at all.
 */
export function parseObjectKey(text: string): ObjectKey {
  if (text.length === 0) throw new Fault('InvalidURI', 'An object key must have at least one character.');
  if (text.includes('\0')) throw new Fault('InvalidURI', 'An object key cannot contain the NUL character.');
  if (!text.isWellFormed()) throw new Fault('InvalidURI', 'An object key must be valid UTF-8.');
  if (utf8Length(text) > KEY_BYTES_MAX) {
    throw new Fault('KeyTooLongError', 'Your key is too long.', { detail: { MaxSizeAllowed: KEY_BYTES_MAX } });
  }
  return text as ObjectKey;
}

function utf8Length(text: string): number {
  return text.length > KEY_BYTES_MAX ? text.length : new TextEncoder().encode(text).length;
}
