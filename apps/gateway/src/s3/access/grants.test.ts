import { ANONYMOUS_OWNER, formatOwnership, formatPublicAccessBlock, NOTHING_BLOCKED } from '@sealgate/core/access';
import type { Bucket, ObjectOwnership } from '@sealgate/core/ports';
import type { RequestedGrant } from '@sealgate/s3';
import { describe, expect, test } from 'vitest';
import { fakeBucket, fakeCaller, fakeContext, fakeTenant } from '../../testing/s3-context.ts';
import type { Caller } from './caller.ts';
import { requestedOwnership, resolveGrants } from './grants.ts';

const acme = fakeTenant('acme');
const other = fakeTenant('other');
const [owner, stranger] = [fakeCaller(acme), fakeCaller(other)];
const anonymous: Caller = { kind: 'anonymous' };
const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

interface Write {
  readonly caller: Caller;
  readonly ownership: ObjectOwnership;
  readonly acl?: string;
  readonly headers?: Record<string, string>;
  readonly configs?: Bucket['configs'];
}

function write({ caller, ownership, acl, headers = {}, configs = {} }: Write) {
  const bucket = fakeBucket(acme, 'bkt', { ownership: formatOwnership(ownership), ...configs });
  const all = acl === undefined ? headers : { 'x-amz-acl': acl };
  const world = { tenants: [acme, other], buckets: [bucket] };
  return requestedOwnership(fakeContext(world, { operation: 'PutObject', caller, headers: all }), bucket);
}

describe('who owns what is written', () => {
  test.each<[ObjectOwnership, string | undefined, string | null]>([
    ['ObjectWriter', undefined, other.ownerId],
    ['ObjectWriter', 'bucket-owner-full-control', other.ownerId],
    ['BucketOwnerPreferred', undefined, other.ownerId],
    ['BucketOwnerPreferred', 'private', other.ownerId],
    ['BucketOwnerPreferred', 'bucket-owner-full-control', null],
    ['BucketOwnerEnforced', undefined, null],
    ['BucketOwnerEnforced', 'bucket-owner-full-control', null],
  ])('%s, %s', async (ownership, acl, expected) => {
    const said = acl === undefined ? {} : { acl };
    expect((await write({ caller: stranger, ownership, ...said })).ownerId).toBe(expected);
    expect((await write({ caller: owner, ownership, ...said })).ownerId).toBeNull();
  });

  test('nobody is somebody', async () => {
    expect(await write({ caller: anonymous, ownership: 'ObjectWriter' })).toEqual({
      ownerId: ANONYMOUS_OWNER,
      acl: null,
    });
  });
});

describe('where lists are disabled', () => {
  const ownership = 'BucketOwnerEnforced';
  test('one that holds anyway is taken, another is not', async () => {
    const nothing = { ownerId: null, acl: null };
    for (const acl of ['private', 'bucket-owner-read', 'bucket-owner-full-control']) {
      expect(await write({ caller: owner, ownership, acl })).toEqual(nothing);
    }
    const full = { 'x-amz-grant-full-control': `id=${acme.ownerId}` };
    expect(await write({ caller: stranger, ownership, headers: full })).toEqual(nothing);
    for (const [caller, acl] of [
      [stranger, 'private'],
      [stranger, 'bucket-owner-read'],
      [owner, 'public-read'],
      [owner, 'authenticated-read'],
    ] as const) {
      await expect(write({ caller, ownership, acl })).rejects.toThrow(code('AccessControlListNotSupported'));
    }
    const headers = { 'x-amz-grant-read': `id=${acme.ownerId}` };
    await expect(write({ caller: owner, ownership, headers })).rejects.toThrow(code('AccessControlListNotSupported'));
  });
});

test('public lists where they are blocked', async () => {
  const block = formatPublicAccessBlock({ ...NOTHING_BLOCKED, blockPublicAcls: true });
  const base = { caller: owner, ownership: 'ObjectWriter', configs: { 'public-access-block': block } } as const;
  for (const acl of ['public-read', 'public-read-write', 'authenticated-read']) {
    await expect(write({ ...base, acl })).rejects.toThrow(code('AccessDenied'));
  }
  const group = { 'x-amz-grant-read': 'uri=http://acs.amazonaws.com/groups/global/AllUsers' };
  await expect(write({ ...base, headers: group })).rejects.toThrow(code('AccessDenied'));
  await write({ ...base, acl: 'private' });
});

describe('grantees', () => {
  const directory = fakeContext({ tenants: [acme, other], buckets: [] }, { operation: 'ListBuckets', caller: owner })
    .access.directory;
  const resolve = async (grantee: RequestedGrant['grantee']) =>
    (await resolveGrants(directory, [{ grantee, permission: 'READ' }])).grants[0]?.grantee;

  test('are found', async () => {
    const found = { kind: 'user', ownerId: other.ownerId };
    expect(await resolve({ kind: 'id', id: other.ownerId })).toEqual(found);
    expect(await resolve({ kind: 'email', email: 'other@example.com' })).toEqual(found);
    const uri = 'http://acs.amazonaws.com/groups/s3/LogDelivery';
    expect(await resolve({ kind: 'uri', uri })).toEqual({ kind: 'group', group: 'LogDelivery' });
  });

  test('or refused; an address is no id, and an id no address', async () => {
    const invalid = code('InvalidArgument');
    await expect(resolve({ kind: 'id', id: 'nobody' })).rejects.toThrow(invalid);
    await expect(resolve({ kind: 'id', id: 'other@example.com' })).rejects.toThrow(invalid);
    await expect(resolve({ kind: 'uri', uri: 'http://example.com/' })).rejects.toThrow(invalid);
    const unknown = code('UnresolvableGrantByEmailAddress');
    await expect(resolve({ kind: 'email', email: 'nobody@example.com' })).rejects.toThrow(unknown);
    await expect(resolve({ kind: 'email', email: other.ownerId })).rejects.toThrow(unknown);
  });
});
