// What an operator sees when backends are emptied, change their country, or alter bytes: real gateway, real folders.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilStored } from '../support/copies.ts';
import { admin, createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { contentOf, filesBelow } from '../support/stored-files.ts';

/** Passes follow each other at once. */
const HURRIED = {
  SEALGATE_RECONCILE_INTERVAL_SECONDS: '1',
  SEALGATE_RECOVERY_INTERVAL_SECONDS: '1',
  SEALGATE_SCRUB_BYTES_PER_SECOND: '1000000000',
  SEALGATE_SCRUB_INTERVAL_SECONDS: '1',
};
const PATIENCE_MS = 150_000;
const OBJECTS = 120;
/** Objects of the backend that alters every byte it holds; SEALGATE_ROT_OBJECTS makes it another number. */
const ROTTEN = Number(process.env['SEALGATE_ROT_OBJECTS'] ?? OBJECTS);

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly country: string;
  readonly jurisdiction: string;
  readonly maintenance: {
    readonly drain: {
      readonly empty: boolean;
      readonly replicasLeft: number | null;
      readonly replicasDone: number;
      readonly manifestsLeft: number;
    } | null;
  };
}

let gateway: GatewayProcess;
let s3: S3Client;
const written = new Map<string, Buffer>();

beforeAll(async () => {
  gateway = await startGateway({ env: HURRIED });
  s3 = newClient(gateway.credentials);
  await createBucket(gateway, 'plain', { encryption: 'off' });
  await createBucket(gateway, 'european', { encryption: 'off', regionLock: ['EU'] });
  await createBucket(gateway, 'rotten', { encryption: 'off' });
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

const put = async (bucket: string, key: string, bytes = 2000): Promise<void> => {
  const body = randomBytes(bytes);
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  written.set(`${bucket}/${key}`, body);
};
const putMany = async (bucket: string, count: number): Promise<void> => {
  const names = Array.from({ length: count }, (_, i) => `object-${i}`);
  const keys = [...names];
  const lane = async (): Promise<void> => {
    for (let key = keys.shift(); key !== undefined; key = keys.shift()) await put(bucket, key);
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  // Copies that come in late are none of those that are counted and altered below.
  await untilStored(gateway, bucket, names);
};
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const readAll = async (bucket: string): Promise<void> => {
  const own = [...written].filter(([name]) => name.startsWith(`${bucket}/`));
  const lane = async (): Promise<void> => {
    for (let next = own.shift(); next !== undefined; next = own.shift()) {
      const [name, body] = next;
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: name.slice(bucket.length + 1) }));
      expect(digest(await Body!.transformToByteArray()), name).toBe(digest(body));
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
};
const show = (id: string): Promise<Shown> => admin<Shown>(gateway, 'GET', `/admin/backends/${id}`);
const until = async (what: string, is: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await is())) {
    if (Date.now() > deadline)
      throw new Error(`${what} did not come about in ${PATIENCE_MS} ms:\n${gateway.log().slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
const folderOf = (backend: string): string => join(gateway.dataDir, 'backends', backend);
/** Files of stored bytes below a folder. */
const blobsIn = (folder: string): string[] =>
  filesBelow(folder, { mayBeMissing: true }).filter((file) => /^[0-9a-f-]{36}\.\d+$/.test(basename(file)));
/** Documents of recovery manifests below a folder. */
const manifestsIn = (folder: string): string[] =>
  filesBelow(folder).filter((file) => /^\d{8}-[0-9a-f]{32}$/.test(basename(file)));
const physicalOf = async (bucket: string): Promise<Record<string, string>> =>
  (
    await admin<{ backends: Record<string, string> }>(
      gateway,
      'GET',
      `/proxy/buckets/${gateway.credentials.tenant}/${bucket}`,
    )
  ).backends;
const europeans = async (): Promise<Shown[]> =>
  (await admin<{ items: Shown[] }>(gateway, 'GET', '/admin/backends')).items.filter(
    ({ jurisdiction, state }) => jurisdiction === 'EU' && state !== 'retired',
  );
/** Figures of a run that was asked for. */
const report = (text: string): void => void process.stdout.write(`${text}\n`);
const cli = (...args: string[]) => sealgate(gateway, args);

test('a backend is drained under writes, is empty in the end, and only then retired', async () => {
  await putMany('plain', OBJECTS);
  const [{ id } = { id: '' }] = (await europeans()).sort(
    (a, b) => blobsIn(folderOf(b.id)).length - blobsIn(folderOf(a.id)).length,
  );
  await until('a manifest there', () => manifestsIn(folderOf(id)).length > 0);
  const before = blobsIn(folderOf(id)).length;
  expect(before).toBeGreaterThan(OBJECTS / 7);

  const drained = new AbortController();
  const writer = (async () => {
    for (let i = 0; !drained.signal.aborted; i += 1) await put('plain', `while-draining-${i}`, 500);
  })();
  expect((await cli('backend', 'drain', id)).stdout).toContain(`${id} is draining`);
  // Refused for as long as there is something on it, which on a busy machine may be over before the first try.
  const early = await cli('backend', 'retire', id);
  if (early.code !== 0) {
    expect(early.stderr).toMatch(/not known yet|still holds/);
    await until('an empty backend', async () => (await show(id)).maintenance.drain?.empty === true);
    const { drain } = (await show(id)).maintenance;
    expect(drain).toMatchObject({ replicasLeft: 0, manifestsLeft: 0 });
    expect(drain?.replicasDone).toBeGreaterThanOrEqual(1);
  }
  drained.abort();
  await writer;
  expect(blobsIn(folderOf(id))).toEqual([]);
  expect(manifestsIn(folderOf(id))).toEqual([]);
  await readAll('plain');

  if (early.code !== 0) expect(await cli('backend', 'retire', id)).toMatchObject({ code: 0 });
  expect((await show(id)).state).toBe('retired');
  await put('plain', 'after');
  expect(blobsIn(folderOf(id))).toEqual([]);
  expect((await cli('backend', 'resume', id)).code).not.toBe(0);
});

test('copies that a change of country makes illegal are moved, and nothing else is', async () => {
  await putMany('european', 40);
  const names = await physicalOf('european');
  const held = async (id: string) => blobsIn(join(folderOf(id), (await physicalOf('european'))[id] ?? 'none'));
  const counts = await Promise.all((await europeans()).map(async ({ id }) => ({ id, count: (await held(id)).length })));
  const [{ id } = { id: '' }] = counts.sort((a, b) => b.count - a.count);
  expect((await held(id)).length).toBeGreaterThan(0);
  const others = blobsIn(folderOf(id)).filter((file) => !file.includes(names[id] ?? ''));

  const updated = await cli('backend', 'update', id, '--country', 'US', '--jurisdiction', 'US');
  expect(updated).toMatchObject({ code: 0 });
  await until('an empty physical bucket', async () => (await held(id)).length === 0);
  // What may be anywhere stays.
  expect(blobsIn(folderOf(id)).filter((file) => !file.includes(names[id] ?? ''))).toEqual(
    expect.arrayContaining(others),
  );
  const lawful = new Set((await europeans()).map((backend) => backend.id));
  expect(lawful.has(id)).toBe(false);
  await until('three lawful copies of each', async () => {
    const all = await Promise.all([...lawful].map(held));
    return all.flat().length === 40 * 3;
  });
  await readAll('european');
});

test('every byte that a backend alters is found and repaired, and none is served', {
  timeout: 4 * PATIENCE_MS * Math.max(1, ROTTEN / 500),
}, async () => {
  await putMany('rotten', ROTTEN);
  const names = await physicalOf('rotten');
  const folders = Object.entries(names).map(([id, name]) => join(folderOf(id), name));
  const [folder = ''] = folders.sort((a, b) => blobsIn(b).length - blobsIn(a).length);
  const id = folder.split('/').at(-2) ?? '';
  const files = blobsIn(folder);
  expect(files.length).toBeGreaterThan(ROTTEN / 4);
  const good = new Map(files.map((file) => [file, readFileSync(file)]));
  const aside = join(gateway.dataDir, 'flipped');
  const flipAll = (): void => {
    for (const [file, bytes] of good) {
      const bad = Buffer.from(bytes);
      const at = createHash('sha256').update(file).digest().readUInt32BE() % bad.length;
      bad[at] = bad.readUInt8(at) ^ 1;
      // In one step, so that nobody sees it cut short.
      writeFileSync(aside, bad);
      renameSync(aside, file);
    }
  };
  const corrupted = async (): Promise<number> => {
    const text = await (
      await fetch(`${gateway.credentials.controlEndpoint}/metrics`, {
        headers: { 'x-admin-key': gateway.credentials.adminKey },
      })
    ).text();
    return Number(
      new RegExp(`sealgate_scrub_replicas_total\\{backend="${id}",condition="corrupted"\\} (\\d+)`).exec(text)?.[1] ??
        0,
    );
  };
  const whole = (): boolean => [...good].every(([file, bytes]) => contentOf(file)?.equals(bytes) === true);

  const before = await corrupted();
  flipAll();
  expect(whole()).toBe(false);
  const flippedMs = Date.now();
  await until('whole copies again', whole);
  expect(await corrupted()).toBe(before + good.size);
  if (ROTTEN > OBJECTS)
    report(
      `${good.size} copies of ${ROTTEN} objects, one byte of each flipped: found by scrubbing and whole again in ${Date.now() - flippedMs} ms`,
    );

  // Once more, with readers that come by before the scrub does.
  flipAll();
  const readMs = Date.now();
  await readAll('rotten');
  await until('whole copies again', whole);
  if (ROTTEN > OBJECTS)
    report(`flipped again, all ${ROTTEN} read meanwhile, none of them wrong, whole again in ${Date.now() - readMs} ms`);
  expect((await cli('backend', 'show', id)).stdout).toMatch(/last scrub: .* good/);
});
