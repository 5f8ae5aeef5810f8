import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin, createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

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
const filesOf = (backend: string): string[] => {
  const walk = (dir: string): string[] =>
    readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? walk(join(dir, entry.name)) : [join(dir, entry.name)],
    );
  return walk(join(backendsDir(), backend)).filter((file) => statSync(file).size > 0);
};

test('the first session of the README: create, put, list, stat, get, range', async () => {
  await cli('bucket', 'create', 'vault');
  await cli('put', 'report.pdf', 's3://vault/report.pdf');
  expect(await cli('ls', 's3://vault')).toContain('report.pdf');
  await cli('get', 's3://vault/report.pdf', 'copy.pdf');
  expect(readFileSync(join(gateway.dataDir, 'copy.pdf')).equals(report)).toBe(true);
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
    renameSync(`${folder}.lost`, folder);
  }
});

test('no plaintext lies on any backend', async () => {
  const marker = 'FIND ME IF YOU CAN '.repeat(50);
  writeFileSync(join(gateway.dataDir, 'marker.txt'), marker);
  await cli('put', 'marker.txt', 's3://vault/marker.txt');
  const backends = readdirSync(backendsDir());
  const files = backends.flatMap(filesOf);
  expect(files.length).toBeGreaterThanOrEqual(6);
  for (const file of files) expect(readFileSync(file).includes('FIND ME IF YOU CAN')).toBe(false);
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
  const before = { american: american.flatMap(filesOf).length, european: european.flatMap(filesOf).length };
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
    backends
      .flatMap(filesOf)
      .filter((file) => digests.has(createHash('sha256').update(readFileSync(file)).digest('hex'))).length;
  expect(american.flatMap(filesOf)).toHaveLength(before.american);
  expect(european.flatMap(filesOf)).toHaveLength(before.european + 3 * 60);
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
