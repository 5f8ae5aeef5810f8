import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ObjectOwnership } from '../ports/index.ts';
import { ANONYMOUS_OWNER, expandCannedAcl } from './acl.ts';
import { type S3Action, s3Actions } from './actions.ts';
import { type AccessQuestion, type BucketAccess, decide, type ObjectAccess } from './decide.ts';
import { parsePolicyDocument } from './policy-document.ts';
import type { Principal } from './principals.ts';
import { isPublicPolicy } from './public.ts';
import { ALL_BLOCKED, NOTHING_BLOCKED } from './settings.ts';

const user = (account: string, name = 'key'): Principal => ({
  kind: 'user',
  ownerId: `${account}-id`,
  accounts: [account],
  names: [`user/${name}`],
  userId: name,
  userName: name,
});
const owner = user('owner');
const other = user('other');
const anonymous: Principal = { kind: 'anonymous' };

const identity = (effect: 'Allow' | 'Deny', action: string, resource = '*') =>
  parsePolicyDocument(
    JSON.stringify({ Version: '2012-10-17', Statement: { Effect: effect, Action: action, Resource: resource } }),
    { kind: 'identity' },
  );
const policy = (effect: 'Allow' | 'Deny', action: string, principal: unknown = '*'): BucketAccess['policy'] => {
  const Resource = ['arn:aws:s3:::b', 'arn:aws:s3:::b/*'];
  const text = JSON.stringify({ Statement: { Effect: effect, Action: action, Resource, Principal: principal } });
  const document = parsePolicyDocument(text, { kind: 'bucket', bucket: 'b' });
  return { document, isPublic: isPublicPolicy(document) };
};
const bucketAcl = (name: Parameters<typeof expandCannedAcl>[0]) =>
  expandCannedAcl(name, { kind: 'bucket', ownerId: 'owner-id', bucketOwnerId: 'owner-id' });

interface Asked extends Partial<Omit<AccessQuestion, 'bucket'>> {
  readonly bucket?: Partial<BucketAccess>;
}

function may(action: S3Action, asked: Asked = {}): boolean {
  const bucket: BucketAccess = {
    ownerId: 'owner-id',
    policy: null,
    acl: null,
    ownership: 'ObjectWriter',
    block: NOTHING_BLOCKED,
    ...asked.bucket,
  };
  return decide({
    caller: owner,
    identity: { policy: null, sessionPolicy: null },
    lookup: () => undefined,
    resource: 'arn:aws:s3:::b/k',
    ...asked,
    action,
    bucket,
  }).allowed;
}

describe('within the account that owns the bucket', () => {
  test('an unbounded credential may do everything', () => {
    for (const action of s3Actions) expect(may(action)).toBe(true);
  });

  test('an explicit Deny refuses, wherever it stands', () => {
    const allow = identity('Allow', 's3:*');
    expect(may('s3:GetObject', { bucket: { policy: policy('Deny', 's3:*') } })).toBe(false);
    expect(may('s3:GetObject', { identity: { policy: identity('Deny', 's3:Get*'), sessionPolicy: allow } })).toBe(
      false,
    );
    expect(may('s3:GetObject', { identity: { policy: allow, sessionPolicy: identity('Deny', 's3:Get*') } })).toBe(
      false,
    );
  });

  test('a bounded credential may do what its policy allows, or what the bucket allows to it by name', () => {
    const bounded = { policy: identity('Allow', 's3:GetObject'), sessionPolicy: null };
    expect(may('s3:GetObject', { identity: bounded })).toBe(true);
    expect(may('s3:PutObject', { identity: bounded })).toBe(false);
    const named = { policy: policy('Allow', 's3:*', { AWS: 'arn:aws:iam::owner:user/key' }) };
    expect(may('s3:PutObject', { identity: bounded, bucket: named })).toBe(true);
    // The account's name hands the right to the account, whose own policies then decide.
    const account = { policy: policy('Allow', 's3:*', { AWS: 'arn:aws:iam::owner:root' }) };
    expect(may('s3:PutObject', { identity: bounded, bucket: account })).toBe(false);
  });

  test('a session policy only takes away', () => {
    const session = { policy: identity('Allow', 's3:GetObject'), sessionPolicy: identity('Allow', 's3:*') };
    expect(may('s3:GetObject', { identity: session })).toBe(true);
    expect(may('s3:PutObject', { identity: session })).toBe(false);
    const silent = { policy: null, sessionPolicy: identity('Allow', 's3:ListBucket') };
    expect(may('s3:GetObject', { identity: silent, bucket: { policy: policy('Allow', 's3:*') } })).toBe(false);
  });

  test('nobody can lock the account out of its own policy', () => {
    const shut = { policy: policy('Deny', 's3:*') };
    expect(may('s3:PutBucketPolicy', { bucket: shut })).toBe(true);
    expect(may('s3:DeleteBucketPolicy', { bucket: shut })).toBe(true);
    const bounded = { policy: identity('Allow', 's3:*'), sessionPolicy: null };
    expect(may('s3:PutBucketPolicy', { bucket: shut, identity: bounded })).toBe(false);
    expect(may('s3:PutBucketPolicy', { bucket: shut, caller: other })).toBe(false);
  });
});

describe('from another account, and from nowhere', () => {
  test.each([
    ['nothing said', {}, false, false],
    ['public policy', { policy: policy('Allow', 's3:GetObject') }, true, true],
    ['policy for the account', { policy: policy('Allow', 's3:*', { AWS: 'other' }) }, true, false],
    ['policy for the user', { policy: policy('Allow', 's3:*', { AWS: 'arn:aws:iam::other:user/key' }) }, true, false],
    [
      'policy for another user',
      { policy: policy('Allow', 's3:*', { AWS: 'arn:aws:iam::other:user/x' }) },
      false,
      false,
    ],
    ['public policy, restricted', { policy: policy('Allow', 's3:*'), block: ALL_BLOCKED }, false, false],
    ['account, restricted', { policy: policy('Allow', 's3:*', { AWS: 'other' }), block: ALL_BLOCKED }, true, false],
  ] as const)('%s', (_, bucket, fromOther, fromNowhere) => {
    expect(may('s3:GetObject', { caller: other, bucket })).toBe(fromOther);
    expect(may('s3:GetObject', { caller: anonymous, bucket })).toBe(fromNowhere);
  });

  test('its own policy must allow, too', () => {
    const bucket = { policy: policy('Allow', 's3:*') };
    const bounded = { policy: identity('Allow', 's3:ListBucket'), sessionPolicy: null };
    expect(may('s3:ListBucket', { caller: other, bucket, identity: bounded })).toBe(true);
    expect(may('s3:GetObject', { caller: other, bucket, identity: bounded })).toBe(false);
  });

  test('lists of the bucket', () => {
    const bucket = { acl: bucketAcl('public-read-write') };
    for (const caller of [other, anonymous]) {
      expect(may('s3:ListBucket', { caller, bucket })).toBe(true);
      expect(may('s3:PutObject', { caller, bucket })).toBe(true);
      expect(may('s3:GetObject', { caller, bucket, object: { ownerId: null, acl: null } })).toBe(false);
      expect(may('s3:GetBucketAcl', { caller, bucket })).toBe(false);
      expect(may('s3:DeleteObject', { caller, bucket, object: { ownerId: null, acl: null } })).toBe(false);
    }
    expect(may('s3:ListBucket', { caller: other, bucket: { ...bucket, ownership: 'BucketOwnerEnforced' } })).toBe(
      false,
    );
    expect(may('s3:ListBucket', { caller: other, bucket: { ...bucket, block: ALL_BLOCKED } })).toBe(false);
    expect(may('s3:ListBucket', { caller: anonymous, bucket: { acl: bucketAcl('authenticated-read') } })).toBe(false);
  });

  test('an explicit Deny outdoes a list', () => {
    const bucket = { acl: bucketAcl('public-read'), policy: policy('Deny', 's3:ListBucket', { AWS: '*' }) };
    expect(may('s3:ListBucket', { caller: other, bucket })).toBe(false);
  });
});

describe("an object of somebody else in the owner's bucket", () => {
  const object: ObjectAccess = { ownerId: 'other-id', acl: null };

  test('belongs to its writer', () => {
    expect(may('s3:GetObject', { caller: other, object })).toBe(true);
    expect(may('s3:GetObject', { object })).toBe(false);
    expect(may('s3:GetObjectAcl', { object })).toBe(false);
    expect(may('s3:DeleteObject', { object })).toBe(true);
    expect(may('s3:DeleteObject', { caller: other, object })).toBe(false);
    expect(may('s3:DeleteObject', { caller: other, object, bucket: { acl: bucketAcl('public-read-write') } })).toBe(
      true,
    );
  });

  test("cannot be given away by the bucket's policy, but be denied", () => {
    const open = { policy: policy('Allow', 's3:*') };
    expect(may('s3:GetObject', { caller: anonymous, object, bucket: open })).toBe(false);
    expect(may('s3:GetObject', { caller: anonymous, object: { ...object, ownerId: null }, bucket: open })).toBe(true);
    expect(may('s3:GetObject', { caller: other, object, bucket: { policy: policy('Deny', 's3:*') } })).toBe(false);
  });

  test('belongs to the bucket owner where lists are disabled', () => {
    const bucket = { ownership: 'BucketOwnerEnforced' } as const;
    expect(may('s3:GetObject', { object, bucket })).toBe(true);
    expect(may('s3:GetObject', { caller: other, object, bucket })).toBe(false);
  });

  test('can be shared by its own list', () => {
    const full = expandCannedAcl('bucket-owner-full-control', {
      kind: 'object',
      ownerId: 'other-id',
      bucketOwnerId: 'owner-id',
    });
    expect(may('s3:PutObjectAcl', { object: { ...object, acl: full } })).toBe(true);
    expect(may('s3:GetObject', { caller: anonymous, object: { ...object, acl: full } })).toBe(false);
  });

  test('while it is written its writer sets list and tags, unless lists are disabled', () => {
    const beingWritten: ObjectAccess = { ownerId: ANONYMOUS_OWNER, acl: null, beingWritten: true };
    const bucket = { acl: bucketAcl('public-read-write') };
    expect(may('s3:PutObjectTagging', { caller: anonymous, object: beingWritten, bucket })).toBe(true);
    expect(may('s3:PutObjectAcl', { caller: anonymous, object: beingWritten, bucket })).toBe(true);
    expect(may('s3:PutObjectRetention', { caller: anonymous, object: beingWritten, bucket })).toBe(false);
    const enforced = { ...bucket, ownership: 'BucketOwnerEnforced' } as const;
    expect(may('s3:PutObjectTagging', { caller: anonymous, object: beingWritten, bucket: enforced })).toBe(false);
    // Afterwards nobody proves to be the anonymous writer.
    expect(may('s3:GetObject', { caller: anonymous, object: { ...beingWritten, beingWritten: false } })).toBe(false);
  });

  test('who began an upload may look at its parts and end it', () => {
    const begun: ObjectAccess = { ownerId: 'other-id', acl: null, beingWritten: true };
    expect(may('s3:AbortMultipartUpload', { caller: other, object: begun })).toBe(true);
    expect(may('s3:ListMultipartUploadParts', { caller: other })).toBe(false);
    expect(may('s3:AbortMultipartUpload', { caller: anonymous, object: begun })).toBe(false);
  });
});

test('the log service writes where a policy or the list names it', () => {
  const caller: Principal = { kind: 'service', service: 'logging.s3.amazonaws.com' };
  expect(may('s3:PutObject', { caller })).toBe(false);
  const named = policy('Allow', 's3:PutObject', { Service: 'logging.s3.amazonaws.com' });
  expect(may('s3:PutObject', { caller, bucket: { policy: named, block: ALL_BLOCKED } })).toBe(true);
  expect(may('s3:PutObject', { caller, bucket: { acl: bucketAcl('log-delivery-write') } })).toBe(true);
});

test('without a bucket only the own policy counts', () => {
  const base = { resource: 'arn:aws:s3:::*', lookup: () => undefined, action: 's3:ListAllMyBuckets' } as const;
  const free = { policy: null, sessionPolicy: null };
  expect(decide({ ...base, caller: owner, identity: free }).allowed).toBe(true);
  expect(decide({ ...base, caller: anonymous, identity: free }).allowed).toBe(false);
  const bounded = { policy: identity('Allow', 's3:GetObject'), sessionPolicy: null };
  expect(decide({ ...base, caller: owner, identity: bounded }).allowed).toBe(false);
});

describe('properties', () => {
  const actions = fc.constantFrom(...s3Actions);
  const callers = fc.constantFrom(owner, other, anonymous);
  const objects = fc.constantFrom<ObjectAccess | undefined>(
    undefined,
    { ownerId: null, acl: null },
    { ownerId: 'other-id', acl: bucketAcl('public-read') },
  );
  const buckets = fc.record({
    policy: fc.constantFrom(null, policy('Allow', '*'), policy('Allow', 's3:*', { AWS: 'other' })),
    acl: fc.constantFrom(null, bucketAcl('public-read-write'), bucketAcl('authenticated-read')),
    ownership: fc.constantFrom<ObjectOwnership>('BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'),
    block: fc.constantFrom(NOTHING_BLOCKED, ALL_BLOCKED),
  });
  const asked = (object: ObjectAccess | undefined) => (object === undefined ? {} : { object });

  test('a Deny of everything leaves nothing but the repair of the policy', () => {
    fc.assert(
      fc.property(actions, callers, objects, buckets, (action, caller, object, bucket) => {
        const shut = { ...bucket, policy: policy('Deny', '*') };
        const repair = caller === owner && action.endsWith('BucketPolicy');
        expect(may(action, { caller, bucket: shut, ...asked(object) })).toBe(repair);
      }),
    );
  });

  test('with everything public blocked and no policy, nobody from outside gets in but to its own', () => {
    fc.assert(
      fc.property(actions, objects, buckets, (action, object, bucket) => {
        const blocked = { ...bucket, policy: null, block: ALL_BLOCKED };
        expect(may(action, { caller: anonymous, bucket: blocked, ...asked(object) })).toBe(false);
      }),
    );
  });

  test('a bound never adds a right', () => {
    const bounds = fc.constantFrom(null, identity('Allow', 's3:Get*'), identity('Deny', 's3:Put*'));
    fc.assert(
      fc.property(actions, callers, objects, buckets, bounds, (action, caller, object, bucket, sessionPolicy) => {
        const free = may(action, { caller, bucket, ...asked(object) });
        const bound = may(action, { caller, bucket, ...asked(object), identity: { policy: null, sessionPolicy } });
        expect(bound && !free).toBe(false);
      }),
    );
  });
});
