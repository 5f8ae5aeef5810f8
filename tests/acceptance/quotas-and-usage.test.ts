// What a tenant may have and do, and what it is told that it had and did.
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin, type GatewayProcess, newDataDir, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { signatureHeaders } from '../support/signature.ts';

type Calls = Readonly<Record<'puts' | 'gets' | 'lists' | 'deletes' | 'bytesSent' | 'bytesReceived', number>>;
interface Line {
  readonly tenant: string | null;
  readonly part: string | null;
  readonly storedByteHours: number;
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly backends?: Calls;
  readonly cost?: { readonly currency: string; readonly storage: number | null; readonly egress: number | null } | null;
}

const dataDir = newDataDir();
let gateway: GatewayProcess;
const clients: S3Client[] = [];

beforeAll(async () => {
  gateway = await startGateway({ dataDir });
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await gateway.stop();
  removeDataDir(dataDir);
});

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}
const keys = new Map<string, Keys>();

async function newTenant(name: string, quotas: object = {}): Promise<S3Client> {
  const made = await admin<{ credentials: Keys[] }>(gateway, 'POST', '/admin/tenants', {
    name,
    defaultEncryption: 'off',
    quotas,
  });
  const [credentials] = made.credentials;
  if (credentials === undefined) throw new Error('no key pair');
  keys.set(name, credentials);
  const client = newClient(gateway.credentials, { credentials, maxAttempts: 1 });
  clients.push(client);
  await client.send(new CreateBucketCommand({ Bucket: `${name}-data` }));
  return client;
}

async function refusal(work: Promise<unknown>): Promise<readonly [string, number | undefined]> {
  const error: unknown = await work.then(
    () => new Error('was not refused'),
    (thrown: unknown) => thrown,
  );
  const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
  return [name, $metadata?.httpStatusCode];
}

const put = (client: S3Client, Bucket: string, Key: string, bytes: number) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(bytes, 'x') }));

test('bytes and objects are bounded, deletions count at once, and a new bound holds soon', async () => {
  const client = await newTenant('bounded', { bytes: 1000 });
  const Bucket = 'bounded-data';
  await put(client, Bucket, 'a', 600);
  expect(await refusal(put(client, Bucket, 'b', 401))).toEqual(['QuotaExceeded', 403]);
  await put(client, Bucket, 'b', 400);
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
  await put(client, Bucket, 'c', 600);
  expect(await admin(gateway, 'GET', '/admin/tenants/bounded/quota')).toEqual({
    quotas: { bytes: 1000, objects: null, requestsPerSecond: null },
    stored: { bytes: 1000, objects: 2 },
  });
  const changed = await sealgate(gateway, [
    'tenant',
    'update',
    'bounded',
    '--quota-bytes',
    '1MiB',
    '--quota-objects',
    '3',
  ]);
  expect(changed.code).toBe(0);
  await expect
    .poll(() =>
      put(client, Bucket, 'd', 500).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  expect(await refusal(put(client, Bucket, 'e', 1))).toEqual(['QuotaExceeded', 403]);
});

test('many writes at once do not add up to more than the quota', async () => {
  const client = await newTenant('crowd', { bytes: 10_000 });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 30 }, (_, i) => put(client, 'crowd-data', `k${i}`, 1000)),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
});

test('backup products are told what there is room for', async () => {
  const client = await newTenant('backup', { bytes: 5000 });
  await put(client, 'backup-data', 'a', 1500);
  const read = async (name: string): Promise<string> => {
    const Key = `.system-d26a9498-cb7c-4a87-a44a-8ae204f5ba6c/${name}.xml`;
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'backup-data', Key }));
    return (await Body?.transformToString()) ?? '';
  };
  expect(await read('system')).toContain('<CapacityInfo>true</CapacityInfo>');
  const capacity = await read('capacity');
  for (const part of ['<Capacity>5000<', '<Available>3500<', '<Used>1500<']) expect(capacity).toContain(part);
});

test('a tenant that asks too often is told to slow down, and no other one', async () => {
  const [fast, other] = [await newTenant('fast'), await newTenant('slow')];
  await put(fast, 'fast-data', 'a', 1);
  await put(other, 'slow-data', 'a', 1);
  await sealgate(gateway, ['tenant', 'update', 'fast', '--quota-requests', '3']);
  const read = async (client: S3Client, Bucket: string): Promise<void> => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'a' }));
    // Else it keeps its connection, and a slow machine runs out of them.
    await Body?.transformToByteArray();
  };
  // On a machine that is slow enough a burst may take the seconds that it is allowed.
  const burst = () => Promise.all(Array.from({ length: 40 }, () => refusal(read(fast, 'fast-data'))));
  await expect.poll(burst).toContainEqual(['SlowDown', 503]);
  await Promise.all(Array.from({ length: 10 }, () => read(other, 'slow-data')));
});

test('usage tells requests and bytes by bucket, and what was appended survives a kill', async () => {
  const client = await newTenant('metered');
  const Bucket = 'metered-data';
  for (let i = 0; i < 3; i += 1) await put(client, Bucket, `k${i}`, 1000);
  for (let i = 0; i < 5; i += 1) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'k0' }));
    await Body?.transformToByteArray();
  }
  const line = async (): Promise<Line | undefined> => {
    const to = new Date(Date.now() + 60_000).toISOString();
    const { items } = await admin<{ items: Line[] }>(gateway, 'GET', `/admin/usage?tenant=metered&by=bucket&to=${to}`);
    return items.find(({ part }) => part === Bucket);
  };
  await expect.poll(async () => (await line())?.requests).toBe(8);
  await expect.poll(async () => ((await line())?.storedByteHours ?? 0) > 0).toBe(true);
  expect(await line()).toMatchObject({ tenant: 'metered', bytesOut: 5000 });
  expect((await line())?.bytesIn).toBeGreaterThanOrEqual(3000);

  await gateway.kill();
  gateway = await startGateway({ dataDir });
  expect(await line()).toMatchObject({ requests: 8, bytesOut: 5000 });
  const { stdout } = await sealgate(gateway, ['usage', '--tenant', 'metered', '--by', 'bucket', '--csv']);
  expect(stdout).toMatch(/^tenant,bucket,storedByteHours,placedByteHours,requests,bytesIn,bytesOut\r\n/);
  expect(stdout).toMatch(/^metered,metered-data,\d+,\d+,8,/m);
});

/** A call of a tenant itself. */
async function asTenant(name: string, path: string): Promise<{ readonly status: number; readonly items: Line[] }> {
  const url = new URL(gateway.credentials.controlEndpoint + path);
  const { region } = gateway.credentials;
  const headers = signatureHeaders({ keys: keys.get(name)!, region, service: 's3', method: 'GET', url });
  const answer = await fetch(url, { headers });
  const { items = [] } = (await answer.json()) as { items?: Line[] };
  return { status: answer.status, items };
}

test('what backends were asked for is told by backend and class, with its cost, to operators alone', async () => {
  const client = await newTenant('asking');
  const Bucket = 'asking-data';
  for (let i = 0; i < 3; i += 1) await put(client, Bucket, `k${i}`, 1000);
  for (let i = 0; i < 5; i += 1) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'k0' }));
    await Body?.transformToByteArray();
  }
  const to = encodeURIComponent(new Date(Date.now() + 3_600_000).toISOString());
  const ask = async (query: string) =>
    (await admin<{ items: Line[] }>(gateway, 'GET', `/admin/usage?to=${to}&${query}`)).items;
  const sum = (lines: readonly Line[], member: keyof Calls) =>
    lines.reduce((all, { backends }) => all + (backends?.[member] ?? 0), 0);
  // Three copies of each object, and nothing else is of the class; a read of one backend may be raced by another's. What is
  // stored of each is a little more than the client sent: the gateway encrypts it.
  const ofClass = () => ask('tenant=asking&by=backend&class=StandardClass');
  await expect.poll(async () => sum(await ofClass(), 'puts')).toBe(9);
  await expect.poll(async () => sum(await ofClass(), 'bytesReceived')).toBeGreaterThanOrEqual(5000);
  const sent = sum(await ofClass(), 'bytesSent');
  expect([sent > 9000, sent < 9900]).toEqual([true, true]);
  await expect.poll(async () => sum(await ofClass(), 'gets')).toBeGreaterThanOrEqual(5);
  // Nobody's are pings.
  const nobody = async () => (await ask('by=backend')).filter(({ tenant }) => tenant === null);
  await expect.poll(async () => sum(await nobody(), 'gets')).toBeGreaterThan(0);

  const read = (await ofClass()).find(({ backends }) => (backends?.bytesReceived ?? 0) > 0);
  const one = read?.part ?? '';
  const priced = await sealgate(gateway, ['backend', 'price', one, '--egress', '90']);
  expect(priced.code).toBe(0);
  for (const { part, cost, backends } of await ofClass()) {
    if (part !== one) expect(cost).toBeNull();
    else {
      expect(cost).toMatchObject({ currency: 'EUR', storage: null });
      expect(cost?.egress).toBeCloseTo((backends?.bytesReceived ?? 0) * 90e-9, 12);
    }
  }
  const byBucket = await ask(`tenant=asking&by=bucket&backend=${one}&class=StandardClass`);
  expect(byBucket.map(({ part, backends }) => [part, backends?.bytesSent])).toEqual([
    [Bucket, (await ofClass()).find(({ part }) => part === one)?.backends?.bytesSent],
  ]);

  const total = await sealgate(gateway, ['usage', '--by', 'backend', '--total', '--json', '--class', 'StandardClass']);
  const { items } = JSON.parse(total.stdout) as { items: Line[] };
  expect(new Set(items.map(({ part }) => part)).size).toBe(items.length);
  expect(sum(items, 'bytesSent')).toBeGreaterThan(sent);

  // A tenant has its own figures, and none of backends.
  const own = async () => (await asTenant('asking', '/admin/usage?by=bucket')).items;
  await expect.poll(async () => (await own()).find(({ part }) => part === Bucket)?.requests).toBe(8);
  for (const item of await own()) expect(Object.keys(item)).not.toContain('backends');
  expect((await asTenant('asking', '/admin/usage?by=backend')).status).toBe(403);
  expect((await asTenant('asking', `/admin/usage?backend=${one}`)).status).toBe(403);

  await gateway.kill();
  gateway = await startGateway({ dataDir });
  expect(sum(await ofClass(), 'bytesSent')).toBe(sent);
  const { stdout } = await sealgate(gateway, ['usage', '--tenant', 'asking', '--by', 'backend', '--csv']);
  expect(stdout.split('\r\n')[0]).toBe(
    'tenant,backend,placedByteHours,puts,gets,lists,deletes,bytesSent,bytesReceived,currency,storageCost,egressCost,requestCost',
  );
  expect(stdout).toMatch(new RegExp(`^asking,${one},\\d+,\\d+,\\d+,`, 'm'));
});
