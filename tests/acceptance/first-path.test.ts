import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilStored } from '../support/copies.ts';
import { admin, createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { newClient } from '../support/s3-client.ts';
import { bringBack, contentsBelow, filesBelow } from '../support/stored-files.ts';

interface Replica {
  readonly backend: string;
  readonly region: string;
  readonly state: string;
}

let gateway: GatewayProcess;
const report = randomBytes(2_500_000);

beforeAll(async () => {
  gateway = await startGateway();
  writeFileSync(join(gateway.dataDir, 'report.pdf'), report);
});
afterAll(async () => {
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

const cli = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await sealgate(gateway, args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: expect.any(String) as string });
  return stdout;
};
const replicasOf = async (address: string): Promise<readonly Replica[]> => {
  const stat = JSON.parse(await cli('stat', '--json', address)) as { blobs: { replicas: Replica[] }[] };
  return stat.blobs.flatMap((blob) => blob.replicas);
};
const backendsDir = (): string => join(gateway.dataDir, 'backends');
/** What the files of a backend hold, without the empty ones. */
const filesOf = (backend: string): Buffer[] =>
  [...contentsBelow(join(backendsDir(), backend)).values()].filter(({ length }) => length > 0);

test('the first session of the README: create, put, list, stat, get, range', async () => {
  await cli('bucket', 'create', 'vault');
  await cli('put', 'report.pdf', 's3://vault/report.pdf');
  expect(await cli('ls', 's3://vault')).toContain('report.pdf');
  await cli('get', 's3://vault/report.pdf', 'copy.pdf');
  expect(readFileSync(join(gateway.dataDir, 'copy.pdf')).equals(report)).toBe(true);
  await untilStored(gateway, 'vault', ['report.pdf']);
  const stored = (await replicasOf('s3://vault/report.pdf')).filter((replica) => replica.state === 'stored');
  expect(stored).toHaveLength(3);
  expect(new Set(stored.map((replica) => replica.region)).size).toBeGreaterThanOrEqual(2);
});

test('the same bytes come back after any one backend is gone', async () => {
  for (const { backend } of await replicasOf('s3://vault/report.pdf')) {
    const folder = join(backendsDir(), backend);
    renameSync(folder, `${folder}.lost`);
    await cli('get', '--debug', 's3://vault/report.pdf', 'again.pdf');
    expect(readFileSync(join(gateway.dataDir, 'again.pdf')).equals(report)).toBe(true);
    bringBack(`${folder}.lost`, folder);
  }
});

test('no plaintext lies on any backend', async () => {
  const marker = 'FIND ME IF YOU CAN '.repeat(50);
  writeFileSync(join(gateway.dataDir, 'marker.txt'), marker);
  await cli('put', 'marker.txt', 's3://vault/marker.txt');
  // The last copy too, which the next tests do not expect any more.
  await untilStored(gateway, 'vault', ['marker.txt']);
  const backends = readdirSync(backendsDir());
  const files = backends.flatMap(filesOf);
  expect(files.length).toBeGreaterThanOrEqual(6);
  for (const file of files) expect(file.includes('FIND ME IF YOU CAN')).toBe(false);
});

test('a strict bucket refuses what is not sealed and says how to seal', async () => {
  const s3 = newClient(gateway.credentials);
  const put = s3.send(new PutObjectCommand({ Bucket: 'vault', Key: 'plain', Body: 'not sealed' }));
  await expect(put).rejects.toMatchObject({
    name: 'EncryptionRequired',
    message: expect.stringContaining('sealgate put') as string,
    $metadata: { httpStatusCode: 403 },
  });
  s3.destroy();
  expect(await cli('ls', 's3://vault')).not.toContain('plain');
});

test('not one byte of an EU-locked bucket lands on the US backend', async () => {
  const { items } = await admin<{ items: { id: string; country: string }[] }>(gateway, 'GET', '/admin/backends');
  const american = items.filter((backend) => backend.country === 'US').map((backend) => backend.id);
  expect(american).toHaveLength(1);
  const european = items.map((backend) => backend.id).filter((id) => !american.includes(id));
  const blobsOf = (backends: readonly string[]): string[] =>
    backends.flatMap((id) => filesBelow(join(backendsDir(), id))).filter((file) => /\/b@\/.*\.\d+$/.test(file));
  const before = new Set(blobsOf([...american, ...european]));
  const added = (backends: readonly string[]): string[] => blobsOf(backends).filter((file) => !before.has(file));
  await createBucket(gateway, 'eu-only', { encryption: 'off', regionLock: ['EU'] });
  const s3 = newClient(gateway.credentials);
  const digests = new Set<string>();
  for (let i = 0; i < 60; i += 1) {
    const Body = randomBytes(1000 + i * 997);
    digests.add(createHash('sha256').update(Body).digest('hex'));
    await s3.send(new PutObjectCommand({ Bucket: 'eu-only', Key: `k${i}`, Body }));
  }
  s3.destroy();
  const found = (backends: readonly string[]): number =>
    backends.flatMap(filesOf).filter((bytes) => digests.has(createHash('sha256').update(bytes).digest('hex'))).length;
  // The last copies may come in after the answer.
  await until(
    () => Promise.resolve(added(european).length),
    (count) => count === 3 * 60,
    { what: 'three copies of each' },
  );
  expect(added(american)).toEqual([]);
  // Nor anything else: no place was made for the bucket there, with or without bytes.
  const { backends } = await admin<{ backends: Record<string, string> }>(
    gateway,
    'GET',
    `/proxy/buckets/${gateway.credentials.tenant}/eu-only`,
  );
  expect(Object.keys(backends).length).toBeGreaterThanOrEqual(3);
  for (const id of american) {
    expect(Object.keys(backends)).not.toContain(id);
    const names = readdirSync(join(backendsDir(), id));
    expect(names.filter((name) => Object.values(backends).includes(name))).toEqual([]);
  }
  // The gateway encrypts what its clients did not, so no backend anywhere has the bytes as they were.
  expect(found([...american, ...european])).toBe(0);
});

test('a bucket that no backend may serve is refused with the rule, before the body is read', async () => {
  await createBucket(gateway, 'nowhere', { encryption: 'off', regionLock: ['JP'] });
  const s3 = newClient(gateway.credentials, { maxAttempts: 1 });
  const put = s3.send(new PutObjectCommand({ Bucket: 'nowhere', Key: 'x', Body: randomBytes(100_000) }));
  await expect(put).rejects.toMatchObject({ message: expect.stringContaining('regionLock') as string });
  s3.destroy();
});
