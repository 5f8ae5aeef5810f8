// node bench/recovery.ts [objects] [bytes]: fills two buckets with sealed objects, half as three copies, half as six shards;
// then the gateway, its database and two backends (for the shards four) are gone, and `sealgate recover` brings them
// back. Prints figures, and fails when a byte differs.
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyring, createSealedClient } from '@sealgate/client';
import { importPrivateKey, importPublicKey } from '@sealgate/sealed/keys';
import { newDataDir, removeDataDir, sealgate, startGateway } from '../tests/support/gateway.ts';
import { readOptions, wholeNumber } from '../tests/support/script-options.ts';

const USAGE = `Usage: npm run bench:recovery [-- objects [bytes]]

Fills two buckets with sealed objects, loses the gateway and backends, and brings them back. 5000 objects of 20000 bytes.
`;

const { objects, bytes } = readOptions(USAGE, ([many = '5000', size = '20000']) => ({
  objects: wholeNumber('objects', many, 1),
  bytes: wholeNumber('bytes', size),
}));
const AT_ONCE = 16;
const MIB = 1024 * 1024;
const dataDir = newDataDir();
const digests = new Map<string, string>();
const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  const seconds = (performance.now() - startedMs) / 1000;
  say(
    `${what}: ${seconds.toFixed(1)} s (${(objects / seconds).toFixed(0)} objects/s, ${((objects * bytes) / MIB / seconds).toFixed(1)} MiB/s)`,
  );
  return result;
}

async function cli(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await sealgate({ dataDir }, args, { timeoutMs: 3_600_000 });
  if (code !== 0) throw new Error(`sealgate ${args.join(' ')}: ${code ?? 'killed'}\n${stderr}`);
  return stdout;
}

async function fill(gateway: Awaited<ReturnType<typeof startGateway>>): Promise<void> {
  await cli('bucket', 'create', 'copies');
  await cli('bucket', 'create', 'shards', '--class', 'ColdArchiveClass');
  await cli('keys', 'create', '--no-passphrase');
  await cli('keys', 'publish');
  const jwk = JSON.parse(await cli('keys', 'export', '--private')) as Record<string, string>;
  const { s3Endpoint: endpoint, region, tenant, accessKeyId, secretAccessKey } = gateway.credentials;
  const keys = createKeyring({ recipients: [await importPublicKey(jwk)], opening: [await importPrivateKey(jwk)] });
  const client = createSealedClient({ endpoint, region, tenant, keys, credentials: { accessKeyId, secretAccessKey } });
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < objects; index = next++) {
      const name = { bucket: index % 2 === 0 ? 'copies' : 'shards', key: `${index % 100}/${index}` };
      const body = randomBytes(bytes);
      await client.putSealed(name, body);
      digests.set(`${tenant}/${name.bucket}/${name.key}`, sha256(body));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function manifestsCaughtUp(endpoint: string): Promise<void> {
  const nowS = Date.now() / 1000;
  for (;;) {
    const text = await (await fetch(`${endpoint}/metrics`)).text();
    const found = /^sealgate_recovery_manifests_current_timestamp_seconds (\S+)$/m.exec(text)?.[1];
    if (Number(found ?? 0) > nowS) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function check(folder: string): void {
  let found = 0;
  for (const entry of readdirSync(join(dataDir, folder), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || path.includes('.sealgate-recover')) continue;
    const name = path.slice(join(dataDir, folder).length + 1);
    if (digests.get(name) !== sha256(readFileSync(path))) throw new Error(`${name} differs.`);
    found += 1;
  }
  if (found !== digests.size) throw new Error(`${found} of ${digests.size} came back.`);
  say(`${found} objects, byte for byte`);
}

function manifestBytes(): number {
  const entries = readdirSync(join(dataDir, 'backends'), { recursive: true, withFileTypes: true });
  const documents = entries.filter((entry) => entry.isFile() && entry.parentPath.includes('/r@'));
  return documents.reduce((sum, { parentPath, name }) => sum + readFileSync(join(parentPath, name)).length, 0);
}

try {
  const gateway = await startGateway({ dataDir, env: { SEALGATE_RECOVERY_INTERVAL_SECONDS: '2' } });
  await timed('put', () => fill(gateway));
  await timed('manifests behind the last put', () => manifestsCaughtUp(gateway.credentials.controlEndpoint));
  await gateway.stop();
  const perVersion = manifestBytes() / objects;
  say(`manifests on all backends: ${(manifestBytes() / MIB).toFixed(1)} MiB, ${perVersion.toFixed(0)} bytes a version`);
  rmSync(join(dataDir, 'postgres'), { recursive: true });
  const names = readdirSync(join(dataDir, 'backends'));
  const european = names.filter((name) => !name.includes('iad') && !name.includes('us'));
  for (const lost of european.slice(0, 2)) rmSync(join(dataDir, 'backends', lost), { recursive: true });
  writeFileSync(join(dataDir, 'lost'), european.slice(0, 2).join());
  await timed('recover, two backends gone', () => cli('recover', '--from', 'backends', '--to', 'out'));
  check('out');
  for (const lost of european.slice(2, 4)) rmSync(join(dataDir, 'backends', lost), { recursive: true });
  await timed('recover the shards, four backends gone', () =>
    cli('recover', '--from', 'backends', '--to', 'cold', '--bucket', 'shards'),
  );
  for (const name of [...digests.keys()]) if (!name.includes('/shards/')) digests.delete(name);
  check('cold');
} finally {
  removeDataDir(dataDir);
}
