// Leaving without us: buckets of every kind are filled, then the gateway and its database are gone, and two backends with
// them. What is left and the owner's keys give everything back.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { untilStored } from '../support/copies.ts';
import {
  admin,
  type CommandResult,
  createBucket,
  type GatewayProcess,
  removeDataDir,
  run,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { bytesOf, contentsBelow, filesBelow } from '../support/stored-files.ts';

const MIB = 1024 * 1024;
/** What each recovery must give back: bytes by path below the folder. */
const expected = new Map<string, Buffer>();
/** As it was in the middle. */
const before = new Map<string, Buffer>();
let gateway: GatewayProcess;
let middle = '';
let report: readonly Record<string, unknown>[] = [];

const at = (...names: string[]): string => join(gateway.dataDir, ...names);
const backends = (): string => at('backends');

async function cli(...args: string[]): Promise<CommandResult> {
  const result = await sealgate(gateway, args);
  expect({ args, ...result }).toMatchObject({ code: 0 });
  return result;
}

/** All files below a folder by their paths, without what recovery keeps for itself. */
function filesIn(folder: string): Map<string, Buffer> {
  const files = [...contentsBelow(folder, { mayBeMissing: true })].map(
    ([path, bytes]) => [path.slice(folder.length + 1), bytes] as const,
  );
  return new Map(files.filter(([name]) => !name.startsWith('.sealgate-recover')));
}

function expectSame(found: Map<string, Buffer>, wanted: Map<string, Buffer>): void {
  expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
  for (const [name, bytes] of wanted) expect(found.get(name)?.equals(bytes), name).toBe(true);
}

async function sealed(bucket: string, key: string, bytes: Buffer, path: string): Promise<void> {
  writeFileSync(at('body'), bytes);
  await cli('put', 'body', `s3://${bucket}/${key}`);
  expected.set(`default/${bucket}/${path}`, bytes);
}

/** Polls until something is true. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 120_000; !(await holds()); await new Promise((done) => setTimeout(done, 100))) {
    if (Date.now() > deadline) throw new Error(`${what} did not come about:\n${gateway.log()}`);
  }
}

/** Everything that was committed by now is in manifests. */
async function manifestsCaughtUp(): Promise<void> {
  const nowS = Date.now() / 1000;
  await until('a manifest of everything', async () => {
    const text = await (await fetch(`${gateway.credentials.controlEndpoint}/metrics`)).text();
    const line = text.split('\n').find((l) => l.startsWith('sealgate_recovery_manifests_current_timestamp_seconds '));
    return Number(line?.split(' ')[1] ?? 0) > nowS;
  });
}

async function fillSealed(): Promise<void> {
  await cli('bucket', 'create', 'vault');
  await sealed('vault', 'report.bin', randomBytes(3 * MIB + 17), 'report.bin');
  await sealed('vault', 'empty', Buffer.alloc(0), 'empty');
  // Names that meet on a disk, or that some disk does not take.
  await sealed('vault', 'photo', randomBytes(100), 'photo%');
  await sealed('vault', 'photo/1', randomBytes(100), 'photo/1');
  await sealed('vault', 'Ünï 100% : ?', randomBytes(100), 'Ünï 100%25 %3A %3F');
  await cli('bucket', 'create', 'cold', '--class', 'ColdArchiveClass');
  await sealed('cold', 'archive.bin', randomBytes(2 * MIB + 5), 'archive.bin');
}

async function fillPlain(s3: S3Client): Promise<void> {
  await createBucket(gateway, 'plain', { encryption: 'off' });
  const put = async (bucket: string, key: string, body: Buffer, extra: object = {}): Promise<void> => {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...extra }));
    expected.set(`default/${bucket}/${key}`, body);
  };
  await put('plain', 'small', randomBytes(1000), { ContentType: 'text/plain', Metadata: { owner: 'me' } });
  await put('plain', 'large', randomBytes(2 * MIB + 1));
  await put('plain', 'none', Buffer.alloc(0));
  // Names that must not lead anywhere.
  const hostile = [
    ['a/../../up', 'a/.%2E/.%2E/up'],
    ['/absolute', '%/absolute'],
  ] as const;
  for (const [key, path] of hostile) {
    const Body = randomBytes(100);
    await s3.send(new PutObjectCommand({ Bucket: 'plain', Key: key, Body }));
    expected.set(`default/plain/${path}`, Body);
  }
  await put('plain', 'cold', randomBytes(300_000), { StorageClass: 'ColdArchiveClass' });
  for (let turn = 0; turn < 3; turn += 1) await put('plain', 'overwritten', randomBytes(200));
  await put('plain', 'deleted', randomBytes(10));
  await s3.send(new DeleteObjectCommand({ Bucket: 'plain', Key: 'deleted' }));
  expected.delete('default/plain/deleted');
  const tags = { TagSet: [{ Key: 'kind', Value: 'note' }] };
  await s3.send(new PutObjectTaggingCommand({ Bucket: 'plain', Key: 'small', Tagging: tags }));
  expected.set('default/plain/parts', await putParts(s3, 'plain', 'parts'));
}

async function putParts(s3: S3Client, Bucket: string, Key: string): Promise<Buffer> {
  const pieces = [randomBytes(5 * MIB), randomBytes(5 * MIB + 3), randomBytes(77)];
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const Parts = [];
  for (const [index, Body] of pieces.entries()) {
    const PartNumber = index + 1;
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
    Parts.push({ PartNumber, ETag });
  }
  await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
  return Buffer.concat(pieces);
}

/** Each of the keys has an earlier state that `--at` must give back. */
async function fillVersioned(s3: S3Client): Promise<void> {
  const Bucket = 'history';
  await createBucket(gateway, Bucket, { encryption: 'off' });
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const put = async (into: Map<string, Buffer>, Key: string): Promise<void> => {
    const Body = randomBytes(500);
    await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
    into.set(`default/${Bucket}/${Key}`, Body);
  };
  await put(before, 'changed');
  await put(before, 'gone');
  await untilStored(gateway, Bucket, ['changed', 'gone']);
  // In a delta, not in the base: both ways into a manifest are tried.
  await manifestsCaughtUp();
  middle = new Date(Date.now() + 1).toISOString();
  await until('the next moment', () => Date.now() > Date.parse(middle));
  await put(expected, 'changed');
  await put(expected, 'new');
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
}

beforeAll(async () => {
  gateway = await startGateway({ env: { SEALGATE_RECOVERY_INTERVAL_SECONDS: '1' } });
  const s3 = newClient(gateway.credentials);
  await fillSealed();
  await fillPlain(s3);
  await fillVersioned(s3);
  // Two backends are lost: each copy that came late may be the only one that is left.
  for (const Bucket of ['vault', 'cold', 'plain', 'history']) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    await untilStored(
      gateway,
      Bucket,
      Contents.map(({ Key = '' }) => Key),
    );
  }
  await manifestsCaughtUp();
  const status = await admin<{ items: { bucket: string; readableBy: string }[] }>(gateway, 'GET', '/admin/recovery');
  expect(status.items.map(({ readableBy }) => readableBy)).toEqual(['owner', 'owner', 'owner', 'owner']);
  writeFileSync(at('audit.pub'), (await cli('audit', 'key')).stdout);
  s3.destroy();
  await gateway.stop();
  rmSync(at('postgres'), { recursive: true });
  rmSync(at('secrets.json'));
  rmSync(at('recovery-key.json'));
  cpSync(backends(), at('whole'), { recursive: true });
  for (const lost of ['demo-hel', 'demo-par']) rmSync(join(backends(), lost), { recursive: true });
});
afterAll(() => removeDataDir(gateway.dataDir));

test('everything comes back byte for byte from five of seven backends and the key store', async () => {
  const { stdout } = await cli('recover', '--from', 'backends', '--to', 'out', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ restored: expected.size, damaged: 0, missing: 0, failed: 0 });
  expectSame(filesIn(at('out')), expected);
  report = readFileSync(at('out', '.sealgate-recover', 'report.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const small = report.find(({ key }) => key === 'small');
  const headers = { contentType: 'text/plain', user: { owner: 'me' } };
  expect(small).toMatchObject({ outcome: 'restored', tags: { kind: 'note' }, headers });
});

test('run again it does nothing twice, and restores what was lost meanwhile', async () => {
  rmSync(at('out', 'default', 'vault', 'report.bin'));
  const { stdout } = await cli('recover', '--from', 'backends', '--to', 'out', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ restored: 1, alreadyThere: expected.size - 1 });
  expectSame(filesIn(at('out')), expected);
});

test('--at gives the earlier state, --versions all of them, --bucket one bucket alone', async () => {
  await cli('recover', '--from', 'backends', '--to', 'earlier', '--bucket', 'history', '--at', middle);
  expectSame(filesIn(at('earlier')), before);
  await cli('recover', '--from', 'backends', '--to', 'all', '--bucket', 'history', '--versions');
  const found = [...filesIn(at('all')).entries()];
  const bytesOf = (files: Map<string, Buffer>) => [...files].filter(([name]) => name.startsWith('default/history/'));
  for (const [name, bytes] of [...bytesOf(before), ...bytesOf(expected)]) {
    expect(found.some(([path, body]) => path.startsWith(`${name}%versions/`) && body.equals(bytes))).toBe(true);
  }
  expect(found).toHaveLength(4);
});

test('a dry run writes nothing and says what there is; --sealed opens nothing', async () => {
  const { stdout } = await cli('recover', '--from', 'backends', '--dry-run', '--json');
  const plan = JSON.parse(stdout) as { buckets: { bucket: string; versions: number; missing: number }[] };
  expect(plan.buckets.map(({ bucket }) => bucket).sort()).toEqual(['cold', 'history', 'plain', 'vault']);
  expect(plan.buckets.reduce((sum, { versions }) => sum + versions, 0)).toBe(expected.size);
  expect(plan.buckets.every(({ missing }) => missing === 0)).toBe(true);
  await cli('recover', '--from', 'backends', '--to', 'sealed', '--bucket', 'cold', '--sealed');
  const [[name, body] = []] = [...filesIn(at('sealed'))];
  expect(name).toBe('default/cold/archive.bin%.sgo');
  expect(body?.subarray(0, 8).toString('hex')).toBe('8953474f0d0a1a0a');
});

const KEY_OF_ANOTHER_GATEWAY = 'sealgate/other+77ba80b4+AThWgVDa/hsVFwKwQrkmuKRTY9Nit2bJv+DlDiMwig/C';

test('only what the gateway signed counts where its key is given', async () => {
  const pinned = (name: string) =>
    sealgate(gateway, ['recover', '--from', 'backends', '--dry-run', '--json', '--gateway-key', name]);
  const { code, stdout } = await pinned('audit.pub');
  expect([code, (JSON.parse(stdout) as { buckets: unknown[] }).buckets.length]).toEqual([0, 4]);
  writeFileSync(at('other.pub'), `${KEY_OF_ANOTHER_GATEWAY}\n`);
  expect(await pinned('other.pub')).toMatchObject({ code: 4, stderr: expect.stringMatching(/signed/) as string });
  writeFileSync(at('none.pub'), '');
  expect((await pinned('none.pub')).code).toBe(2);
});

test.skipIf(!existsSync('/dev/full'))('a disk that is full for the report ends it with a word about that', async () => {
  const folder = at('unreported');
  mkdirSync(join(folder, '.sealgate-recover'), { recursive: true });
  symlinkSync('/dev/full', join(folder, '.sealgate-recover', 'report.jsonl'));
  const { code, stderr } = await sealgate(gateway, ['recover', '--from', 'backends', '--to', 'unreported']);
  expect(stderr).toBe('sealgate: the disk is full\n');
  expect(code).toBe(1);
});

test('without the keys nothing opens', async () => {
  const other = { HOME: at('nobody'), XDG_CONFIG_HOME: at('nobody') };
  const result = await sealgate(gateway, ['recover', '--from', 'backends', '--to', 'none'], { env: other });
  expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('no key at hand opens one') as string });
  expect(filesIn(at('none')).size).toBe(0);
});

const missing =
  spawnSync('python3', ['-c', 'import cryptography']).status === 0 ? '' : ' (missing: python3 with cryptography)';

test.skipIf(missing !== '')(`a script with nothing of ours restores one object of each kind${missing}`, async () => {
  const { stdout: jwk } = await cli('keys', 'export', '--private');
  writeFileSync(at('mine.jwk'), jwk);
  const script = fileURLToPath(new URL('../../packages/sealed/python/restore_object.py', import.meta.url));
  const restore = (bucket: string, key: string) =>
    run('python3', [script, '--key', at('mine.jwk'), backends(), 'default', bucket, key, at('restored')]);
  const kinds = [
    ['vault', 'report.bin'],
    ['vault', 'empty'],
    ['cold', 'archive.bin'],
    ['plain', 'small'],
    ['plain', 'large'],
    ['plain', 'cold'],
    ['plain', 'parts'],
    ['history', 'changed'],
  ] as const;
  for (const [bucket, key] of kinds) {
    rmSync(at('restored'), { force: true });
    expect(await restore(bucket, key)).toMatchObject({ code: 0 });
    expect(readFileSync(at('restored')).equals(expected.get(`default/${bucket}/${key}`)!), `${bucket}/${key}`).toBe(
      true,
    );
  }
  rmSync(at('restored'));
  for (const key of ['deleted', 'never']) expect(await restore('plain', key)).toMatchObject({ code: 4 });
  expect(existsSync(at('restored'))).toBe(false);
});

describe('what was tampered with', () => {
  /** Files of a kind on copies of the backends that are left, or of all as they were. */
  function copyOfBackends(name: string, from = 'backends'): (prefix: string) => string[] {
    mkdirSync(at(name));
    cpSync(at(from), at(name), { recursive: true });
    return (prefix) => filesBelow(at(name)).filter((file) => dirname(file).includes(`/${prefix}`) && bytesOf(file) > 0);
  }
  const flip = (path: string, place: number): void => {
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(place % bytes.length) ^ 1, place % bytes.length);
    writeFileSync(path, bytes);
  };

  test('bytes of objects: each is told of by name, none is written, the others come', async () => {
    const files = copyOfBackends('rotten');
    for (const path of files('b@')) flip(path, 5000);
    const result = await sealgate(gateway, ['recover', '--from', 'rotten', '--to', 'from-rotten', '--json']);
    expect(result.code).toBe(4);
    const found = filesIn(at('from-rotten'));
    for (const [name, bytes] of found) expect(expected.get(name)?.equals(bytes), name).toBe(true);
    expect(found.size).toBeLessThan(expected.size);
    expect(found.has('default/vault/report.bin')).toBe(false);
  });

  test('one copy of everything on one backend: nobody notices', async () => {
    // Of all seven: with two gone, this one may be the last that has a copy.
    const files = copyOfBackends('one-bad', 'whole');
    for (const path of [...files('b@'), ...files('r@')]) if (path.includes('/demo-sto/')) flip(path, 999);
    await cli('recover', '--from', 'one-bad', '--to', 'from-one-bad');
    expectSame(filesIn(at('from-one-bad')), expected);
  });

  test('manifests everywhere: they are refused', async () => {
    const files = copyOfBackends('forged');
    for (const path of files('r@')) flip(path, 2000);
    const result = await sealgate(gateway, ['recover', '--from', 'forged', '--to', 'from-forged']);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('No usable manifest');
    expect(filesIn(at('from-forged')).size).toBe(0);
  });
});
