// What lies on backends and belongs to nobody, as an operator meets it: found, removed or shown, never guessed at.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DeleteBucketCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilStored } from '../support/copies.ts';
import { admin, createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { filesBelow } from '../support/stored-files.ts';

const PATIENCE_MS = 120_000;
/** Attempts of the tests take less on a busy machine too; the sweep runs again and again. */
const ENV = {
  SEALGATE_ATTEMPT_AGE_SECONDS: '12',
  SEALGATE_SWEEP_INTERVAL_SECONDS: '1',
  SEALGATE_VACUUM_INTERVAL_SECONDS: '1',
  SEALGATE_DELETED_BUCKET_SECONDS: '1',
};
const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60_000;

let gateway: GatewayProcess;
let s3: S3Client;
beforeAll(async () => {
  gateway = await startGateway({ env: ENV });
  s3 = newClient(gateway.credentials);
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

async function restart(env: Readonly<Record<string, string>>): Promise<void> {
  s3.destroy();
  await gateway.stop();
  gateway = await startGateway({ dataDir: gateway.dataDir, env });
  s3 = newClient(gateway.credentials);
}

const until = (what: () => unknown) => expect.poll(what, { timeout: PATIENCE_MS, interval: 100 });
const backends = (): string => join(gateway.dataDir, 'backends');

interface Counts {
  readonly keys: number;
  readonly unknown: number;
  readonly misplaced: number;
  readonly foreign: number;
  readonly foreignKeys: readonly string[];
  readonly removedBuckets: number;
}

interface Status {
  readonly orphanSweep: {
    readonly held: unknown;
    readonly backends: readonly { readonly backend: string; readonly last: { readonly counts: Counts } | null }[];
  };
}

const status = () => admin<Status>(gateway, 'GET', '/admin/housekeeping');

function blobFiles(): string[] {
  return filesBelow(backends()).filter((file) => /\/b@\/.*\.\d+$/.test(file));
}

/** A blob's file as the filesystem backends lay it out, with an id that says it is two days old. */
function layOrphan(bucketDir: string): string {
  const ms = (Date.now() - 2 * DAY_MS).toString(16).padStart(12, '0');
  const id = `${ms.slice(0, 8)}-${ms.slice(8)}-7${randomUUID().slice(15)}`;
  return layFile(join(bucketDir, 'b@', `${id.slice(0, 6)}~`, `${id.slice(0, 8)}~`, `${id}.0`));
}

function layFile(file: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, 'left over');
  const old = new Date(Date.now() - 2 * DAY_MS);
  utimesSync(file, old, old);
  return file;
}

/** Folder of the physical bucket that a blob's file lies in. */
const bucketDirOf = (file: string): string => file.slice(0, file.indexOf('/b@/'));
const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

async function put(Bucket: string, Key: string, Body: Buffer): Promise<string[]> {
  const before = new Set(blobFiles());
  await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  await untilStored(gateway, Bucket, [Key]);
  await until(() => blobFiles().filter((file) => !before.has(file)).length).toBe(3);
  return blobFiles().filter((file) => !before.has(file));
}

async function get(Bucket: string, Key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return md5(Buffer.from((await Body?.transformToByteArray()) ?? []));
}

test('blobs that nothing names and copies that lie astray go, what is foreign stays and is shown', async () => {
  await createBucket(gateway, 'swept', { encryption: 'off' });
  const body = Buffer.alloc(100_000, 'kept');
  const copies = await put('swept', 'kept', body);
  const [copy = ''] = copies;
  const bucketDir = bucketDirOf(copy);
  const orphans = Array.from({ length: 20 }, () => layOrphan(bucketDir));
  // The same blob where its row has no copy: another shard.
  const stray = layFile(copy.replace(/\.0$/, '.3'));
  const foreign = [layFile(join(bucketDir, 'notes.txt')), layFile(join(bucketDir, 'b@', 'photo.jpg'))];
  await until(() => [...orphans, stray].filter((file) => existsSync(file))).toEqual([]);
  expect(copies.filter((file) => !existsSync(file))).toEqual([]);
  expect(foreign.filter((file) => !existsSync(file))).toEqual([]);
  expect(await get('swept', 'kept')).toBe(md5(body));

  const backend = bucketDir.slice(backends().length + 1).split('/')[0];
  const shown = async () =>
    (await status()).orphanSweep.backends.find((each) => each.backend === backend)?.last?.counts;
  const physical = bucketDir.split('/').at(-1) ?? '';
  await until(shown).toMatchObject({
    foreign: 2,
    foreignKeys: [`${physical}/b/photo.jpg`, `${physical}/notes.txt`],
    unknown: 0,
  });
  const { stdout, code } = await sealgate(gateway, ['housekeeping', 'status']);
  expect([code, stdout]).toEqual([0, expect.stringContaining(`${physical}/notes.txt`)]);
  const metrics = await metricsText();
  expect(metrics).toContain(`sealgate_sweep_found_total{backend="${backend}",what="unknown"} 20`);
  expect(metrics).toContain(`sealgate_sweep_found_total{backend="${backend}",what="misplaced"} 1`);
  expect(metrics).toContain(`sealgate_sweep_foreign_keys{backend="${backend}"} 2`);
});

test('a copy that came in by hand into the bucket of another one goes, the one that is named stays', async () => {
  await createBucket(gateway, 'one', { encryption: 'off' });
  await createBucket(gateway, 'other', { encryption: 'off' });
  const body = Buffer.from('of one bucket');
  const [copy = ''] = await put('one', 'key', body);
  const backend = dirname(bucketDirOf(copy));
  const others = (await put('other', 'key', Buffer.from('of another'))).map(bucketDirOf);
  const target = others.find((dir) => dirname(dir) === backend) ?? others[0] ?? '';
  const stray = layFile(copy.replace(bucketDirOf(copy), target));
  await until(() => existsSync(stray)).toBe(false);
  expect(readFileSync(copy).length).toBeGreaterThan(0);
  expect(await get('one', 'key')).toBe(md5(body));
});

test('what a PUT leaves behind when its gateway is killed goes, and with the bucket its physical buckets', async () => {
  // Killed in the middle of a sweep it would keep others from that backend for minutes.
  await restart({ ...ENV, SEALGATE_SWEEP_INTERVAL_SECONDS: '86400', SEALGATE_VACUUM_INTERVAL_SECONDS: '86400' });
  await createBucket(gateway, 'interrupted', { encryption: 'off' });
  const before = new Set(bucketDirs());
  const cut = s3.send(new PutObjectCommand({ Bucket: 'interrupted', Key: 'big', Body: Buffer.alloc(96 * MIB, 'x') }));
  cut.catch(() => undefined);
  const halfWritten = () => filesBelow(backends()).filter((file) => !/\/[bmr]@\/|notes|photo/.test(file));
  // Not only some file of work in the background: places of this bucket are there.
  const begun = () => halfWritten().length > 0 && bucketDirs().some((dir) => !before.has(dir));
  await expect.poll(begun, { timeout: PATIENCE_MS, interval: 2 }).toBe(true);
  await gateway.kill();
  await expect(cut).rejects.toThrow();
  const made = bucketDirs().filter((dir) => !before.has(dir));
  expect(made.length).toBeGreaterThan(0);
  await restart(ENV);
  // As if a whole copy had landed before the commit that never came.
  const orphan = layOrphan(made[0] ?? '');
  await s3.send(new DeleteBucketCommand({ Bucket: 'interrupted' }));
  await until(() => [orphan, ...made].filter((file) => existsSync(file))).toEqual([]);
  // Other work writes files of its own for a moment.
  await until(halfWritten).toEqual([]);
  // Nothing of it is left anywhere, so its row goes too.
  await until(metricsText).toContain('sealgate_vacuum_rows_total{kind="buckets"} 1');
  expect(await get('swept', 'kept')).toBe(md5(Buffer.alloc(100_000, 'kept')));
});

async function metricsText(): Promise<string> {
  return await (await fetch(`${gateway.credentials.controlEndpoint}/metrics`)).text();
}

function bucketDirs(): string[] {
  return readdirSync(backends()).flatMap((id) =>
    readdirSync(join(backends(), id))
      .filter((name) => name.startsWith('s3gw-'))
      .map((name) => join(backends(), id, name)),
  );
}
