// The database is lost. A backup, sealed to the operator, brings everything back that was acknowledged before it.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilStored } from '../support/copies.ts';
import {
  admin,
  type Credentials,
  createBucket,
  type GatewayProcess,
  launchGateway,
  newDataDir,
  removeDataDir,
  sealgate,
} from '../support/gateway.ts';
import { createTestDatabase, startTestCluster, type TestCluster } from '../support/postgres.ts';
import { newClient } from '../support/s3-client.ts';
import { filesBelow } from '../support/stored-files.ts';

const PATIENCE_MS = 120_000;
const ADMIN_KEY = 'an admin key of the backup test';
const dataDir = newDataDir();
const backends = join(dataDir, 'backends');
let cluster: TestCluster;
let gateway: GatewayProcess | undefined;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(async () => {
  await gateway?.stop();
  await cluster.stop();
  removeDataDir(dataDir);
});

type Tenant = Pick<Credentials, 'tenant' | 'accessKeyId' | 'secretAccessKey'>;
const NOBODY: Tenant = { tenant: '', accessKeyId: '', secretAccessKey: '' };

/** A gateway on a database of somebody else's. It writes no credentials file, so the test does. */
async function startOn(databaseUrl: string, tenant: Tenant): Promise<GatewayProcess> {
  const started = await launchGateway({
    ...{ dataDir, region: 'eu-sovereign-1', adminKey: ADMIN_KEY, ...tenant },
    env: {
      DATABASE_URL: databaseUrl,
      ADMIN_API_KEY: ADMIN_KEY,
      TENANT_SECRET_PASSPHRASE: 'a passphrase of the backup test',
      SEALGATE_ATTEMPT_AGE_SECONDS: '20',
      SEALGATE_SWEEP_INTERVAL_SECONDS: '1',
    },
  });
  writeFileSync(join(dataDir, 'credentials.json'), JSON.stringify(started.credentials));
  return started;
}

const bodyOf = (key: string): Buffer => Buffer.from(`${key} `.repeat(5000));
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
const files = (): string[] =>
  filesBelow(backends)
    .map((file) => basename(file))
    .filter((name) => /\.\d+$/.test(name));

/** Makes a key pair and writes a half of it where an operator would keep it. */
async function keyFile(name: string, ...half: readonly string[]): Promise<string> {
  const file = join(dataDir, `${name}${half.join('')}.jwk`);
  const { stdout, code } = await sealgate({ dataDir }, ['keys', 'export', name, ...half]);
  expect(code).toBe(0);
  writeFileSync(file, stdout);
  return file;
}

async function read(s3: S3Client, Key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'kept', Key }));
  return md5((await Body?.transformToByteArray()) ?? new Uint8Array());
}

test('a backup taken under load restores into an empty database; what it does not know is left alone until released', async () => {
  const [first, second] = [await createTestDatabase(cluster.address), await createTestDatabase(cluster.address)];
  gateway = await startOn(first.databaseUrl, NOBODY);
  const places = [
    ['hel', 'FI'],
    ['fra', 'DE'],
    ['par', 'FR'],
  ] as const;
  for (const [id, country] of places) {
    mkdirSync(join(backends, id), { recursive: true });
    const place = {
      region: `region-${id}`,
      providerRegion: id,
      country,
      jurisdiction: 'EU',
      operatorJurisdiction: 'EU',
    };
    await admin(gateway, 'POST', '/admin/add-storage', {
      id,
      type: 'filesystem',
      endpoint: join(backends, id),
      provider: id,
      ...place,
    });
  }
  const made = await admin<{ credentials: { accessKeyId: string; secretAccessKey: string }[] }>(
    gateway,
    'POST',
    '/admin/tenants',
    { name: 'acme', defaultEncryption: 'off' },
  );
  const tenant = { ...NOBODY, tenant: 'acme', ...made.credentials[0] };
  await gateway.stop();
  gateway = await startOn(first.databaseUrl, tenant);
  await createBucket(gateway, 'kept', { encryption: 'off' });
  let s3 = newClient(gateway.credentials);
  const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: 'kept', Key, Body: bodyOf(Key) }));
  const before = Array.from({ length: 30 }, (_, i) => `before/${i}`);
  await Promise.all(before.map(put));

  for (const name of ['recovery', 'stranger'])
    await sealgate({ dataDir }, ['keys', 'create', '--name', name, '--no-passphrase']);
  const [publicFile, privateFile] = [await keyFile('recovery'), await keyFile('recovery', '--private')];
  const backup = join(dataDir, 'backup.sgd');
  const load = { on: true };
  const during: string[] = [];
  const writing = (async () => {
    for (let i = 0; load.on; i += 1) {
      await put(`during/${i}`);
      during.push(`during/${i}`);
    }
  })();
  const command = [
    'metadata',
    'backup',
    '--to',
    backup,
    '--recipient',
    publicFile,
    '--database-url',
    first.databaseUrl,
  ];
  const taken = await sealgate(gateway, command);
  load.on = false;
  await writing;
  expect(taken).toMatchObject({ code: 0 });
  expect((await sealgate(gateway, command)).code).toBe(2);
  const bytes = readFileSync(backup);
  for (const secret of [tenant.secretAccessKey, tenant.accessKeyId, 'before/1'])
    expect(bytes.includes(secret)).toBe(false);

  // Their last copies may come in after their acknowledgements, and are none of those that the backup does not know.
  await untilStored(gateway, 'kept', [...before, ...during]);
  const known = new Set(files());
  const after = Array.from({ length: 5 }, (_, i) => `after/${i}`);
  await Promise.all(after.map(put));
  await expect.poll(() => files().filter((file) => !known.has(file)).length, { timeout: PATIENCE_MS }).toBe(15);
  const unknown = files().filter((file) => !known.has(file));
  await gateway.kill();
  s3.destroy();
  await first.drop();

  const restore = (databaseUrl: string, key: string) =>
    sealgate({ dataDir }, [
      'metadata',
      'restore',
      '--json',
      '--from',
      backup,
      '--key',
      key,
      '--database-url',
      databaseUrl,
    ]);
  const stranger = await keyFile('stranger', '--private');
  expect((await restore(second.databaseUrl, stranger)).code).toBe(1);
  const { code, stdout, stderr } = await restore(second.databaseUrl, privateFile);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  expect(JSON.parse(stdout)).toMatchObject({ takenAt: expect.stringMatching(/^20/) as string });
  expect((await restore(second.databaseUrl, privateFile)).code).toBe(1);

  gateway = await startOn(second.databaseUrl, tenant);
  s3 = newClient(gateway.credentials);
  for (const key of before) expect(await read(s3, key)).toBe(md5(bodyOf(key)));
  await expect(read(s3, 'after/0')).rejects.toThrow();
  await put('new');
  expect(await read(s3, 'new')).toBe(md5(bodyOf('new')));
  const status = await sealgate(gateway, ['housekeeping', 'status']);
  expect(status.stdout).toMatch(/held since .* restored from the backup/);
  expect(unknown.filter((file) => !files().includes(file))).toEqual([]);
  expect((await sealgate(gateway, ['housekeeping', 'release'])).code).toBe(0);
  await expect.poll(() => unknown.filter((file) => files().includes(file)), { timeout: PATIENCE_MS }).toEqual([]);
  for (const key of before) expect(await read(s3, key)).toBe(md5(bodyOf(key)));
  s3.destroy();
});
