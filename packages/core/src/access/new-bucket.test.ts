import { expect, test } from 'vitest';
import type { TenantSettings } from '../ports/index.ts';
import { expandCannedAcl } from './acl.ts';
import { accessOfNewBucket } from './new-bucket.ts';
import { ALL_BLOCKED, parseOwnership, parsePublicAccessBlock } from './settings.ts';

const owner = (settings: Partial<TenantSettings> = {}) => ({
  ownerId: 'o',
  settings: {
    objectOwnership: 'ObjectWriter',
    legacySignatures: false,
    blockPublicAccess: false,
    ...settings,
  } as const,
});
const list = (name: 'private' | 'public-read' | 'log-delivery-write') =>
  expandCannedAcl(name, { kind: 'bucket', ownerId: 'o', bucketOwnerId: 'o' });
const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

test('a tenant of today starts closed', () => {
  const documents = accessOfNewBucket(owner({ objectOwnership: 'BucketOwnerEnforced', blockPublicAccess: true }));
  expect(parseOwnership(documents.ownership ?? '')).toBe('BucketOwnerEnforced');
  expect(parsePublicAccessBlock(documents['public-access-block'] ?? '')).toEqual(ALL_BLOCKED);
  expect(documents.acl).toBeUndefined();
});

test('one that shares by lists has no controls, as at AWS, unless they are asked for', () => {
  expect(accessOfNewBucket(owner())).toEqual({});
  const asked = accessOfNewBucket(owner(), { ownership: 'ObjectWriter', acl: list('public-read') });
  expect(parseOwnership(asked.ownership ?? '')).toBe('ObjectWriter');
  expect(asked.acl).toContain('AllUsers');
});

test('what excludes each other is refused', () => {
  const enforced = { ownership: 'BucketOwnerEnforced' } as const;
  expect(() => accessOfNewBucket(owner(), { ...enforced, acl: list('public-read') })).toThrow(
    code('InvalidBucketAclWithObjectOwnership'),
  );
  expect(accessOfNewBucket(owner(), { ...enforced, acl: list('private') }).acl).toBeUndefined();
  const blocked = owner({ blockPublicAccess: true });
  expect(() => accessOfNewBucket(blocked, { acl: list('public-read') })).toThrow(
    code('InvalidBucketAclWithBlockPublicAccessError'),
  );
  expect(accessOfNewBucket(blocked, { acl: list('log-delivery-write') }).acl).toContain('LogDelivery');
});
