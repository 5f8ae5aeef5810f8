// A gateway makes backups of its metadata by itself. Then its database is lost, and one of the backends.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveAsS3 } from '../support/backend-as-s3.ts';
import {
  admin,
  createBucket,
  type GatewayProcess,
  launchGateway,
  newDataDir,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { createTestDatabase, startTestCluster, type TestCluster } from '../support/postgres.ts';
import { newClient } from '../support/s3-client.ts';
import { filesBelow } from '../support/stored-files.ts';

const PATIENCE_MS = 90_000;
const EU = ['demo-hel', 'demo-tmp', 'demo-fra', 'demo-par', 'demo-ams', 'demo-sto'];
const SECRETS = {
  ADMIN_API_KEY: 'an admin key of the backups test',
  TENANT_SECRET_PASSPHRASE: 'a passphrase of the backups test',
};
const SCHEDULE = {
  SEALGATE_METADATA_BACKUP_INTERVAL_SECONDS: '2',
  SEALGATE_METADATA_BACKUP_POLICY: 'operators',
  SEALGATE_METADATA_BACKUP_DAILY: '1',
  SEALGATE_METADATA_BACKUP_WEEKLY: '0',
};
const POLICY = `apiVersion: sealgate/v1
kind: Policy
metadata:
  name: operators
spec:
  residency:
    regionLock: [EU]
`;

interface Backup {
  readonly id: string;
  readonly takenAt: string;
  readonly backends: readonly string[];
  readonly full: boolean;
  readonly keptAs: readonly string[];
}
interface Backups {
  readonly state: string;
  readonly error: string | null;
  readonly backups: readonly Backup[];
}

const dataDir = newDataDir();
const folder = join(dataDir, 'backends');
let cluster: TestCluster;
let gateway: GatewayProcess;
let s3: S3Client;
beforeAll(async () => {
  [cluster, gateway] = await Promise.all([
    startTestCluster(),
    startGateway({ dataDir, env: { ...SECRETS, SEALGATE_METADATA_BACKUP_INTERVAL_SECONDS: '0' } }),
  ]);
  const file = join(dataDir, 'operators.yaml');
  writeFileSync(file, POLICY);
  expect(await sealgate(gateway, ['policy', 'apply', file])).toMatchObject({ code: 0 });
  await gateway.stop();
  gateway = await startGateway({ dataDir, env: { ...SECRETS, ...SCHEDULE } });
  s3 = newClient(gateway.credentials);
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  await cluster.stop();
  removeDataDir(dataDir);
});

const bodyOf = (key: string): Buffer => Buffer.from(`${key} `.repeat(3000));
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
const list = () => admin<Backups>(gateway, 'GET', '/admin/metadata/backups');
const metrics = async () => await (await fetch(`${gateway.credentials.controlEndpoint}/metrics`)).text();

async function read(Key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'kept', Key }));
  return md5((await Body?.transformToByteArray()) ?? new Uint8Array());
}

/** Backends on which something of backups lies, whole or not. */
function holders(): string[] {
  return readdirSync(folder).filter((id) => filesBelow(join(folder, id)).some((path) => path.includes('/m@/')));
}

test('backups come by themselves onto two backends that the policy allows, and the older ones go', async () => {
  await expect.poll(async () => (await list()).backups.length, { timeout: PATIENCE_MS }).toBeGreaterThan(0);
  const [first] = (await list()).backups;
  expect(first).toMatchObject({ full: true });
  expect(first?.backends.filter((id) => EU.includes(id))).toHaveLength(2);
  // Nothing but the newest is kept, however many are made; two when midnight comes in between.
  await expect
    .poll(async () => (await list()).backups.every(({ id }) => id !== first?.id), { timeout: PATIENCE_MS })
    .toBe(true);
  expect((await list()).backups.length).toBeLessThanOrEqual(2);
  expect(holders().filter((id) => !EU.includes(id))).toEqual([]);
  expect(await metrics()).toMatch(/^sealgate_metadata_backup_newest_timestamp_seconds [1-9]/m);
  const { stdout } = await sealgate(gateway, ['housekeeping', 'status']);
  expect(stdout).toMatch(/^Newest backup of the metadata: 20/m);
  expect(stdout).toMatch(/^metadata-backup +20/m);
});

test('with the database lost, and one backend, all that was acknowledged before the backup is there again', async () => {
  await createBucket(gateway, 'kept', { encryption: 'off' });
  const keys = Array.from({ length: 20 }, (_, i) => `key/${i}`);
  await Promise.all(keys.map((Key) => s3.send(new PutObjectCommand({ Bucket: 'kept', Key, Body: bodyOf(Key) }))));
  const made = await sealgate(gateway, ['metadata', 'backup', '--now', '--json']);
  expect(made).toMatchObject({ code: 0 });
  const { backends } = JSON.parse(made.stdout) as Backup;
  expect(backends).toHaveLength(2);
  await gateway.kill();
  s3.destroy();
  rmSync(join(folder, backends[0] ?? 'none'), { recursive: true });

  const database = await createTestDatabase(cluster.address);
  const key = join(dataDir, 'recovery-key.json');
  const command = ['metadata', 'restore', '--json', '--from', folder, '--key', key];
  const restored = await sealgate({ dataDir }, [...command, '--database-url', database.databaseUrl]);
  expect(restored).toMatchObject({ code: 0 });

  // The same from a list of S3 endpoints, which is what there is when backends are no folders.
  const user = { accessKeyId: 'AKIDBACKENDS', secretAccessKey: 'secret-of-the-backends', owner: 'us' };
  const stores = await Promise.all(readdirSync(folder).map((name) => serveAsS3(join(folder, name), user)));
  const entries = stores.map(
    ({ endpoint }) =>
      `- endpoint: ${endpoint}\n  region: eu-test-1\n  accessKeyId: ${user.accessKeyId}\n  secretAccessKey: ${user.secretAccessKey}\n`,
  );
  writeFileSync(join(dataDir, 'stores.yaml'), entries.join(''));
  const other = await createTestDatabase(cluster.address);
  const listed = ['metadata', 'restore', '--json', '--from', 'stores.yaml', '--key', key];
  const again = await sealgate({ dataDir }, [...listed, '--database-url', other.databaseUrl]);
  expect(again).toMatchObject({ code: 0 });
  expect(JSON.parse(again.stdout)).toMatchObject({ takenAt: (JSON.parse(restored.stdout) as Backup).takenAt });
  expect(stores.some(({ requests }) => requests.some((line) => /\/m\//.test(line)))).toBe(true);
  await Promise.all(stores.map((store) => store.close()));

  const { region, tenant, accessKeyId, secretAccessKey } = gateway.credentials;
  gateway = await launchGateway({
    ...{ dataDir, region, tenant, accessKeyId, secretAccessKey, adminKey: SECRETS.ADMIN_API_KEY },
    env: { ...SECRETS, ...SCHEDULE, DATABASE_URL: database.databaseUrl },
  });
  writeFileSync(join(dataDir, 'credentials.json'), JSON.stringify(gateway.credentials));
  s3 = newClient(gateway.credentials);
  for (const Key of keys) expect(await read(Key)).toBe(md5(bodyOf(Key)));
});

test('a gateway whose operator has no key makes none, and says so', async () => {
  // This one has a database of somebody else's and no SEALGATE_RECOVERY_KEY.
  await expect.poll(async () => (await list()).state, { timeout: PATIENCE_MS }).toBe('no-key');
  const asked = await sealgate(gateway, ['metadata', 'backup', '--now']);
  expect([asked.code, asked.stderr]).toEqual([1, expect.stringContaining('SEALGATE_RECOVERY_KEY')]);
  const { stdout } = await sealgate(gateway, ['metadata', 'list']);
  expect(stdout).toContain('no recovery key');
  expect(gateway.log()).toContain('no backup of it is made');
  expect(existsSync(folder)).toBe(true);
});
