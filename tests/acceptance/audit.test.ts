import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilStored } from '../support/copies.ts';
import {
  admin,
  createBucket,
  type GatewayProcess,
  newDataDir,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { newClient } from '../support/s3-client.ts';

const dataDir = newDataDir();
const keyFile = join(dataDir, 'audit.pub');
let gateway: GatewayProcess;
let s3: S3Client;

beforeAll(async () => {
  gateway = await startGateway({ dataDir, env: { SEALGATE_AUDIT_REQUESTS_FLUSH_MS: '100' } });
  s3 = newClient(gateway.credentials);
  const { stdout } = await audit('key');
  writeFileSync(keyFile, stdout);
  await createBucket(gateway, 'watched', { encryption: 'off' });
  for (const key of ['a', 'b', 'c', 'a'])
    await s3.send(new PutObjectCommand({ Bucket: 'watched', Key: key, Body: key }));
  await s3.send(new DeleteObjectCommand({ Bucket: 'watched', Key: 'b' }));
  await sequenced();
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(dataDir);
});

const audit = (...args: readonly string[]) => sealgate(gateway, ['audit', ...args]);

/** Waits until the deletion, the last change that the test made, has its leaf. */
async function sequenced(): Promise<void> {
  await until(
    () => search('bucket=watched&action=versionRemoved'),
    (found) => found.length > 0,
    { what: 'the deletion in the log' },
  );
}

interface Item {
  readonly leaf: number;
  readonly action: string;
  readonly key: string | null;
  readonly bucket: string | null;
  readonly actor: string;
  readonly requestId: string;
}

async function search(query: string): Promise<readonly Item[]> {
  return (await admin<{ items: readonly Item[] }>(gateway, 'GET', `/admin/audit?${query}`)).items;
}

test('entries are found by what they are about, by whom and by when', async () => {
  const { accessKeyId } = gateway.credentials;
  const own = await search('bucket=watched&action=versionPublished,versionRemoved');
  expect(own.map(({ action, key }) => [action, key])).toEqual([
    ['versionRemoved', 'b'],
    ['versionPublished', 'a'],
    ['versionPublished', 'c'],
    ['versionPublished', 'b'],
    ['versionPublished', 'a'],
  ]);
  expect(new Set(own.map(({ actor }) => actor))).toEqual(new Set([`tenant:${accessKeyId}`]));
  const [removed] = own;
  expect(await search(`requestId=${removed?.requestId ?? ''}`)).toEqual([removed]);
  expect((await search('bucket=watched&key=a')).every(({ key }) => key === 'a')).toBe(true);
  expect(await search('bucket=watched&to=2020-01-01T00:00:00Z')).toEqual([]);
  expect(
    (await search(`tenant=${gateway.credentials.tenant}&limit=1000`)).some(({ action }) => action === 'tenantCreated'),
  ).toBe(true);
  const found = await audit('search', '--bucket', 'watched', '--key', 'c', '--json');
  expect(found).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(found.stdout)).toMatchObject({ action: 'versionPublished', key: 'c' });
  const tail = await audit('tail', '--no-follow', '--bucket', 'watched', '--lines', '1');
  expect(tail.stdout).toContain('s3://watched/');
});

test('an entry is proven to be in the log, and the log to have only grown', async () => {
  const kept = join(dataDir, 'kept.checkpoint');
  writeFileSync(kept, (await audit('checkpoint', '--now')).stdout);
  const [entry] = await search('bucket=watched&key=c');
  const proof = await audit('proof', String(entry?.leaf), '--key', keyFile, '--json');
  expect(proof.code).toBe(0);
  expect(JSON.parse(proof.stdout)).toMatchObject({ leaf: entry?.leaf });
  await s3.send(new PutObjectCommand({ Bucket: 'watched', Key: 'later', Body: 'x' }));
  await expect.poll(async () => (await search('bucket=watched&key=later')).length).toBe(1);
  expect(await audit('proof', '--since', kept, '--key', keyFile)).toMatchObject({ code: 0 });
  const text = readFileSync(kept, 'utf8');
  writeFileSync(
    kept,
    text.replace(/\n\d+\n/, (size) => `\n${Number(size) + 1}\n`),
  );
  expect(await audit('proof', '--since', kept, '--key', keyFile)).toMatchObject({ code: 4 });
});

test('an export verifies without the gateway, and no change of it passes', async () => {
  const folder = join(dataDir, 'export');
  expect(await audit('export', '--out', folder, '--segment', '20')).toMatchObject({ code: 0 });
  const files = readdirSync(folder);
  expect(files.length).toBeGreaterThan(1);
  // A folder from which no gateway is found.
  const elsewhere = newDataDir();
  const offline = (path: string, ...more: readonly string[]) =>
    sealgate({ dataDir: elsewhere }, ['audit', 'verify', path, '--key', keyFile, ...more]);
  expect(await offline(folder)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Verified: entries 0 to ') as string,
  });
  const changes: readonly [string, (folder: string) => void][] = [
    ['changed', (to) => edit(to, files[0], (text) => text.replace('"actor":"', '"actor":"x'))],
    ['missing', (to) => edit(to, files[0], (text) => text.split('\n').toSpliced(3, 1).join('\n'))],
    ['truncated', (to) => edit(to, files.at(-1), (text) => text.slice(0, -10))],
  ];
  for (const [name, change] of changes) {
    const copy = join(dataDir, `export-${name}`);
    cpSync(folder, copy, { recursive: true });
    change(copy);
    expect(await offline(copy), name).toMatchObject({ code: 4 });
  }
  const gap = join(dataDir, 'export-gap');
  mkdirSync(gap);
  for (const file of [files[0], ...files.slice(2)]) cpSync(join(folder, String(file)), join(gap, String(file)));
  if (files.length > 2) expect(await offline(gap)).toMatchObject({ code: 4 });
  const wrong = join(dataDir, 'wrong.pub');
  writeFileSync(wrong, 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n');
  expect(await sealgate(gateway, ['audit', 'verify', folder, '--key', wrong])).toMatchObject({ code: 4 });
  removeDataDir(elsewhere);
});

function edit(folder: string, file: string | undefined, change: (text: string) => string): void {
  const path = join(folder, String(file));
  const before = readFileSync(path, 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(path, after);
}

test('who asked for what is recorded, reads and refusals too, under the digest that the log has', async () => {
  await s3.send(new GetObjectCommand({ Bucket: 'watched', Key: 'a' }));
  await s3.send(new HeadObjectCommand({ Bucket: 'watched', Key: 'a' }));
  await s3.send(new ListObjectsV2Command({ Bucket: 'watched', Prefix: 'a' }));
  await expect(s3.send(new GetObjectCommand({ Bucket: 'watched', Key: 'not there' }))).rejects.toThrow();
  expect((await fetch(`${gateway.credentials.s3Endpoint}/watched/a`)).status).toBe(403);
  const records = async () => {
    const { stdout } = await audit(
      'requests',
      '--of-tenant',
      gateway.credentials.tenant,
      '--bucket',
      'watched',
      '--json',
    );
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  };
  const caller = gateway.credentials.accessKeyId;
  const wanted = [
    { operation: 'GetObject', key: 'a', status: 200, caller },
    { operation: 'HeadObject', key: 'a', status: 200, caller },
    { operation: 'ListObjectsV2', status: 200, caller },
    { operation: 'GetObject', key: 'not there', status: 404, error: 'NoSuchKey' },
    { operation: 'GetObject', key: 'a', status: 403, error: 'AccessDenied', caller: 'anonymous' },
  ];
  await expect
    .poll(records)
    .toEqual(expect.arrayContaining(wanted.map((record) => expect.objectContaining(record) as unknown)));
});

test('evidence of three moments tells where the copies were, verifies offline, and not when it was changed', async () => {
  const moments: string[] = [];
  const moment = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    moments.push(new Date().toISOString());
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await moment();
  await s3.send(new PutObjectCommand({ Bucket: 'watched', Key: 'moved', Body: 'where am I' }));
  await untilStored(gateway, 'watched', ['moved']);
  await moment();
  const { items } = await admin<{ items: { id: string; country: string }[] }>(gateway, 'GET', '/admin/backends');
  const stat = await admin<{ blobs: { replicas: { backend: string; state: string }[] }[] }>(
    gateway,
    'GET',
    `/admin/stat/${gateway.credentials.tenant}/watched?key=moved`,
  );
  const holder = stat.blobs[0]?.replicas[0]?.backend ?? '';
  const country = items.find(({ id }) => id === holder)?.country;
  await s3.send(new DeleteObjectCommand({ Bucket: 'watched', Key: 'moved' }));
  const removed = 'bucket=watched&key=moved&action=versionRemoved';
  await expect.poll(async () => (await search(removed)).length).toBe(1);
  await moment();

  const files = moments.map((_, i) => join(dataDir, `moment-${i}.evidence`));
  const reports = [];
  for (const [i, at] of moments.entries()) {
    const args = [
      'evidence',
      's3://watched/moved',
      '--at',
      at,
      '--out',
      String(files[i]),
      '--html',
      `${String(files[i])}.html`,
    ];
    const { code, stdout, stderr } = await sealgate(gateway, [...args, '--json']);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    reports.push((JSON.parse(stdout) as { evidence: { report: Report } }).evidence.report);
  }
  const [before, stored, deleted] = reports;
  expect(before?.copies).toEqual([]);
  expect(stored?.summary.countries).toContain(country);
  expect([before, stored, deleted].map((report) => report?.versions.length)).toEqual([0, 1, 0]);
  // Bytes of a deleted version stay for the readers that have begun: evidence says so.
  expect(deleted?.copies).toHaveLength(stored?.copies.length ?? 0);
  // The state that the log gives is the state that the tables give.
  const replicas = stat.blobs.flatMap((blob) => blob.replicas);
  const places = (list: readonly { backend: string }[]) => list.map(({ backend }) => backend).sort();
  expect(places(stored?.copies ?? [])).toEqual(places(replicas));
  expect(readFileSync(`${String(files[1])}.html`, 'utf8')).toContain('s3://watched/moved');
  expect(readFileSync(`${String(files[1])}.html`, 'utf8')).not.toMatch(/<script|src=|href=/);

  const elsewhere = newDataDir();
  const offline = (...args: readonly string[]) =>
    sealgate({ dataDir: elsewhere }, ['evidence', 'verify', ...args, '--key', keyFile]);
  const log = join(dataDir, 'log-for-evidence');
  expect(await audit('export', '--out', log)).toMatchObject({ code: 0 });
  for (const file of files) expect(await offline(file)).toMatchObject({ code: 0 });
  expect(await offline(String(files[2]), '--export', log)).toMatchObject({ code: 0 });
  const text = readFileSync(String(files[2]), 'utf8');
  writeFileSync(String(files[2]), text.replaceAll(`"country":"${country ?? ''}"`, '"country":"XX"'));
  expect(await offline(String(files[2]))).toMatchObject({ code: 4 });
  removeDataDir(elsewhere);
});

interface Report {
  readonly copies: readonly { readonly backend: string }[];
  readonly versions: readonly unknown[];
  readonly summary: { readonly countries: readonly string[] };
}

test('who changes the database itself is found out', async () => {
  expect(await audit('verify', '--live', '--key', keyFile)).toMatchObject({ code: 0 });
  const kept = join(dataDir, 'before.checkpoint');
  writeFileSync(kept, (await audit('checkpoint', '--now')).stdout);
  const folder = join(dataDir, 'postgres');
  const { password } = JSON.parse(readFileSync(join(folder, 'identity.json'), 'utf8')) as { password: string };
  // Whoever owns the machine owns the database.
  const client = new Client({ host: join(folder, 'cluster'), user: 'sealgate', password, database: 'sealgate' });
  await client.connect();
  try {
    await client.query('ALTER TABLE sealgate.audit_log DISABLE TRIGGER append_only');
    await client.query("UPDATE sealgate.audit_log SET key = 'z' WHERE key = 'c'");
    expect(await audit('verify', '--live', '--key', keyFile, '--checkpoint', kept)).toMatchObject({ code: 4 });
  } finally {
    await client.end();
  }
});
