import { Fault } from '@sealgate/core/faults';
import { BLOB_KEY_CHARS_MAX } from '../limits.ts';

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** Visible ASCII. Blob keys are made by the engine; what lies beside them may have been named by a tenant. */
const KEY = /^[\x21-\x7e]+$/;
/** In a URL these lead out of the bucket wherever something on the way, or the provider itself, resolves them. */
const DOT_SEGMENT = /(?:^|\/)\.\.?(?:\/|$)/;

/**
 * The second look at what becomes a path or a URL: names come parsed, but a driver trusts no caller with its root.
 * @throws Fault ValidationFailed
 */
export function checkBucket(bucket: string): void {
  if (!BUCKET.test(bucket) || bucket.includes('..')) {
    throw new Fault('ValidationFailed', 'A physical bucket has a valid S3 name of 3 to 63 characters.');
  }
}

/** @throws Fault ValidationFailed */
export function checkAddress(bucket: string, key: string): void {
  checkBucket(bucket);
  if (key.length > BLOB_KEY_CHARS_MAX || !KEY.test(key)) {
    throw new Fault('ValidationFailed', `A blob key has 1 to ${BLOB_KEY_CHARS_MAX} visible ASCII characters.`);
  }
  if (DOT_SEGMENT.test(key)) {
    throw new Fault('ValidationFailed', 'A blob key has no "." or ".." between slashes.');
  }
}
