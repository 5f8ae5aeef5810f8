import { ALL_BLOCKED, formatAcl, formatOwnership, formatPublicAccessBlock } from '@sealgate/core/access';
import type { Bucket } from '@sealgate/core/ports';
import { implementedOperations, type OperationName, operationAccess } from '@sealgate/s3';
import { describe, expect, test } from 'vitest';
import {
  type FakeRequest,
  type FakeWorld,
  fakeBucket,
  fakeCaller,
  fakeContext,
  fakeTenant,
  fakeVersion,
} from '../../testing/s3-context.ts';
import { authorizeRequest } from './authorize.ts';
import type { Caller } from './caller.ts';
import { runGuarded } from './guard.ts';

const acme = fakeTenant('acme');
const other = fakeTenant('other');
const gone = fakeTenant('gone', { state: 'suspended' });
const anonymous: Caller = { kind: 'anonymous' };
const [owner, stranger] = [fakeCaller(acme), fakeCaller(other)];
const tenants = [acme, other, gone];
const denied = expect.objectContaining({ code: 'AccessDenied', message: 'Access Denied' }) as object;
const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

const policy = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });
const allow = (Action: string | readonly string[], more: object = {}): object => ({
  Effect: 'Allow',
  Principal: '*',
  Action,
  Resource: ['arn:aws:s3:::bkt', 'arn:aws:s3:::bkt/*'],
  ...more,
});
const identity = (Action: string | readonly string[]): string => policy({ Effect: 'Allow', Action, Resource: '*' });

const world = (configs: Bucket['configs'] = {}, more: Partial<FakeWorld> = {}): FakeWorld => ({
  tenants,
  buckets: [fakeBucket(acme, 'bkt', configs)],
  versions: [fakeVersion('k')],
  ...more,
});
const ask = (request: FakeRequest, there: FakeWorld = world()) => authorizeRequest(fakeContext(there, request));

describe('every operation that is served', () => {
  const copies = { 'x-amz-copy-source': '/bkt/k' };
  const asksLater = new Set(['new-bucket', 'keys-of-body']);
  const request = (operation: OperationName, caller: Caller): FakeRequest => ({
    operation,
    caller,
    headers: operation.includes('Copy') ? copies : {},
    query: 'uploadId=u',
  });

  test.each([...implementedOperations])('%s', async (operation) => {
    const { on } = operationAccess[operation];
    const bounded = fakeCaller(acme, { policy: identity('s3:DeleteBucketWebsite') });
    for (const caller of [stranger, anonymous, bounded]) {
      const context = fakeContext(world(), request(operation, caller));
      if (on === 'nothing' || asksLater.has(on) || (on === 'account' && caller === stranger)) {
        await authorizeRequest(context);
        expect(context.seen.decisions > 0).toBe(!asksLater.has(on));
      } else if (operation === 'DeleteBucketWebsite' && caller === bounded) {
        await authorizeRequest(context);
      } else await expect(authorizeRequest(context)).rejects.toThrow(denied);
    }
    await ask(request(operation, owner));
  });

  test('a handler that forgot to ask does not get away with it', async () => {
    for (const decided of [true, false]) {
      const run = runGuarded(
        fakeContext(world(), request('DeleteObjects', stranger)),
        () => Promise.resolve(),
        () => decided,
      );
      if (decided) await run;
      else await expect(run).rejects.toThrow(code('InternalError'));
    }
  });

  test('a handler does not run when the answer is no', async () => {
    let ran = false;
    const handler = () => {
      ran = true;
      return Promise.resolve();
    };
    const context = fakeContext(world(), request('GetObject', stranger));
    await expect(runGuarded(context, handler, () => true)).rejects.toThrow(denied);
    expect(ran).toBe(false);
  });
});

describe('the bucket', () => {
  test('that is not there is no secret', async () => {
    await expect(ask({ operation: 'GetObject', bucket: 'no', caller: anonymous })).rejects.toThrow(
      code('NoSuchBucket'),
    );
  });

  test('must be that of the owner whom the client expects', async () => {
    const request = (account: string): FakeRequest => ({
      operation: 'HeadBucket',
      caller: owner,
      headers: { 'x-amz-expected-bucket-owner': account },
    });
    for (const account of ['acme', 'acme-uuid', 'acme-owner']) await ask(request(account));
    await expect(ask(request('other'))).rejects.toThrow(denied);
  });

  test('of a suspended tenant is shut, whatever its policy says', async () => {
    const buckets = [fakeBucket(gone, 'bkt', { policy: policy(allow('s3:*')) })];
    await expect(ask({ operation: 'GetObject', caller: stranger }, world({}, { buckets }))).rejects.toThrow(denied);
  });

  test('whose policy cannot be read lets nobody in, but its owner repairs it', async () => {
    const broken = world({ policy: '{' });
    await expect(ask({ operation: 'GetObject', caller: stranger }, broken)).rejects.toThrow(code('InternalError'));
    await ask({ operation: 'DeleteBucketPolicy', caller: owner }, broken);
  });
});

describe('an object', () => {
  test('that is not there is known to those who may list, under the prefix that they may list', async () => {
    const listing = world({
      policy: policy(allow('s3:ListBucket', { Condition: { StringLike: { 's3:prefix': 'pub/*' } } })),
    });
    const request = (key: string): FakeRequest => ({ operation: 'HeadObject', key, caller: stranger });
    await ask(request('pub/x'), listing);
    await expect(ask(request('x'), listing)).rejects.toThrow(denied);
    const forbidden = world({ policy: policy(allow('s3:ListBucket'), allow('s3:GetObject', { Effect: 'Deny' })) });
    await expect(ask(request('pub/x'), forbidden)).rejects.toThrow(denied);
  });

  test('is judged by its tags', async () => {
    const Condition = { StringEquals: { 's3:ExistingObjectTag/level': 'open' } };
    const there = (tags: Record<string, string> | null): FakeWorld =>
      world({ policy: policy(allow('s3:GetObject', { Condition })) }, { versions: [fakeVersion('k', {}, { tags })] });
    const request: FakeRequest = { operation: 'GetObject', caller: stranger };
    await ask(request, there({ level: 'open' }));
    await expect(ask(request, there({ level: 'shut' }))).rejects.toThrow(denied);
    await expect(ask(request, there(null))).rejects.toThrow(denied);
  });

  test('by its version needs the right to versions', async () => {
    const there = world({ policy: policy(allow('s3:GetObject')) });
    await ask({ operation: 'GetObject', caller: stranger }, there);
    await expect(ask({ operation: 'GetObject', query: 'versionId=null', caller: stranger }, there)).rejects.toThrow(
      denied,
    );
  });

  test('of somebody else is not even its bucket owner’s to read, but to delete', async () => {
    const there = world({}, { versions: [fakeVersion('k', { ownerId: other.ownerId })] });
    await expect(ask({ operation: 'GetObject', caller: owner }, there)).rejects.toThrow(denied);
    await ask({ operation: 'DeleteObject', caller: owner }, there);
    await ask({ operation: 'GetObject', caller: stranger }, there);
  });

  test('is looked up once', async () => {
    const context = fakeContext(world(), { operation: 'GetObject', caller: owner });
    await authorizeRequest(context);
    await context.authorize(context);
    expect(context.seen).toEqual({ decisions: 1, reads: 1 });
    const tagging = fakeContext(world(), { operation: 'PutObjectTagging', caller: owner });
    await authorizeRequest(tagging);
    expect(tagging.seen.reads).toBe(0);
  });
});

describe('a write', () => {
  const acl = formatAcl({ grants: [{ grantee: { kind: 'group', group: 'AllUsers' }, permission: 'WRITE' }] });
  const put = (caller: Caller, headers: Record<string, string> = {}): FakeRequest => ({
    operation: 'PutObject',
    key: 'new',
    caller,
    headers,
  });

  test('may say what belongs to the writer, and no more', async () => {
    await ask(put(anonymous, { 'x-amz-acl': 'public-read', 'x-amz-tagging': 'a=b' }), world({ acl }));
    await expect(ask(put(anonymous, { 'x-amz-object-lock-mode': 'GOVERNANCE' }), world({ acl }))).rejects.toThrow(
      denied,
    );
    await expect(ask(put(stranger, { 'x-amz-object-lock-legal-hold': 'ON' }), world({ acl }))).rejects.toThrow(denied);
    const enforced = { ownership: formatOwnership('BucketOwnerEnforced'), policy: policy(allow('s3:PutObject')) };
    await ask(put(stranger, { 'x-amz-acl': 'bucket-owner-full-control' }), world(enforced));
    await expect(ask(put(stranger, { 'x-amz-tagging': 'a=b' }), world(enforced))).rejects.toThrow(denied);
  });

  test('of a bounded credential needs each right', async () => {
    const bounded = (...actions: readonly string[]): Caller => fakeCaller(acme, { policy: identity(actions) });
    await ask(put(bounded('s3:PutObject')));
    await expect(ask(put(bounded('s3:PutObject'), { 'x-amz-acl': 'private' }))).rejects.toThrow(denied);
    await ask(put(bounded('s3:PutObject', 's3:PutObjectAcl'), { 'x-amz-acl': 'private' }));
  });

  test('where public lists are ignored', async () => {
    const configs = { acl, 'public-access-block': formatPublicAccessBlock(ALL_BLOCKED) };
    await expect(ask(put(anonymous), world(configs))).rejects.toThrow(denied);
  });

  test('in parts is not for nobody', async () => {
    const request: FakeRequest = { operation: 'CreateMultipartUpload', caller: anonymous };
    await expect(ask(request, world({ acl }))).rejects.toThrow(denied);
    await ask({ ...request, caller: stranger }, world({ acl }));
  });

  test('an upload is its initiator’s to look at and to end', async () => {
    const uploads = [
      { key: 'k', uploadId: 'u', initiator: 'other-key', attributes: fakeVersion('k').attributes },
    ] as never;
    const request = (caller: Caller): FakeRequest => ({ operation: 'ListParts', query: 'uploadId=u', caller });
    await ask(request(stranger), world({}, { uploads }));
    await expect(ask(request(fakeCaller(gone)), world({}, { uploads }))).rejects.toThrow(denied);
    await expect(ask(request(anonymous), world({}, { uploads }))).rejects.toThrow(denied);
  });
});

describe('a copy', () => {
  const source = (configs: Bucket['configs'], tags: Record<string, string> | null = null): FakeWorld => ({
    tenants,
    buckets: [fakeBucket(acme, 'bkt', configs), fakeBucket(other, 'target')],
    versions: [fakeVersion('k', {}, { tags })],
  });
  const copy = (headers: Record<string, string> = {}): FakeRequest => ({
    operation: 'CopyObject',
    bucket: 'target',
    caller: stranger,
    headers: { 'x-amz-copy-source': 'bkt/k', ...headers },
  });

  test('needs the right to read its source', async () => {
    await expect(ask(copy(), source({}))).rejects.toThrow(denied);
    await ask(copy(), source({ policy: policy(allow('s3:GetObject')) }));
    const expected = { 'x-amz-source-expected-bucket-owner': 'other' };
    await expect(ask(copy(expected), source({ policy: policy(allow('s3:GetObject')) }))).rejects.toThrow(denied);
  });

  test('of tags needs the right to read them', async () => {
    const there = source({ policy: policy(allow('s3:GetObject')) }, { a: 'b' });
    await expect(ask(copy(), there)).rejects.toThrow(denied);
    await ask(copy({ 'x-amz-tagging-directive': 'REPLACE' }), there);
    await ask(copy(), source({ policy: policy(allow(['s3:GetObject', 's3:GetObjectTagging'])) }, { a: 'b' }));
  });
});

describe('conditions', () => {
  const when = (operator: string, key: string, value: string): FakeWorld =>
    world({ policy: policy(allow('s3:*', { Condition: { [operator]: { [key]: value } } })) });
  const headers = { referer: 'https://example.com/', 'x-amz-storage-class': 'STANDARD', 'x-amz-copy-source': '/bkt/k' };

  test.each([
    ['IpAddress', 'aws:SourceIp', '192.0.2.0/24'],
    ['StringLike', 'aws:Referer', 'https://example.com/*'],
    ['Bool', 'aws:SecureTransport', 'false'],
    ['StringEquals', 'aws:username', 'other-key'],
    ['StringEquals', 'aws:PrincipalType', 'User'],
    ['ArnEquals', 'aws:PrincipalArn', 'arn:aws:iam::other:user/other-key'],
    ['StringEquals', 'aws:ResourceAccount', 'acme'],
    ['StringEquals', 's3:signatureversion', 'AWS4-HMAC-SHA256'],
    ['StringEquals', 's3:authType', 'REST-HEADER'],
    ['NumericLessThan', 's3:signatureAge', '2000'],
    ['DateLessThan', 'aws:CurrentTime', '1970-01-01T01:00:00Z'],
    ['NumericEquals', 'aws:EpochTime', '1000'],
    ['StringEquals', 's3:x-amz-storage-class', 'STANDARD'],
    ['StringEquals', 's3:x-amz-copy-source', 'bkt/k'],
    ['Null', 's3:TlsVersion', 'true'],
    ['StringEquals', 'aws:RequestedRegion', 'us-east-1'],
  ])('%s %s %s', async (operator, key, value) => {
    const request: FakeRequest = { operation: 'UploadPart', caller: stranger, headers: { ...headers } };
    await ask(request, when(operator, key, value));
    const not = operator === 'Null' ? 'false' : undefined;
    const negated = world({
      policy: policy(
        allow('s3:*'),
        allow('s3:*', { Effect: 'Deny', Condition: { [operator]: { [key]: not ?? value } } }),
      ),
    });
    if (not === undefined) await expect(ask(request, negated)).rejects.toThrow(denied);
    else await ask(request, negated);
  });

  test('on the class count for whichever header names it', async () => {
    const no = world({
      policy: policy(
        allow('s3:*'),
        allow('s3:PutObject', {
          Effect: 'Deny',
          Condition: { StringEquals: { 's3:x-amz-storage-class': 'ColdArchiveClass' } },
        }),
      ),
    });
    const put = (headers: Record<string, string>) => ask({ operation: 'PutObject', caller: stranger, headers }, no);
    await put({ 'x-amz-storage-class': 'STANDARD' });
    for (const name of ['x-amz-storage-class', 'x-sealgate-redundancy-class']) {
      const headers = { 'x-amz-storage-class': 'STANDARD', [name]: 'ColdArchiveClass' };
      await expect(put(headers)).rejects.toThrow(denied);
    }
  });

  test('sessions of roles are called by role and session', async () => {
    const session = fakeCaller(other, { kind: 'session', parent: 'role/reader/ann' });
    const named = (AWS: string): FakeWorld => world({ policy: policy(allow('s3:GetObject', { Principal: { AWS } })) });
    await ask({ operation: 'GetObject', caller: session }, named('arn:aws:iam::other:role/reader'));
    await ask({ operation: 'GetObject', caller: session }, named('arn:aws:sts::other:assumed-role/reader/ann'));
    const another = named('arn:aws:sts::other:assumed-role/reader/bob');
    await expect(ask({ operation: 'GetObject', caller: session }, another)).rejects.toThrow(denied);
  });
});
