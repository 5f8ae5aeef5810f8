import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isFault } from '../faults/index.ts';
import type { AclPermission } from '../ports/index.ts';
import {
  aclPermits,
  cannedAcls,
  expandCannedAcl,
  formatAcl,
  grantsOf,
  isPrivateAcl,
  isPublicAcl,
  LOG_DELIVERY_SERVICE,
  parseAcl,
} from './acl.ts';
import type { Principal } from './principals.ts';
import { parseOwnership, parsePublicAccessBlock } from './settings.ts';

const user = (ownerId: string): Principal => ({
  kind: 'user',
  ownerId,
  accounts: [ownerId],
  names: ['user/x'],
  userId: 'x',
  userName: 'x',
});
const callers: Record<string, Principal> = {
  anonymous: { kind: 'anonymous' },
  stranger: user('stranger'),
  bucketOwner: user('bucket-owner'),
  log: { kind: 'service', service: LOG_DELIVERY_SERVICE },
};

describe('canned lists on an object that the bucket owner does not own', () => {
  const permitted = (name: (typeof cannedAcls)[number], caller: Principal, permission: AclPermission): boolean => {
    const acl = expandCannedAcl(name, { kind: 'object', ownerId: 'writer', bucketOwnerId: 'bucket-owner' });
    return acl !== null && aclPermits(acl, { caller, permission }, { ignorePublic: false });
  };
  const readers = (name: (typeof cannedAcls)[number]): string[] =>
    Object.entries(callers).flatMap(([who, caller]) => (permitted(name, caller, 'READ') ? [who] : []));

  test.each([
    ['private', []],
    ['public-read', ['anonymous', 'stranger', 'bucketOwner', 'log']],
    ['public-read-write', ['anonymous', 'stranger', 'bucketOwner', 'log']],
    ['authenticated-read', ['stranger', 'bucketOwner']],
    ['aws-exec-read', []],
    ['bucket-owner-read', ['bucketOwner']],
    ['bucket-owner-full-control', ['bucketOwner']],
    ['log-delivery-write', []],
  ] as const)('%s: %j read', (name, expected) => {
    expect(readers(name)).toEqual(expected);
  });

  test('full control is every permission', () => {
    const bucketOwner = user('bucket-owner');
    expect(permitted('bucket-owner-full-control', bucketOwner, 'WRITE_ACP')).toBe(true);
    expect(permitted('bucket-owner-read', bucketOwner, 'WRITE_ACP')).toBe(false);
    expect(permitted('public-read', { kind: 'anonymous' }, 'WRITE')).toBe(false);
  });
});

test('what the log service gets', () => {
  const acl = expandCannedAcl('log-delivery-write', { kind: 'bucket', ownerId: 'o', bucketOwnerId: 'o' });
  const may = (caller: Principal, permission: AclPermission): boolean =>
    acl !== null && aclPermits(acl, { caller, permission }, { ignorePublic: true });
  expect(may({ kind: 'service', service: LOG_DELIVERY_SERVICE }, 'WRITE')).toBe(true);
  expect(may({ kind: 'service', service: LOG_DELIVERY_SERVICE }, 'READ')).toBe(false);
  expect(may(user('stranger'), 'WRITE')).toBe(false);
});

test('public lists, and ignoring what is public in them', () => {
  const of = { kind: 'bucket', ownerId: 'o', bucketOwnerId: 'o' } as const;
  const open = cannedAcls.filter((name) => isPublicAcl(expandCannedAcl(name, of)));
  expect(open).toEqual(['public-read', 'public-read-write', 'authenticated-read']);
  const acl = expandCannedAcl('public-read', of);
  expect(acl !== null && aclPermits(acl, { caller: user('x'), permission: 'READ' }, { ignorePublic: true })).toBe(
    false,
  );
  expect(acl !== null && aclPermits(acl, { caller: user('o'), permission: 'READ' }, { ignorePublic: true })).toBe(true);
});

test('private is what names the owner only', () => {
  expect(isPrivateAcl(null, 'o')).toBe(true);
  expect(isPrivateAcl({ grants: grantsOf(null, 'o') }, 'o')).toBe(true);
  expect(isPrivateAcl({ grants: [] }, 'o')).toBe(true);
  expect(isPrivateAcl({ grants: grantsOf(null, 'p') }, 'o')).toBe(false);
});

describe('what is stored', () => {
  test('comes back', () => {
    for (const name of cannedAcls) {
      const acl = expandCannedAcl(name, { kind: 'bucket', ownerId: 'o', bucketOwnerId: 'o' });
      if (acl !== null) expect(parseAcl(formatAcl(acl))).toEqual(acl);
    }
  });

  test.each([
    '',
    '1',
    '{}',
    '{"grants":[{}]}',
    '{"grants":[{"grantee":{"kind":"group","group":"Friends"},"permission":"READ"}]}',
    '{"grants":[{"grantee":{"kind":"user","ownerId":"x"},"permission":"ALL"}]}',
  ])('%s grants nothing', (text) => {
    expect(() => parseAcl(text)).toThrow(expect.objectContaining({ code: 'InternalError' }) as object);
  });

  test('fuzz: only InternalError comes out of what was not stored', () => {
    const texts = fc.oneof(fc.string(), fc.json());
    fc.assert(
      fc.property(texts, fc.constantFrom(parseAcl, parseOwnership, parsePublicAccessBlock), (text, parse) => {
        try {
          parse(text);
        } catch (error) {
          expect(isFault(error, 'InternalError')).toBe(true);
        }
      }),
    );
  });
});
