// Who may do what: two tenants and nobody, over the AWS SDK and plain HTTP. Policies, lists, ownership, public access.
import { randomUUID } from 'node:crypto';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  type CreateBucketCommandInput,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { admin, type GatewayProcess, removeDataDir, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

interface User {
  readonly name: string;
  readonly ownerId: string;
  readonly accessKeyId: string;
  readonly s3: S3Client;
}

let gateway: GatewayProcess;
let alice: User;
let bob: User;
let closed: User;
beforeAll(async () => {
  gateway = await startGateway();
  alice = await newUser('alice', { objectOwnership: 'ObjectWriter' });
  bob = await newUser('bob', { objectOwnership: 'ObjectWriter' });
  closed = await newUser('closed', {});
});
afterAll(async () => {
  for (const { s3 } of [alice, bob, closed]) s3.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

interface NewTenant {
  readonly ownerId: string;
  readonly credentials: readonly { readonly accessKeyId: string; readonly secretAccessKey: string }[];
}

async function newUser(name: string, settings: object): Promise<User> {
  const body = {
    name,
    displayName: `${name} the first`,
    email: `${name}@example.com`,
    defaultEncryption: 'off',
    settings,
  };
  const { ownerId, credentials } = await admin<NewTenant>(gateway, 'POST', '/admin/tenants', body);
  const [key] = credentials;
  return { name, ownerId, accessKeyId: key!.accessKeyId, s3: newClient({ ...gateway.credentials, ...key! }) };
}

async function newBucket(owner: User, settings: Omit<CreateBucketCommandInput, 'Bucket'> = {}): Promise<string> {
  const Bucket = `access-${randomUUID()}`;
  await owner.s3.send(new CreateBucketCommand({ Bucket, ...settings }));
  return Bucket;
}

const put = (user: User, Bucket: string, Key: string, more: object = {}) =>
  user.s3.send(new PutObjectCommand({ Bucket, Key, Body: `body of ${Key}`, ...more }));
const get = async (user: User, Bucket: string, Key: string): Promise<string> =>
  (await user.s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();

/** A request that nobody signed. */
async function unsigned(method: string, path: string, init: RequestInit = {}): Promise<string> {
  const answer = await fetch(`${gateway.credentials.s3Endpoint}/${path}`, { method, ...init });
  const text = await answer.text();
  return answer.ok ? `${answer.status} ${text}`.trim() : `${answer.status} ${/<Code>(\w+)/.exec(text)?.[1] ?? text}`;
}

async function errorOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return `${$metadata?.httpStatusCode ?? 0} ${name}`;
  }
}

const DENIED = '403 AccessDenied';
const policy = (Bucket: string, ...statements: readonly object[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({
      Effect: 'Allow',
      Principal: '*',
      Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
      ...statement,
    })),
  });
const putPolicy = (user: User, Bucket: string, ...statements: readonly object[]) =>
  user.s3.send(new PutBucketPolicyCommand({ Bucket, Policy: policy(Bucket, ...statements) }));

describe('a tenant of today', () => {
  test('has buckets without lists, shut against the public', async () => {
    const Bucket = await newBucket(closed);
    const { OwnershipControls } = await closed.s3.send(new GetBucketOwnershipControlsCommand({ Bucket }));
    expect(OwnershipControls?.Rules).toEqual([{ ObjectOwnership: 'BucketOwnerEnforced' }]);
    const { PublicAccessBlockConfiguration: block } = await closed.s3.send(new GetPublicAccessBlockCommand({ Bucket }));
    expect(Object.values(block!)).toEqual([true, true, true, true]);
    expect(await errorOf(put(closed, Bucket, 'k', { ACL: 'public-read' }))).toBe('400 AccessControlListNotSupported');
    expect(await errorOf(closed.s3.send(new PutBucketAclCommand({ Bucket, ACL: 'private' })))).toBe(
      '400 AccessControlListNotSupported',
    );
    expect(await errorOf(putPolicy(closed, Bucket, { Action: 's3:GetObject' }))).toBe(DENIED);
    // What says no more than what holds anyway is taken: tools send it unasked.
    await put(closed, Bucket, 'k', { ACL: 'private' });
    const shown = await closed.s3.send(new GetObjectAclCommand({ Bucket, Key: 'k' }));
    const AccessControlPolicy = { Owner: shown.Owner, Grants: shown.Grants };
    await closed.s3.send(new PutObjectAclCommand({ Bucket, Key: 'k', AccessControlPolicy }));
    expect(await errorOf(newBucket(closed, { ACL: 'public-read' }))).toBe('400 InvalidBucketAclWithObjectOwnership');
    const writer = { ACL: 'public-read', ObjectOwnership: 'ObjectWriter' } as const;
    expect(await errorOf(newBucket(closed, writer))).toBe('400 InvalidBucketAclWithBlockPublicAccessError');
  });

  test('shares with another tenant by policy, and with nobody else', async () => {
    const Bucket = await newBucket(closed);
    await put(closed, Bucket, 'k');
    expect(await errorOf(get(bob, Bucket, 'k'))).toBe(DENIED);
    await putPolicy(closed, Bucket, { Action: 's3:GetObject', Principal: { AWS: 'arn:aws:iam::bob:root' } });
    expect(await get(bob, Bucket, 'k')).toBe('body of k');
    expect(await errorOf(put(bob, Bucket, 'k'))).toBe(DENIED);
    expect(await errorOf(get(alice, Bucket, 'k'))).toBe(DENIED);
    expect(await unsigned('GET', `${Bucket}/k`)).toBe(DENIED);
    // What the other tenant writes belongs to the bucket's owner here.
    await putPolicy(closed, Bucket, { Action: 's3:PutObject', Principal: { CanonicalUser: bob.ownerId } });
    await put(bob, Bucket, 'from-bob', { ACL: 'bucket-owner-full-control' });
    expect(await get(closed, Bucket, 'from-bob')).toBe('body of from-bob');
    expect(await errorOf(get(bob, Bucket, 'from-bob'))).toBe(DENIED);
  });
});

describe('bucket policies', () => {
  test('are kept as they were sent, checked, and removed', async () => {
    const Bucket = await newBucket(alice);
    const read = () => alice.s3.send(new GetBucketPolicyCommand({ Bucket }));
    const status = async () =>
      (await alice.s3.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus?.IsPublic;
    expect(await errorOf(read())).toBe('404 NoSuchBucketPolicy');
    const Policy = policy(Bucket, { Action: 's3:GetObject' }).replace('{', '{\n ');
    await alice.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    expect((await read()).Policy).toBe(Policy);
    expect(await status()).toBe(true);
    await putPolicy(alice, Bucket, { Action: 's3:GetObject', Principal: { AWS: 'bob' } });
    expect(await status()).toBe(false);
    for (const statement of [{ Action: 's3:GetObjects' }, { Action: 's3:*', Resource: 'arn:aws:s3:::other' }, {}]) {
      expect(await errorOf(putPolicy(alice, Bucket, statement))).toBe('400 MalformedPolicy');
    }
    await alice.s3.send(new DeleteBucketPolicyCommand({ Bucket }));
    expect(await errorOf(read())).toBe('404 NoSuchBucketPolicy');
  });

  test('an explicit Deny holds for the owner too, who can still take it back', async () => {
    const Bucket = await newBucket(alice);
    await put(alice, Bucket, 'k');
    await putPolicy(alice, Bucket, { Effect: 'Deny', Action: 's3:*' });
    expect(await errorOf(get(alice, Bucket, 'k'))).toBe(DENIED);
    await alice.s3.send(new DeleteBucketPolicyCommand({ Bucket }));
    expect(await get(alice, Bucket, 'k')).toBe('body of k');
  });

  test('conditions on address, prefix and tags', async () => {
    const Bucket = await newBucket(alice);
    await put(alice, Bucket, 'open', { Tagging: 'level=open' });
    await put(alice, Bucket, 'shut', { Tagging: 'level=shut' });
    const Condition = {
      StringEquals: { 's3:ExistingObjectTag/level': 'open' },
      IpAddress: { 'aws:SourceIp': '127.0.0.0/8' },
    };
    await putPolicy(alice, Bucket, { Action: 's3:GetObject', Condition });
    expect(await unsigned('GET', `${Bucket}/open`)).toBe('200 body of open');
    // Only who signs may say as what the bytes are shown.
    expect(await unsigned('GET', `${Bucket}/open?response-content-type=text%2Fhtml`)).toBe('400 InvalidRequest');
    expect(await unsigned('GET', `${Bucket}/shut`)).toBe(DENIED);
    const elsewhere = { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } };
    await putPolicy(alice, Bucket, { Action: 's3:GetObject', Condition: elsewhere });
    expect(await unsigned('GET', `${Bucket}/open`)).toBe(DENIED);
    await putPolicy(alice, Bucket, { Action: 's3:ListBucket', Condition: { StringLike: { 's3:prefix': 'o*' } } });
    expect((await bob.s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'o' }))).KeyCount).toBe(1);
    expect(await errorOf(bob.s3.send(new ListObjectsV2Command({ Bucket })))).toBe(DENIED);
    // Whether an object exists is for those to know who may list it.
    expect(await errorOf(bob.s3.send(new HeadObjectCommand({ Bucket, Key: 'other' })))).toBe('404 NotFound');
    expect(await errorOf(bob.s3.send(new HeadObjectCommand({ Bucket, Key: 'no' })))).toMatch(/^403/);
  });
});

describe('access control lists', () => {
  test('open a bucket to everybody, object by object', async () => {
    const Bucket = await newBucket(alice, { ACL: 'public-read' });
    await put(alice, Bucket, 'open', { ACL: 'public-read' });
    await put(alice, Bucket, 'shut');
    expect(await unsigned('GET', `${Bucket}/open`)).toBe('200 body of open');
    expect(await unsigned('GET', `${Bucket}/shut`)).toBe(DENIED);
    expect(await unsigned('GET', `${Bucket}/missing`)).toBe('404 NoSuchKey');
    expect(await unsigned('GET', Bucket)).toContain('<Key>shut</Key>');
    expect(await unsigned('PUT', `${Bucket}/new`, { body: 'x' })).toBe(DENIED);
    expect(await unsigned('DELETE', `${Bucket}/open`)).toBe(DENIED);
    expect(await unsigned('GET', '')).toBe(DENIED);
    await alice.s3.send(new PutBucketAclCommand({ Bucket, ACL: 'public-read-write' }));
    expect(await unsigned('PUT', `${Bucket}/new`, { body: 'x' })).toBe('200');
  });

  test('name tenants by id and e-mail address', async () => {
    const Bucket = await newBucket(alice, {
      GrantRead: `id="${bob.ownerId}"`,
      GrantReadACP: 'emailaddress=bob@example.com',
    });
    await bob.s3.send(new ListObjectsV2Command({ Bucket }));
    const { Owner, Grants } = await bob.s3.send(new GetBucketAclCommand({ Bucket }));
    expect(Owner).toEqual({ ID: alice.ownerId, DisplayName: 'alice the first' });
    expect(Grants).toEqual(
      ['READ', 'READ_ACP'].map((Permission) => ({
        Grantee: { ID: bob.ownerId, DisplayName: 'bob the first', Type: 'CanonicalUser' },
        Permission,
      })),
    );
    expect(await errorOf(bob.s3.send(new PutBucketAclCommand({ Bucket, ACL: 'private' })))).toBe(DENIED);
    const unknown = { Bucket, GrantRead: 'emailaddress=nobody@example.com' };
    expect(await errorOf(alice.s3.send(new PutBucketAclCommand(unknown)))).toBe('400 UnresolvableGrantByEmailAddress');
    const AccessControlPolicy = { Owner: { ID: bob.ownerId }, Grants: [] };
    expect(await errorOf(alice.s3.send(new PutBucketAclCommand({ Bucket, AccessControlPolicy })))).toBe(DENIED);
  });

  test('who writes an object owns it, and the owner of the bucket may only remove it', async () => {
    const Bucket = await newBucket(alice, { ACL: 'public-read-write' });
    await put(bob, Bucket, 'bobs');
    await put(alice, Bucket, 'own');
    expect(await errorOf(get(alice, Bucket, 'bobs'))).toBe(DENIED);
    const { Contents } = await alice.s3.send(new ListObjectsV2Command({ Bucket, FetchOwner: true }));
    expect(Contents?.map(({ Owner }) => Owner?.DisplayName)).toEqual(['bob the first', 'alice the first']);
    const { Versions } = await alice.s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect(Versions?.map(({ Owner }) => Owner?.ID)).toEqual([bob.ownerId, alice.ownerId]);
    await bob.s3.send(new PutObjectAclCommand({ Bucket, Key: 'bobs', ACL: 'bucket-owner-read' }));
    expect(await get(alice, Bucket, 'bobs')).toBe('body of bobs');
    const acl = await bob.s3.send(new GetObjectAclCommand({ Bucket, Key: 'bobs' }));
    expect(acl.Owner?.ID).toBe(bob.ownerId);
    const { Errors, Deleted } = await bob.s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'bobs' }, { Key: 'own' }] } }),
    );
    expect(Deleted?.map(({ Key }) => Key)).toEqual(['bobs']);
    expect(Errors?.map(({ Key, Code }) => `${Key} ${Code}`)).toEqual(['own AccessDenied']);
    await put(bob, Bucket, 'bobs');
    await alice.s3.send(new DeleteObjectCommand({ Bucket, Key: 'bobs' }));
  });

  test('ownership can be preferred and enforced, once the list gives nothing away', async () => {
    const Bucket = await newBucket(alice, { ACL: 'public-read-write' });
    const rules = (ObjectOwnership: 'BucketOwnerEnforced' | 'BucketOwnerPreferred') =>
      alice.s3.send(
        new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules: [{ ObjectOwnership }] } }),
      );
    await rules('BucketOwnerPreferred');
    await put(bob, Bucket, 'given', { ACL: 'bucket-owner-full-control' });
    await put(bob, Bucket, 'kept');
    expect(await get(alice, Bucket, 'given')).toBe('body of given');
    expect(await errorOf(get(alice, Bucket, 'kept'))).toBe(DENIED);
    expect(await errorOf(rules('BucketOwnerEnforced'))).toBe('400 InvalidBucketAclWithObjectOwnership');
    await alice.s3.send(new PutBucketAclCommand({ Bucket, ACL: 'private' }));
    await rules('BucketOwnerEnforced');
    expect(await get(alice, Bucket, 'kept')).toBe('body of kept');
    expect(await errorOf(get(bob, Bucket, 'kept'))).toBe(DENIED);
    await alice.s3.send(new DeleteBucketOwnershipControlsCommand({ Bucket }));
    expect(await errorOf(alice.s3.send(new GetBucketOwnershipControlsCommand({ Bucket })))).toBe(
      '404 OwnershipControlsNotFoundError',
    );
    expect(await get(bob, Bucket, 'kept')).toBe('body of kept');
  });
});

test('the public access block shuts what was open', async () => {
  const Bucket = await newBucket(alice, { ACL: 'public-read' });
  await put(alice, Bucket, 'listed', { ACL: 'public-read' });
  await put(alice, Bucket, 'by-policy');
  await putPolicy(alice, Bucket, { Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/by-policy` });
  const state = async () => [await unsigned('GET', `${Bucket}/listed`), await unsigned('GET', `${Bucket}/by-policy`)];
  const block = (PublicAccessBlockConfiguration: object) =>
    alice.s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
  expect(await state()).toEqual(['200 body of listed', '200 body of by-policy']);
  await block({ IgnorePublicAcls: true });
  expect(await state()).toEqual([DENIED, '200 body of by-policy']);
  await block({ RestrictPublicBuckets: true });
  expect(await state()).toEqual(['200 body of listed', DENIED]);
  await block({ BlockPublicAcls: true, BlockPublicPolicy: true });
  expect(await state()).toEqual(['200 body of listed', '200 body of by-policy']);
  expect(await errorOf(put(alice, Bucket, 'new', { ACL: 'public-read' }))).toBe(DENIED);
  expect(await errorOf(putPolicy(alice, Bucket, { Action: 's3:*' }))).toBe(DENIED);
  await alice.s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  expect(await errorOf(alice.s3.send(new GetPublicAccessBlockCommand({ Bucket })))).toBe(
    '404 NoSuchPublicAccessBlockConfiguration',
  );
});

test('a copy reads as its caller may read', async () => {
  const [Source, Bucket] = [await newBucket(alice), await newBucket(bob)];
  await put(alice, Source, 'k');
  const copy = () => bob.s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Source}/k` }));
  expect(await errorOf(copy())).toBe(DENIED);
  await putPolicy(alice, Source, { Action: 's3:GetObject', Principal: { AWS: 'bob' } });
  await copy();
  expect(await get(bob, Bucket, 'copy')).toBe('body of k');
});

test('a bounded credential may do what its policy says, in other buckets too', async () => {
  const [own, foreign] = [await newBucket(bob), await newBucket(alice)];
  await put(bob, own, 'k');
  await put(alice, foreign, 'k');
  await putPolicy(alice, foreign, { Action: 's3:*', Principal: { AWS: `arn:aws:iam::bob:user/${bob.accessKeyId}` } });
  const path = `/proxy/credentials/${bob.accessKeyId}/policy`;
  const bounds = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' } };
  await admin(gateway, 'PUT', path, { policy: bounds });
  try {
    expect(await get(bob, own, 'k')).toBe('body of k');
    expect(await get(bob, foreign, 'k')).toBe('body of k');
    expect(await errorOf(put(bob, own, 'k'))).toBe(DENIED);
    expect(await errorOf(put(bob, foreign, 'k'))).toBe(DENIED);
    expect(await errorOf(newBucket(bob))).toBe(DENIED);
  } finally {
    await admin(gateway, 'DELETE', path);
  }
  await put(bob, foreign, 'k');
});
