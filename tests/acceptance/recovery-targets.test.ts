// Recovery between S3 endpoints: the backends are S3 buckets, some of them bad, and what comes back goes to another gateway.
// The owner's key is under a passphrase.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServedBackend, serveAsS3 } from '../support/backend-as-s3.ts';
import { untilStored } from '../support/copies.ts';
import {
  type CommandResult,
  createBucket,
  type GatewayProcess,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

const MIB = 1024 * 1024;
const PASSPHRASE = { SEALGATE_PASSPHRASE: 'correct horse battery staple' };
/** Above what the client sends in one request. */
const large = randomBytes(17 * MIB + 3);
const note = randomBytes(5000);
let old: GatewayProcess;
let next: GatewayProcess;
let s3: S3Client;

const cli = (args: readonly string[], env: Readonly<Record<string, string>> = PASSPHRASE): Promise<CommandResult> =>
  sealgate(old, args, { env });
/** To the other gateway, which nothing in the folder names. */
const recover = (...args: string[]): Promise<CommandResult> => {
  const { s3Endpoint, accessKeyId, secretAccessKey, region } = next.credentials;
  const aws = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: region };
  const state = { XDG_STATE_HOME: join(old.dataDir, 'state') };
  return cli(['recover', '--from', 'backends', '--endpoint-url', s3Endpoint, '--json', ...args], {
    ...PASSPHRASE,
    ...aws,
    ...state,
  });
};
const keysIn = async (Bucket: string): Promise<(string | undefined)[]> =>
  ((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key);
const get = async (Bucket: string, Key: string) => {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return { ...answer, bytes: Buffer.from(await answer.Body!.transformToByteArray()) };
};

const SEALED = Buffer.from('8953474f', 'hex');
/** Whether a copy of the sealed note lies there; the other sealed bytes are much shorter or longer. */
const holdsNote = ({ buckets }: ServedBackend): boolean =>
  [...buckets.values()]
    .flatMap(({ objects }) => [...objects.values()].flat())
    .some(
      ({ data }) => data !== null && data.subarray(0, 4).equals(SEALED) && data.length > 5000 && data.length < 10_000,
    );

async function fill(): Promise<void> {
  expect(await cli(['bucket', 'create', 'vault'])).toMatchObject({ code: 0 });
  for (const [key, bytes] of [
    ['large.bin', large],
    ['a folder/note', note],
    ['empty', Buffer.alloc(0)],
  ] as const) {
    writeFileSync(join(old.dataDir, 'body'), bytes);
    const put = ['put', 'body', `s3://vault/${key}`, '--content-type', 'application/x-note'];
    expect(await cli(put)).toMatchObject({ code: 0 });
  }
  await createBucket(old, 'plain', { encryption: 'off' });
  const first = newClient(old.credentials);
  await first.send(
    new PutObjectCommand({
      ...{ Bucket: 'plain', Key: 'page', Body: note, ContentType: 'text/html', CacheControl: 'max-age=60' },
      ...{ Metadata: { owner: 'me' }, Tagging: 'kind=a%20note' },
    }),
  );
  await first.send(new PutObjectCommand({ Bucket: 'plain', Key: 'large', Body: large }));
  await first.send(new PutObjectCommand({ Bucket: 'plain', Key: 'a/../up', Body: note }));
  first.destroy();
  // Backends go bad later: a copy that came late may be the only good one that is left.
  await untilStored(old, 'vault', ['large.bin', 'a folder/note', 'empty']);
  await untilStored(old, 'plain', ['page', 'large', 'a/../up']);
}

async function manifestsCaughtUp(): Promise<void> {
  const nowS = Date.now() / 1000;
  for (const deadline = Date.now() + 120_000; ; await new Promise((done) => setTimeout(done, 100))) {
    const text = await (await fetch(`${old.credentials.controlEndpoint}/metrics`)).text();
    const line = text.split('\n').find((l) => l.startsWith('sealgate_recovery_manifests_current_timestamp_seconds '));
    if (Number(line?.split(' ')[1] ?? 0) > nowS) return;
    if (Date.now() > deadline) throw new Error(`no manifest of everything:\n${old.log()}`);
  }
}

beforeAll(async () => {
  old = await startGateway({ env: { SEALGATE_RECOVERY_INTERVAL_SECONDS: '1' } });
  await fill();
  await manifestsCaughtUp();
  await old.stop();
  rmSync(join(old.dataDir, 'postgres'), { recursive: true });
  rmSync(join(old.dataDir, 'recovery-key.json'));
  next = await startGateway();
  s3 = newClient(next.credentials);
  await createBucket(next, 'all', { encryption: 'off' });
  await s3.send(new CreateBucketCommand({ Bucket: 'vault' }));
});
afterAll(async () => {
  s3.destroy();
  await next.stop();
  for (const { dataDir } of [old, next]) removeDataDir(dataDir);
});

test('everything becomes objects of an S3 bucket, with their headers; a key that no URL carries is told of', async () => {
  const result = await recover('--to', 's3://all/back');
  expect(JSON.parse(result.stdout)).toMatchObject({ restored: 5, failed: 1, damaged: 0, missing: 0 });
  expect(result.code).toBe(1);
  const [state = ''] = readdirSync(join(old.dataDir, 'state', 'sealgate', 'recover'));
  const report = readFileSync(join(old.dataDir, 'state', 'sealgate', 'recover', state, 'report.jsonl'), 'utf8');
  const failed = report.split('\n').filter((line) => line.includes('"failed"'));
  expect(failed).toHaveLength(1);
  expect(JSON.parse(failed[0]!)).toMatchObject({ key: 'a/../up', reason: expect.stringMatching(/slashes/) as string });
  expect((await keysIn('all')).sort()).toEqual(
    ['plain/large', 'plain/page', 'vault/a folder/note', 'vault/empty', 'vault/large.bin'].map(
      (name) => `back/default/${name}`,
    ),
  );
  const page = await get('all', 'back/default/plain/page');
  expect(page.bytes.equals(note)).toBe(true);
  expect(page).toMatchObject({ ContentType: 'text/html', CacheControl: 'max-age=60', Metadata: { owner: 'me' } });
  const tags = await s3.send(new GetObjectTaggingCommand({ Bucket: 'all', Key: 'back/default/plain/page' }));
  expect(tags.TagSet).toEqual([{ Key: 'kind', Value: 'a note' }]);
  const opened = await get('all', 'back/default/vault/large.bin');
  expect(opened.bytes.equals(large)).toBe(true);
  expect(opened.ContentType).toBe('application/x-note');
  expect((await get('all', 'back/default/plain/large')).bytes.equals(large)).toBe(true);
  expect((await get('all', 'back/default/vault/empty')).bytes).toHaveLength(0);
});

test('run again it does nothing twice, and puts back what was lost meanwhile', async () => {
  await s3.send(new DeleteObjectCommand({ Bucket: 'all', Key: 'back/default/vault/a folder/note' }));
  const { stdout } = await recover('--to', 's3://all/back', '--bucket', 'vault');
  // With --bucket keys are those of the bucket: other places, so all are new.
  expect(JSON.parse(stdout)).toMatchObject({ restored: 3, alreadyThere: 0 });
  const again = await recover('--to', 's3://all/back');
  expect(JSON.parse(again.stdout)).toMatchObject({ restored: 1, alreadyThere: 4, failed: 1 });
  expect((await get('all', 'back/default/vault/a folder/note')).bytes.equals(note)).toBe(true);
});

test('--sealed moves sealed objects to another gateway, which never sees them, and they open there', async () => {
  const moved = await recover('--to', 's3://vault', '--bucket', 'vault', '--sealed');
  expect(JSON.parse(moved.stdout)).toMatchObject({ restored: 3 });
  expect((await get('vault', 'large.bin')).bytes.subarray(0, 8).toString('hex')).toBe('8953474f0d0a1a0a');
  for (const [key, bytes] of [
    ['large.bin', large],
    ['a folder/note', note],
  ] as const) {
    const env = { ...PASSPHRASE, XDG_CONFIG_HOME: join(old.dataDir, 'config') };
    const got = await sealgate(next, ['get', `s3://vault/${key}`, join(old.dataDir, 'got')], { env });
    expect(got).toMatchObject({ code: 0 });
    expect((await sealgate(next, ['stat', `s3://vault/${key}`, '--json'], { env })).stdout).toContain('sgo1');
    expect(readFileSync(join(old.dataDir, 'got')).equals(bytes)).toBe(true);
    rmSync(join(old.dataDir, 'got'));
  }
});

test('backends are S3 endpoints: with one gone, one stalled or lying, and one that may not list buckets all comes back', async () => {
  const user = { accessKeyId: 'AKIDBACKENDS', secretAccessKey: 'secret-of-the-backends', owner: 'us' };
  const folder = join(old.dataDir, 'backends');
  const fakes = await Promise.all(readdirSync(folder).map((name) => serveAsS3(join(folder, name), user)));
  expect(fakes.length).toBeGreaterThan(5);
  // The three that have the note, so that each of them counts, wherever it was put.
  const [gone, bad, shy, ...others] = fakes.filter(holdsNote);
  if (gone === undefined || bad === undefined || shy === undefined)
    throw new Error('The note has fewer than three copies.');
  expect(others).toEqual([]);
  await gone.close();
  shy.trouble.add({
    ...{ method: 'GET', target: /^\/(?:\?|$)/ },
    trouble: { kind: 'answer', status: 403, code: 'AccessDenied' },
  });
  const { accessKeyId, secretAccessKey } = user;
  const list = fakes.map(({ endpoint, buckets }) => ({
    ...{ endpoint, region: 'eu-test-1', accessKeyId, secretAccessKey },
    ...(endpoint === shy.endpoint ? { buckets: [...buckets.keys()] } : {}),
  }));
  writeFileSync(join(old.dataDir, 'backends.json'), JSON.stringify(list));
  const recoverTo = (to: string, ...more: string[]): Promise<CommandResult> =>
    cli(['recover', '--from', 'backends.json', '--to', to, '--bucket', 'vault', ...more]);
  const comeBack = async (to: string, ...more: string[]): Promise<void> => {
    const result = await recoverTo(to, ...more);
    const stderr = expect.stringContaining(`${gone.endpoint} cannot be asked`) as string;
    expect(result).toMatchObject({ code: 0, stderr });
    const got = (name: string): Buffer => readFileSync(join(old.dataDir, to, 'default', 'vault', name));
    expect(got('large.bin').equals(large)).toBe(true);
    expect(got('a folder/note').equals(note)).toBe(true);
  };
  // It lists, and then not one byte comes.
  bad.trouble.add({ method: 'GET', target: /\/[br]\//, trouble: { kind: 'stall-request' } });
  // The time is for whoever stalls, once: the others are as good as they can be, on a busy machine too.
  await comeBack('beside-stalled', '--timeout', '5');
  // It cannot be listed, and then not read: what its key may not do the others make up for.
  for (const target of [/list-type=2/, /\/[br]\//]) {
    bad.trouble.clear();
    bad.trouble.add({ method: 'GET', target, trouble: { kind: 'answer', status: 403, code: 'AccessDenied' } });
    await comeBack(`beside-forbidden-${target.source.length}`);
  }
  bad.trouble.clear();
  for (const versions of [...bad.buckets.values()].flatMap(({ objects }) => [...objects.values()]))
    for (const { data } of versions) if (data !== null && data.length > 0) data.writeUInt8(data.readUInt8(0) ^ 1, 0);
  await comeBack('beside-lying');
  expect(shy.requests.some((line) => /\/b\//.test(line))).toBe(true);
  // Nobody is left to make up for the lie: it is found, not given out.
  shy.trouble.add({
    ...{ method: 'GET', target: /\/b\// },
    trouble: { kind: 'answer', status: 403, code: 'AccessDenied' },
  });
  const { code, stdout } = await recoverTo('from-a-liar', '--json');
  expect(code).toBe(4);
  expect((JSON.parse(stdout) as { damaged: number }).damaged).toBeGreaterThanOrEqual(1);
  expect(existsSync(join(old.dataDir, 'from-a-liar', 'default', 'vault', 'a folder', 'note'))).toBe(false);
  await Promise.all(fakes.filter((fake) => fake !== gone).map((fake) => fake.close()));
});

test('a target that refuses makes failures, not damage', async () => {
  const { code, stdout } = await recover('--to', 's3://nowhere', '--bucket', 'plain');
  expect(JSON.parse(stdout)).toMatchObject({ restored: 0, failed: 3, damaged: 0, missing: 0 });
  expect(code).toBe(1);
});

test('a key under a passphrase opens nothing without it, or with another one', async () => {
  const folder = ['recover', '--from', 'backends', '--to', 'folder', '--bucket', 'vault'];
  for (const env of [{}, { SEALGATE_PASSPHRASE: 'another one' }]) {
    const { code, stderr } = await cli(folder, env);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/passphrase/i);
  }
  expect(await cli(folder)).toMatchObject({ code: 0 });
});
