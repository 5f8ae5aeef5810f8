// Rotation of keys as an owner does it: a new key, `sealgate rewrap`, the old key thrown away. Nothing but envelopes moves.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilStored } from '../support/copies.ts';
import {
  admin,
  type CommandResult,
  cleanEnv,
  type GatewayProcess,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { holdRequests } from '../support/held-requests.ts';
import { manifestText, type Owner, type OwnerKey, ownerKey, ownerOf } from '../support/owner.ts';
import { until } from '../support/poll.ts';
import { contentsBelow } from '../support/stored-files.ts';

const bin = fileURLToPath(new URL('../../apps/cli/bin/sealgate.mjs', import.meta.url));
/** Above what the client sends in one request, so it is made of parts. */
const large = randomBytes(17 * 1024 * 1024 + 3);
const OBJECTS = 110;
let gateway: GatewayProcess;
let oldKey: OwnerKey;
let newKey: OwnerKey;
let recovery: OwnerKey;
const written = new Map<string, Buffer>();

const at = (...names: string[]): string => join(gateway.dataDir, ...names);
const cli = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CommandResult> =>
  sealgate(gateway, args, { env });
async function done(...args: string[]): Promise<CommandResult> {
  const result = await cli(args);
  expect({ args, ...result }).toMatchObject({ code: 0 });
  return result;
}

const ownerWith = (recipients: readonly OwnerKey[], opening: readonly OwnerKey[]): Owner =>
  ownerOf(gateway, 'vault', { recipients, opening });
const manifests = (): Promise<string> => manifestText(at('backends'), recovery);

/** What lies on backends of the objects' bytes: nothing of it may change, not even a time. */
function blobs(): Map<string, string> {
  const found = new Map<string, string>();
  for (const [path, bytes] of contentsBelow(at('backends'), { temporary: false })) {
    const facts = path.includes('/b@/') ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (facts === undefined) continue;
    found.set(path, `${facts.mtimeMs} ${facts.ino} ${createHash('sha256').update(bytes).digest('hex')}`);
  }
  return found;
}

/** Many at a time: one after the other they would wait for each other's journeys. */
async function ofEach(check: (key: string, bytes: Buffer) => Promise<void>): Promise<void> {
  const left = written.entries();
  const lane = async (): Promise<void> => {
    for (const [key, bytes] of left) await check(key, bytes);
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

async function behind(keys: readonly OwnerKey[]): Promise<number> {
  const sealedTo = encodeURIComponent(keys.map(({ keyId }) => keyId).join(','));
  const { tenant } = gateway.credentials;
  let count = 0;
  for (let cursor = ''; ; ) {
    const query = `tenant=${tenant}&bucket=vault&count=true&sealedTo=${sealedTo}${cursor}`;
    const page = await admin<{ behind: number; next: string | null }>(gateway, 'GET', `/proxy/envelopes?${query}`);
    count += page.behind;
    if (page.next === null) return count;
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
}

beforeAll(async () => {
  gateway = await startGateway({ env: { SEALGATE_RECOVERY_INTERVAL_SECONDS: '1' } });
  await done('bucket', 'create', 'vault');
  await done('keys', 'create', '--no-passphrase', '--name', 'old');
  await done('keys', 'create', '--no-passphrase', '--name', 'recovery', '--kind', 'RSA-3072');
  await done('keys', 'publish', 'recovery');
  [oldKey, recovery] = [await ownerKey(gateway, 'old'), await ownerKey(gateway, 'recovery')];
  const owner = ownerWith([oldKey], []);
  const put = async (key: string, bytes: Buffer): Promise<void> => {
    await owner.put(key, bytes);
    written.set(key, bytes);
  };
  for (let from = 0; from < OBJECTS; from += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, i) => put(`small/${from + i}`, randomBytes(100 + i))));
  }
  await put('large.bin', large);
  await put('a folder/übersicht', randomBytes(70_000));
  await untilStored(gateway, 'vault', written.keys());
  await done('keys', 'create', '--no-passphrase', '--name', 'new', '--kind', 'X25519');
  await done('keys', 'use', 'new', 'recovery');
  newKey = await ownerKey(gateway, 'new');
  await until(manifests, (text) => text.includes('small/0'), { what: 'a manifest' });
});
afterAll(async () => {
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

test('a dry run tells how many there are, and changes nothing', async () => {
  const { stdout } = await done('rewrap', 's3://vault', '--dry-run', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ dryRun: true, changed: written.size, withoutKey: 0 });
  expect(await behind([oldKey])).toBe(0);
});

test('killed in the middle and run again, it moves no byte, and the old key opens nothing any more', async () => {
  const bytesBefore = blobs();
  expect(await manifests()).toContain(oldKey.keyId);
  const proxy = await holdRequests(gateway.credentials.controlEndpoint, ({ method }) => method === 'PATCH');
  const held = proxy.hold(1);
  const child = spawn(process.execPath, [bin, 'rewrap', 's3://vault'], {
    cwd: gateway.dataDir,
    env: {
      ...cleanEnv(),
      ...{ SEALGATE_DATA_DIR: gateway.dataDir, HOME: gateway.dataDir, XDG_CONFIG_HOME: at('config') },
      SEALGATE_CONTROL_URL: proxy.endpoint,
    },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  await Promise.race([held, ended]);
  child.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGKILL']);
  await proxy.close();
  const left = await behind([newKey, recovery]);
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(written.size);

  // What was done is used already, what was not still opens.
  const both = ownerWith([newKey], [oldKey, newKey]);
  await ofEach(async (key, bytes) => {
    expect((await both.get(key)).equals(bytes), key).toBe(true);
  });

  const again = JSON.parse((await done('rewrap', 's3://vault', '--json')).stdout) as Record<string, unknown>;
  expect(again).toMatchObject({ changed: left, damaged: 0, overtaken: 0, withoutKey: 0 });
  expect(await behind([newKey, recovery])).toBe(0);
  expect(JSON.parse((await done('rewrap', 's3://vault', '--json')).stdout)).toMatchObject({ changed: 0 });

  const [withOld, withNew, withRecovery] = [oldKey, newKey, recovery].map((key) => ownerWith([key], [key]));
  await ofEach(async (key, bytes) => {
    await expect(withOld?.get(key), key).rejects.toMatchObject({ code: 'wrong-key' });
    expect((await withNew?.get(key))?.equals(bytes), key).toBe(true);
  });
  expect((await withRecovery?.get('large.bin'))?.equals(large)).toBe(true);

  expect(bytesBefore.size).toBeGreaterThan(2 * written.size);
  expect(blobs()).toEqual(bytesBefore);
});

test('recovery manifests have the new envelopes, and none of the old ones', async () => {
  // Documents replace each other while they are read, so that one look may miss what lies in both.
  const look = async () => {
    const text = await manifests();
    const missing = [...written.keys()].filter((key) => !text.includes(JSON.stringify(key)));
    return { missing, old: text.includes(oldKey.keyId), new: text.includes(newKey.keyId) };
  };
  await until(look, (seen) => seen.missing.length === 0 && !seen.old && seen.new, {
    what: 'manifests of all objects without the old envelopes',
  });
  mkdirSync(at('back'));
  await done('recover', '--from', at('backends'), '--to', at('back'), '--bucket', 'vault');
  expect(readFileSync(at('back', 'default', 'vault', 'large.bin')).equals(large)).toBe(true);
});

test('foreign envelopes, missing keys, policies and wrong usage have codes of their own', async () => {
  const stranger = await cli(['rewrap'], {});
  expect(stranger).toMatchObject({ code: 2 });
  writeFileSync(at('note'), 'a note');
  await done('keys', 'use', 'old');
  await done('put', 'note', 's3://vault/note');
  await done('keys', 'use', 'new');
  const folder = at('config', 'sealgate', 'keys');
  const lost = readdirSync(folder).find((name) => readFileSync(join(folder, name), 'utf8').includes('"name": "old"'));
  const text = readFileSync(join(folder, lost as string), 'utf8');
  rmSync(join(folder, lost as string));
  const withoutKey = await cli(['rewrap', 's3://vault/note', '--json']);
  expect(withoutKey.code).toBe(1);
  expect(JSON.parse(withoutKey.stdout)).toMatchObject({ changed: 0, withoutKey: 1 });
  writeFileSync(join(folder, lost as string), text, { mode: 0o600 });

  const document = `apiVersion: sealgate/v1
kind: Policy
metadata: { name: escrow }
spec: { encryption: { mode: required, requiredRecipients: ["${recovery.keyId}"] } }
`;
  await admin(gateway, 'PUT', '/admin/policies/escrow', { document });
  await done('bucket', 'policy', 'vault', '--policy', 'escrow');
  const refused = await cli(['rewrap', 's3://vault/note', '--json']);
  expect(refused.code).toBe(3);
  await done('keys', 'use', 'new', 'recovery');
  const all = await done('rewrap', '--tenant', gateway.credentials.tenant, '--json');
  expect(JSON.parse(all.stdout)).toMatchObject({ changed: 1 });
  expect(await behind([newKey, recovery])).toBe(0);
});
