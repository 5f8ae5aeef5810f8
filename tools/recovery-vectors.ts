/**
 * Makes the frozen vectors of recovery: `node tools/recovery-vectors.ts [file]`. Two small buckets as they lie on the folders
 * of backends, with the owner's key and the gateway's public key: what `sealgate recover` and the Python script must give
 * back for ever. They were made once and are committed; this refuses to replace them.
 */
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createFilesystemDriver } from '@sealgate/backends/filesystem';
import type { PhysicalBucketName } from '@sealgate/core/names';
import { documentRecipient, sealedDocument } from '@sealgate/engine/documents';
import { exportPublicKey, importPrivateKey, importPublicKey } from '@sealgate/sealed/keys';
import { openDocument } from '../apps/cli/src/documents/open-document.ts';
import {
  createBucket,
  type GatewayProcess,
  newDataDir,
  removeDataDir,
  sealgate,
  startGateway,
} from '../tests/support/gateway.ts';
import type { OwnerKey } from '../tests/support/owner.ts';

const file = process.argv[2] ?? join(import.meta.dirname, '../packages/engine/vectors/recovery/buckets.json');
if (existsSync(file)) throw new Error(`${file} is there and stays as it is.`);

/** Byte i of an object is (31 i + 7 (i >> 8) + seed) mod 256. */
const contentOf = (length: number, seed: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >>> 8) * 7 + seed) & 0xff));

/** Two segments of a sealed body; shards of one stripe; nothing at all; what the gateway encrypted; one only a delta knows. */
const objects = [
  { bucket: 'vault', key: 'report.bin', length: 66_000, seed: 1, class: 'StandardClass' },
  { bucket: 'vault', key: 'folder/archive.bin', length: 5000, seed: 2, class: 'ColdArchiveClass' },
  { bucket: 'vault', key: 'empty', length: 0, seed: 0, class: 'StandardClass' },
  { bucket: 'plain', key: 'note', length: 1000, seed: 3, class: 'StandardClass' },
  { bucket: 'plain', key: 'shards', length: 3000, seed: 4, class: 'ColdArchiveClass' },
  { bucket: 'vault', key: 'later', length: 300, seed: 5, class: 'StandardClass' },
] as const;

const gateway = await startGateway({
  dataDir: newDataDir(),
  env: {
    SEALGATE_RECOVERY_INTERVAL_SECONDS: '1',
    SEALGATE_METADATA_BACKUP_INTERVAL_SECONDS: '0',
    SEALGATE_AUDIT_ARCHIVE_SECONDS: '0',
  },
});
const at = (...names: string[]): string => join(gateway.dataDir, ...names);
const cli = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await sealgate(gateway, args);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return stdout;
};
try {
  await cli('bucket', 'create', 'vault');
  await createBucket(gateway, 'plain', { encryption: 'off' });
  for (const object of objects.slice(0, -1)) await put(object);
  await caughtUp(gateway);
  await cli('recovery', 'rebuild');
  await caughtUp(gateway);
  for (const object of objects.slice(-1)) await put(object);
  await caughtUp(gateway);
  const gatewayKey = (await cli('audit', 'key')).trim();
  const jwk = JSON.parse(await cli('keys', 'export', '--private')) as object;
  const owner = { ...(await importPublicKey(jwk)), ...(await importPrivateKey(jwk)) };
  await gateway.stop();
  cpSync(at('backends'), at('unsigned'), { recursive: true });
  await stripSignatures(at('unsigned'), owner);
  const blobs = new Map<string, string>();
  const vectors = {
    format: 'sealgate-recovery-1',
    tenant: gateway.credentials.tenant,
    ownerKey: jwk,
    gatewayKey,
    objects: objects.map(({ bucket, key, length, seed }) => ({
      bucket,
      key,
      length,
      seed,
      sha256: sha256(contentOf(length, seed)),
    })),
    /** Path below the folder of all backends to SHA-256 of the file. */
    signed: filesBelow(at('backends'), blobs),
    unsigned: filesBelow(at('unsigned'), blobs),
    files: Object.fromEntries([...blobs].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(vectors, null, 1)}\n`);
} finally {
  await gateway.stop();
  removeDataDir(gateway.dataDir);
}

async function put(object: (typeof objects)[number]): Promise<void> {
  writeFileSync(at('body'), contentOf(object.length, object.seed));
  const place = `s3://${object.bucket}/${object.key}`;
  if (object.bucket === 'vault') await cli('put', 'body', place, '--class', object.class);
  else await cli('put', 'body', place, '--class', object.class, '--plain');
}

/** Everything that was committed by now is in manifests. */
async function caughtUp({ credentials }: GatewayProcess): Promise<void> {
  const nowS = Date.now() / 1000;
  for (;;) {
    const text = await (await fetch(`${credentials.controlEndpoint}/metrics`)).text();
    const line = text.split('\n').find((l) => l.startsWith('sealgate_recovery_manifests_current_timestamp_seconds '));
    if (Number(line?.split(' ')[1] ?? 0) > nowS) return;
    await pause(200);
  }
}

interface Unsigned {
  readonly key: string;
  readonly sealed: Buffer;
  readonly sha256: string;
}

/** The same documents as a gateway made them that signed none: sealed anew, and so under other names. */
async function stripSignatures(root: string, owner: OwnerKey): Promise<void> {
  const recipients = [await documentRecipient(await exportPublicKey(owner))];
  const made = new Map<string, Unsigned>();
  const { signal } = new AbortController();
  for (const backend of readdirSync(root)) {
    const driver = createFilesystemDriver({ root: join(root, backend) });
    for (const bucket of readdirSync(join(root, backend)).filter((name) => name.startsWith('s3gw-'))) {
      const name = bucket as PhysicalBucketName;
      let previous: string | null = null;
      for (const { key } of (await driver.list(name, { prefix: 'r/', limit: 1000, signal })).blobs) {
        const known: Unsigned =
          made.get(key) ?? (await unsignedOf(await readAll((await driver.get(name, key, { signal })).body), previous));
        made.set(key, known);
        previous = known.sha256;
        await driver.delete(name, key, { signal });
        await driver.put(name, known.key, { body: known.sealed, bytes: known.sealed.length, signal });
      }
    }
    await driver.close();
  }

  async function unsignedOf(stored: Buffer, previous: string | null): Promise<Unsigned> {
    const findKey = (keyId: string) => Promise.resolve(keyId === owner.keyId ? owner : undefined);
    const plain = await readAll(openDocument(once(stored), { purpose: 'recovery-manifest', findKey }));
    const lines = plain.toString('utf8').trimEnd().split('\n');
    const header = { ...(JSON.parse(lines[0] ?? '') as { generation: string; number: number }), previous };
    const { signature: _signature, ...end } = JSON.parse(lines.at(-1) ?? '') as { signature: string };
    const text = [JSON.stringify(header), ...lines.slice(1, -1), JSON.stringify(end), ''].join('\n');
    const sealed = await sealedDocument(Buffer.from(text), {
      purpose: 'recovery-manifest',
      recipients,
      random: randomBytes,
    });
    const digest = sha256(sealed);
    const number = String(header.number).padStart(8, '0');
    return { key: `r/${header.generation}/${number}-${digest.slice(0, 32)}`, sealed, sha256: digest };
  }
}

async function readAll(pieces: AsyncIterable<unknown>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(Buffer.from(piece as Uint8Array));
  return Buffer.concat(all);
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

function filesBelow(root: string, blobs: Map<string, string>): Record<string, string> {
  const found: Record<string, string> = {};
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of entries.map((entry) => join(entry.parentPath, entry.name)).sort()) {
    const bytes = readFileSync(path);
    const name = sha256(bytes);
    blobs.set(name, bytes.toString('base64'));
    found[relative(root, path)] = name;
  }
  return found;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
