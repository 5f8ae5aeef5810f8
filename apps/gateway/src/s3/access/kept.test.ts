import type { Metadata } from '@sealgate/core/ports';
import { fakeClock } from '@sealgate/runtime/testing';
import { expect, test } from 'vitest';
import { fakeBucket, fakeTenant } from '../../testing/s3-context.ts';
import { createReadBucketAccess } from './bucket-access.ts';
import { createDirectory } from './directory.ts';
import { TENANT_KEPT_MS } from './limits.ts';
import { createPolicies } from './policies.ts';

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;
const policy = (Resource: string): string =>
  JSON.stringify({ Statement: { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource } });

test('a policy is parsed once for a bucket, and again for another', () => {
  const policies = createPolicies();
  const text = policy('arn:aws:s3:::one/*');
  expect(policies.ofBucket(text, 'one')).toBe(policies.ofBucket(text, 'one'));
  expect(policies.ofBucket(text, 'one').isPublic).toBe(true);
  expect(() => policies.ofBucket(text, 'two')).toThrow(code('InternalError'));
  expect(() => policies.ofIdentity('{')).toThrow(code('InternalError'));
});

test('what a row says is read once, its policy only when it is asked for', () => {
  const readBucketAccess = createReadBucketAccess(createPolicies());
  const bucket = fakeBucket(fakeTenant('acme'), 'one', { policy: '{' });
  const access = readBucketAccess(bucket);
  expect(readBucketAccess(bucket)).toBe(access);
  expect(access.ownership).toBe('ObjectWriter');
  expect(() => access.policy).toThrow(code('InternalError'));
  expect(() => readBucketAccess(fakeBucket(fakeTenant('acme'), 'one', { acl: '{}' }))).toThrow(code('InternalError'));
});

test('a tenant is remembered for a while, an unknown one not at all', async () => {
  const clock = fakeClock();
  let tenant = fakeTenant('acme');
  const asked: string[] = [];
  const metadata = {
    tenantByOwner: (id: string) => {
      asked.push(id);
      return Promise.resolve(id === tenant.ownerId ? tenant : undefined);
    },
  } as unknown as Metadata;
  const directory = createDirectory({ metadata, clock });
  const shown = await directory.shown([tenant.ownerId, tenant.ownerId, 'nobody']);
  expect([...shown.values()]).toEqual([{ id: tenant.ownerId, displayName: 'ACME' }, { id: 'nobody' }]);
  expect(asked).toEqual([tenant.ownerId, 'nobody']);
  tenant = fakeTenant('acme', { state: 'suspended' });
  expect((await directory.owner(tenant.ownerId))?.state).toBe('active');
  clock.advance(TENANT_KEPT_MS + 1);
  expect((await directory.owner(tenant.ownerId))?.state).toBe('suspended');
  await directory.owner('nobody');
  expect(asked.filter((id) => id === 'nobody')).toHaveLength(2);
});
