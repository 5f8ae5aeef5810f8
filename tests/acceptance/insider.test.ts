// Somebody with the database and the backends in hand changes what lies there. The gateway cannot know; the owner finds out.
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilStored } from '../support/copies.ts';
import { admin, createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { filesBelow } from '../support/stored-files.ts';

const INTEGRITY_FAILURE = 4;
const CONTENT = randomBytes(120_000);
const NAMES = [
  'one',
  'two',
  'stripped',
  'unsigned',
  'resigned',
  'downgraded',
  'version',
  'bytes-one',
  'bytes-two',
  'mixed',
];

let gateway: GatewayProcess;

beforeAll(async () => {
  gateway = await startGateway();
  await createBucket(gateway, 'vault', { encryption: 'required' });
  writeFileSync(join(gateway.dataDir, 'content'), CONTENT);
  await ok(['keys', 'create', '--use', 'sign', '--no-passphrase']);
  for (const name of NAMES) {
    await ok(['put', 'content', `s3://vault/${name}`]);
    await ok(['get', `s3://vault/${name}`, 'seen']);
  }
  await tamperWithRows();
  await tamperWithBytes();
  // What the gateway remembers of the rows is gone with it.
  await gateway.stop();
  gateway = await startGateway({ dataDir: gateway.dataDir });
});
afterAll(async () => {
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

async function ok(args: readonly string[]): Promise<void> {
  const { code, stderr } = await sealgate(gateway, args);
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
}

async function tamperWithRows(): Promise<void> {
  const root = join(gateway.dataDir, 'postgres');
  const { adminPassword } = JSON.parse(readFileSync(join(root, 'identity.json'), 'utf8')) as { adminPassword: string };
  // Beside the socket, which is no file.
  const lock = filesBelow(root).find((path) => /^\.s\.PGSQL\.\d+\.lock$/.test(basename(path)));
  const client = new Client({
    host: dirname(lock ?? root),
    port: 5432,
    user: 'postgres',
    password: adminPassword,
    database: 'sealgate',
  });
  await client.connect();
  const change = async (statement: string): Promise<void> => {
    const { rowCount } = await client.query(statement);
    expect([statement, (rowCount ?? 0) > 0]).toEqual([statement, true]);
  };
  try {
    await change(`UPDATE sealgate.objects o SET encrypted_key = p.encrypted_key FROM sealgate.objects p
      WHERE (o.key, p.key) IN (('one', 'two'), ('two', 'one'))`);
    await change(`UPDATE sealgate.objects SET encrypted_key = NULL, key_id = NULL, key_alg = NULL, encryption_alg = NULL,
      key_version = NULL WHERE key = 'stripped'`);
    await change(`UPDATE sealgate.objects SET headers = headers - 'manifest' WHERE key = 'unsigned'`);
    await change(`UPDATE sealgate.objects o SET headers = o.headers || jsonb_build_object('manifest', p.headers ->> 'manifest')
      FROM sealgate.objects p WHERE o.key = 'resigned' AND p.key = 'version'`);
    await change(`UPDATE sealgate.objects SET key_alg = 'RSA1_5',
      encrypted_key = replace(encrypted_key, '"ECDH-ES+A256KW"', '"RSA1_5"') WHERE key = 'downgraded'`);
    await change(`UPDATE sealgate.objects SET key_version = 99, key_id = 'mine' WHERE key = 'version'`);
    await change(`UPDATE sealgate.objects o SET blob_id = p.blob_id FROM sealgate.objects p
      WHERE o.key = 'mixed' AND p.key = 'version'`);
  } finally {
    await client.end();
  }
}

/** Every copy of one object's bytes is replaced by another's, of the same length and as genuine. */
async function tamperWithBytes(): Promise<void> {
  const { tenant } = gateway.credentials;
  const blobOf = async (key: string): Promise<string> => {
    const { blobs } = await admin<{ blobs: { blobId: string }[] }>(
      gateway,
      'GET',
      `/admin/stat/${tenant}/vault?key=${key}`,
    );
    return blobs[0]?.blobId ?? '';
  };
  await untilStored(gateway, 'vault', ['bytes-one', 'bytes-two']);
  const [victim, other] = [await blobOf('bytes-one'), await blobOf('bytes-two')];
  const folder = join(gateway.dataDir, 'backends');
  const files = filesBelow(folder, { temporary: false });
  const named = (id: string) => files.filter((file) => basename(file).includes(id));
  const [source = ''] = named(other);
  const copies = named(victim);
  expect(copies.length).toBeGreaterThanOrEqual(3);
  for (const copy of copies) copyFileSync(source, copy);
}

test.each([
  ['one', 'the envelope of another object', /manifest-mismatch|envelope-mismatch/],
  ['two', 'the envelope of another object', /manifest-mismatch|envelope-mismatch/],
  ['stripped', 'no envelope at all', /not-sealed/],
  ['unsigned', 'no manifest, where there was one', /manifest-missing/],
  ['resigned', 'the manifest of another object', /not-for-this-object/],
  ['downgraded', 'an envelope for a weaker algorithm', /unsupported/],
  ['mixed', 'the bytes of another object', /./],
])('%s: %s', async (key, _, code) => {
  const got = await sealgate(gateway, ['get', `s3://vault/${key}`, 'out', '--json']);
  expect(got.code).toBe(INTEGRITY_FAILURE);
  expect(/"code":"([a-z-]+)"/.exec(got.stderr)?.[1] ?? got.stderr).toMatch(code);
  expect(existsSync(join(gateway.dataDir, 'out'))).toBe(false);
});

test('a key version and a key id in a column decide nothing', async () => {
  await ok(['get', 's3://vault/version', 'version']);
  expect(readFileSync(join(gateway.dataDir, 'version')).equals(CONTENT)).toBe(true);
});

test('foreign bytes in the place of every copy are never delivered', async () => {
  const got = await sealgate(gateway, ['get', 's3://vault/bytes-one', 'out', '--json']);
  expect(got.code).not.toBe(0);
  expect(got.stdout).toBe('');
  expect(existsSync(join(gateway.dataDir, 'out'))).toBe(false);
});
