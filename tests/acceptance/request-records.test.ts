// How requests are recorded is a matter of the tenant and of the bucket: what is promised of each holds through a kill.
import {
  CopyObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  admin,
  createBucket,
  type GatewayProcess,
  newDataDir,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { newClient } from '../support/s3-client.ts';

/** Nothing is recorded by itself, and what is batched stays in memory for longer than the test takes. */
const ENV = { SEALGATE_AUDIT_REQUESTS: 'off', SEALGATE_AUDIT_REQUESTS_FLUSH_MS: '60000' };
const dataDir = newDataDir();
let gateway: GatewayProcess;
let s3: S3Client;

beforeAll(async () => {
  gateway = await startGateway({ dataDir, env: ENV });
  s3 = newClient(gateway.credentials);
  for (const name of ['quiet', 'watched']) {
    await createBucket(gateway, name, { encryption: 'off' });
    await s3.send(new PutObjectCommand({ Bucket: name, Key: 'k', Body: name }));
  }
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(dataDir);
});

interface Item {
  readonly operation: string;
  readonly bucket?: string;
  readonly copySource?: string;
  readonly admitted?: boolean;
}

async function records(): Promise<readonly string[]> {
  const { tenant } = gateway.credentials;
  const { stdout, code } = await sealgate(gateway, ['audit', 'requests', '--of-tenant', tenant, '--json']);
  expect(code).toBe(0);
  const items = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Item);
  return items.map(({ operation, bucket, copySource, admitted }) =>
    [operation, bucket ?? '-', ...(copySource ? ['from', copySource] : []), ...(admitted ? ['admitted'] : [])].join(
      ' ',
    ),
  );
}

async function crash(): Promise<void> {
  await gateway.kill();
  s3.destroy();
  gateway = await startGateway({ dataDir, env: ENV });
  s3 = newClient(gateway.credentials);
}

async function read(Bucket: string): Promise<void> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'k' }));
  expect(await Body?.transformToString()).toBe(Bucket);
}

test('a bucket can have its requests recorded before they are served, and a kill loses none of them', async () => {
  const shown = await sealgate(gateway, ['bucket', 'policy', 'watched', '--request-records', 'synchronous', '--json']);
  expect(JSON.parse(shown.stdout)).toMatchObject({ name: 'watched', requestRecords: 'synchronous' });
  await read('quiet');
  await read('watched');
  // A copy reads, too, wherever it writes.
  await s3.send(new CopyObjectCommand({ Bucket: 'quiet', Key: 'copy', CopySource: 'watched/k' }));
  await crash();
  const seen = await until(records, (lines) => lines.length > 1, { what: 'the records' });
  const admitted = seen.filter((line) => line.endsWith('admitted'));
  expect(admitted.sort()).toEqual(['CopyObject quiet from watched/k admitted', 'GetObject watched admitted']);
  expect(seen.filter((line) => !line.includes('watched'))).toEqual([]);
});

test("a tenant's word holds for its buckets, the stricter one of a bucket over it, and both are in the log", async () => {
  const { tenant } = gateway.credentials;
  const update = (...args: readonly string[]) => sealgate(gateway, ['tenant', 'update', tenant, ...args]);
  const changed = await update('--request-records', 'synchronous', '--json');
  expect(JSON.parse(changed.stdout)).toMatchObject({ requestRecords: 'synchronous' });
  // A bucket cannot be laxer.
  await sealgate(gateway, ['bucket', 'policy', 'quiet', '--request-records', 'off']);
  const before = (await records()).length;
  await s3.send(new HeadObjectCommand({ Bucket: 'quiet', Key: 'k' }));
  await crash();
  const seen = await until(records, (lines) => lines.length > before, { what: 'the record' });
  expect(seen.filter((line) => line.startsWith('HeadObject'))).toEqual(['HeadObject quiet admitted']);

  expect((await update('--request-records', 'off')).code).toBe(0);
  await sealgate(gateway, ['bucket', 'policy', 'watched', '--request-records', 'none']);
  const known = (await records()).length;
  await read('quiet');
  await read('watched');
  // Whatever was to be written is, when it stops.
  await gateway.stop();
  s3.destroy();
  gateway = await startGateway({ dataDir, env: ENV });
  s3 = newClient(gateway.credentials);
  expect(await records()).toHaveLength(known);

  const { items } = await admin<{ items: { action: string; detail: unknown }[] }>(gateway, 'GET', '/admin/audit');
  const details = items.map(({ detail }) => JSON.stringify(detail));
  expect(details.filter((detail) => detail.includes('"requestRecords":"synchronous"')).length).toBe(2);
});
