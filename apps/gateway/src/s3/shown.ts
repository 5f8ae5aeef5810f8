import type { Checksum } from '@sealgate/core/ports';

/** What S3 calls the default class; SDKs know this name. */
const STANDARD = 'STANDARD';

/** The storage class that listings and headers show for a redundancy class. */
export function shownClass(redundancyClass: string): string {
  return redundancyClass === 'StandardClass' ? STANDARD : redundancyClass;
}

/** A composite checksum is shown with the number of its parts. */
export function shownChecksum(checksum: Checksum, parts: number): Checksum {
  return checksum.type === 'COMPOSITE' && parts > 0 ? { ...checksum, value: `${checksum.value}-${parts}` } : checksum;
}
