// A policy that one gateway is told is obeyed by another one on the same database, without a restart.
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayCluster, hasRedis, startGatewayCluster } from '../support/cluster.ts';
import { admin, createBucket, type GatewayProcess } from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { newClient } from '../support/s3-client.ts';

const missing = hasRedis() ? '' : ' (skipped: the program "redis-server" is missing, which a cluster starts)';
const Bucket = 'plain';

let cluster: GatewayCluster;
let told: GatewayProcess;
let other: S3Client;

async function putAtOther(): Promise<string> {
  try {
    await other.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'bytes' }));
    return 'stored';
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

const obeys = (wanted: RegExp): Promise<string> =>
  until(putAtOther, (seen) => wanted.test(seen), { what: `the other gateway answers ${wanted}` });

function apply(name: string, spec: string): Promise<unknown> {
  const document = `apiVersion: sealgate/v1\nkind: Policy\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
  return admin(told, 'PUT', `/admin/policies/${name}`, { document });
}

const closing = (reason: string): string =>
  `{ rules: [{ name: closed, allow: 'request.key == ""', reason: ${reason} }] }`;

describe.skipIf(missing !== '')(`a second gateway${missing}`, () => {
  beforeAll(async () => {
    cluster = await startGatewayCluster({ gateways: 2 });
    const [first, second] = cluster.gateways as [GatewayProcess, GatewayProcess];
    told = first;
    other = newClient(second.credentials, { maxAttempts: 1 });
    await createBucket(told, Bucket, { encryption: 'off' });
  });
  afterAll(async () => {
    other.destroy();
    await cluster.stop();
  });

  test('obeys every layer of a policy that was applied or attached at the first', async () => {
    expect(await obeys(/^stored$/)).toBe('stored');
    await apply('default', closing('by the operator'));
    await obeys(/AccessDenied: .*by the operator/);
    await apply('default', '{}');
    await obeys(/^stored$/);

    await apply('of-tenant', closing('by the tenant'));
    await admin(told, 'PATCH', '/admin/tenants/default', { policy: 'of-tenant' });
    await obeys(/AccessDenied: .*by the tenant/);
    await apply('of-tenant', '{}');
    await obeys(/^stored$/);

    await apply('of-bucket', closing('by the bucket'));
    await admin(told, 'PATCH', `/admin/tenants/default/buckets/${Bucket}`, { policy: 'of-bucket' });
    await obeys(/AccessDenied: .*by the bucket/);
    await apply('of-bucket', '{ encryption: { mode: required } }');
    await obeys(/^EncryptionRequired/);
  });
});
