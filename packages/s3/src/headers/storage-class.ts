import { Fault } from '@sealgate/core/faults';

/** The storage classes of AWS. What each means here is the policy's business. */
export const storageClasses = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'OUTPOSTS',
  'GLACIER_IR',
  'SNOW',
  'EXPRESS_ONEZONE',
  'FSX_OPENZFS',
  'FSX_ONTAP',
] as const;

export type StorageClass = (typeof storageClasses)[number];

export function isStorageClass(text: string): text is StorageClass {
  return (storageClasses as readonly string[]).includes(text);
}

/** The form of any class name, S3's or a redundancy class of ours. */
const CLASS_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/**
 * Checks the form of `x-amz-storage-class`; which classes exist is for the caller to know.
 * @throws Fault InvalidStorageClass
 */
export function parseStorageClassName(text: string): string {
  if (CLASS_NAME.test(text)) return text;
  throw new Fault('InvalidStorageClass', 'The storage class you specified is not valid', {
    detail: { StorageClassRequested: text },
  });
}
