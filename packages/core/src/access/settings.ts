import { Fault } from '../faults/index.ts';
import type { ObjectOwnership } from '../ports/index.ts';
import { isRecord } from './values.ts';

/**
 * The four switches against public access.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 */
export interface PublicAccessBlock {
  /** Refuse new lists that are public. */
  readonly blockPublicAcls: boolean;
  /** Grants to everybody count for nothing. */
  readonly ignorePublicAcls: boolean;
  /** Refuse new bucket policies that are public. */
  readonly blockPublicPolicy: boolean;
  /** While the bucket's policy is public, it allows nothing to others than the owner's account. */
  readonly restrictPublicBuckets: boolean;
}

export const NOTHING_BLOCKED: PublicAccessBlock = {
  blockPublicAcls: false,
  ignorePublicAcls: false,
  blockPublicPolicy: false,
  restrictPublicBuckets: false,
};

export const ALL_BLOCKED: PublicAccessBlock = {
  blockPublicAcls: true,
  ignorePublicAcls: true,
  blockPublicPolicy: true,
  restrictPublicBuckets: true,
};

const unreadable = (what: string, cause?: unknown): Fault =>
  new Fault('InternalError', `A stored ${what} cannot be read.`, { cause });

function parseStored(text: string, what: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch (error) {
    throw unreadable(what, error);
  }
  throw unreadable(what);
}

export const formatPublicAccessBlock = (block: PublicAccessBlock): string => JSON.stringify(block);

/** As it was stored. @throws Fault InternalError */
export function parsePublicAccessBlock(text: string): PublicAccessBlock {
  const stored = parseStored(text, 'public access block');
  const flag = (name: keyof PublicAccessBlock): boolean => {
    const value = stored[name];
    if (typeof value !== 'boolean') throw unreadable('public access block');
    return value;
  };
  return {
    blockPublicAcls: flag('blockPublicAcls'),
    ignorePublicAcls: flag('ignorePublicAcls'),
    blockPublicPolicy: flag('blockPublicPolicy'),
    restrictPublicBuckets: flag('restrictPublicBuckets'),
  };
}

const ownerships: readonly string[] = [
  'BucketOwnerEnforced',
  'BucketOwnerPreferred',
  'ObjectWriter',
] satisfies readonly ObjectOwnership[];

export const isObjectOwnership = (text: string): text is ObjectOwnership => ownerships.includes(text);

/** What a bucket without ownership controls has, as at AWS: who writes an object owns it. */
export const UNCONTROLLED_OWNERSHIP: ObjectOwnership = 'ObjectWriter';

export const formatOwnership = (objectOwnership: ObjectOwnership): string => JSON.stringify({ objectOwnership });

/** As it was stored. @throws Fault InternalError */
export function parseOwnership(text: string): ObjectOwnership {
  const { objectOwnership } = parseStored(text, 'ownership rule');
  if (typeof objectOwnership === 'string' && isObjectOwnership(objectOwnership)) return objectOwnership;
  throw unreadable('ownership rule');
}
