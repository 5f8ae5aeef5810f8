import { Fault } from '@sealgate/core/faults';
import type { Bucket, Checksum } from '@sealgate/core/ports';
import type { S3Context } from './context.ts';

/** What S3 calls the default class; SDKs know this name. */
const STANDARD = 'STANDARD';

/** The storage class that listings and headers show for a redundancy class. */
export function shownClass(redundancyClass: string): string {
  return redundancyClass === 'StandardClass' ? STANDARD : redundancyClass;
}

export function ownerOf(bucket: Bucket): { readonly id: string; readonly displayName: string } {
  return { id: bucket.ownerId, displayName: bucket.ownerDisplayName };
}

/** A composite checksum is shown with the number of its parts. */
export function shownChecksum(checksum: Checksum, parts: number): Checksum {
  return checksum.type === 'COMPOSITE' && parts > 0 ? { ...checksum, value: `${checksum.value}-${parts}` } : checksum;
}

/** `encoding-type` of a listing. @throws Fault InvalidArgument */
export function encodingType(context: S3Context): 'url' | undefined {
  const value = context.query.get('encoding-type');
  if (value === undefined || value === '') return undefined;
  if (value === 'url') return 'url';
  throw new Fault('InvalidArgument', 'Invalid Encoding Method specified in Request', {
    detail: { ArgumentName: 'encoding-type', ArgumentValue: value.slice(0, 64) },
  });
}

/** A number of the query between 0 and `max`; more is cut to `max`. @throws Fault InvalidArgument */
export function countParameter(context: S3Context, name: string, max: number): number {
  const text = context.query.get(name);
  if (text === undefined || text === '') return max;
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value > 2_147_483_647) {
    throw new Fault('InvalidArgument', `Provided ${name} not an integer or within integer range`, {
      detail: { ArgumentName: name, ArgumentValue: text.slice(0, 64) },
    });
  }
  return Math.min(value, max);
}
