import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateMultipartUploadCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilStored } from '../support/copies.ts';
import { admin, createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { newClient } from '../support/s3-client.ts';
import { bringBack, bytesOf, filesBelow, removeFolder } from '../support/stored-files.ts';

interface Replica {
  readonly backend: string;
  readonly shard: number;
  readonly state: string;
}

const MIB = 1024 * 1024;
let gateway: GatewayProcess;
let s3: S3Client;
const report = randomBytes(3 * MIB + 17);

beforeAll(async () => {
  gateway = await startGateway();
  s3 = newClient(gateway.credentials);
  writeFileSync(join(gateway.dataDir, 'report.bin'), report);
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

const cli = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await sealgate(gateway, args);
  expect({ args, code, stderr }).toMatchObject({ args, code: 0 });
  return stdout;
};
const shardsOf = async (address: string): Promise<readonly Replica[]> => {
  const stat = JSON.parse(await cli('stat', '--json', address)) as { blobs: { replicas: Replica[] }[] };
  return stat.blobs.flatMap((blob) => blob.replicas);
};
const folderOf = (backend: string): string => join(gateway.dataDir, 'backends', backend);
const read = async (key: string, range?: string): Promise<Buffer> => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'cold-plain', Key: key, Range: range }));
  return Buffer.from(await Body!.transformToByteArray());
};

/**
 * Whatever these objects are owed is there, and every backend is trusted again: which shards a read needs is then known. An
 * upload is acknowledged before its last shards came in, and who missed a few calls is left out for some seconds.
 */
const settled = async (bucket: string, ...keys: string[]): Promise<void> => {
  await until(
    async () => (await admin<{ items: { state: string }[] }>(gateway, 'GET', '/admin/backends')).items,
    (backends) => backends.every(({ state }) => ['healthy', 'degraded'].includes(state)),
    { what: 'backends that take writes' },
  );
  await untilStored(gateway, bucket, keys);
};

/** Files in a folder and below that hold something. */
const filesUnder = (folder: string): number => filesBelow(folder).filter((file) => bytesOf(file) > 0).length;
/** What happens while some backends have lost everything. */
const gone = async (backends: readonly string[], work: () => Promise<void>): Promise<void> => {
  const folders = backends.map(folderOf);
  for (const folder of folders) renameSync(folder, `${folder}.lost`);
  try {
    await work();
  } finally {
    for (const folder of folders) bringBack(`${folder}.lost`, folder);
  }
};

test('a sealed object of ColdArchiveClass has six shards on six backends, and any two give it back', async () => {
  await cli('bucket', 'create', 'cold', '--class', 'ColdArchiveClass');
  await cli('put', 'report.bin', 's3://cold/report.bin');
  await settled('cold', 'report.bin');
  const shards = await shardsOf('s3://cold/report.bin');
  expect(shards.map(({ shard }) => shard).toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
  expect(new Set(shards.map(({ backend }) => backend)).size).toBe(6);
  for (const kept of [
    [0, 1],
    [4, 5],
    [1, 3],
  ]) {
    await settled('cold', 'report.bin');
    const held = await shardsOf('s3://cold/report.bin');
    const lost = held.filter(({ shard }) => !kept.includes(shard)).map(({ backend }) => backend);
    expect(lost).toHaveLength(4);
    await gone(lost, async () => {
      await cli('get', 's3://cold/report.bin', 'again.bin');
    });
    expect(readFileSync(join(gateway.dataDir, 'again.bin')).equals(report)).toBe(true);
  }
});

test('ranges, parts and empty objects by an SDK, with four backends gone', async () => {
  await settled('cold', 'report.bin');
  await cli('bucket', 'create', 'cold-plain', '--encryption', 'off', '--class', 'ColdArchiveClass');
  const large = randomBytes(11 * MIB + 3);
  await s3.send(new PutObjectCommand({ Bucket: 'cold-plain', Key: 'whole', Body: report }));
  await s3.send(new PutObjectCommand({ Bucket: 'cold-plain', Key: 'empty', Body: '' }));
  const params = { Bucket: 'cold-plain', Key: 'parts', Body: large };
  await new Upload({ client: s3, params, partSize: 5 * MIB }).done();
  await settled('cold-plain', 'whole', 'empty', 'parts');
  const shards = await shardsOf('s3://cold-plain/whole');
  const lost = shards.filter(({ shard }) => [0, 2, 3, 5].includes(shard)).map(({ backend }) => backend);
  for (const backends of [[], lost]) {
    await gone(backends, async () => {
      expect((await read('whole')).equals(report)).toBe(true);
      expect((await read('whole', 'bytes=100000-300001')).equals(report.subarray(100_000, 300_002))).toBe(true);
      expect(await read('empty')).toHaveLength(0);
      expect((await read('parts')).equals(large)).toBe(true);
      expect((await read('parts', 'bytes=-70000')).equals(large.subarray(-70_000))).toBe(true);
    });
  }
});

test('the shard of a provider that came back empty is made anew', async () => {
  await settled('cold', 'report.bin');
  const shards = (await shardsOf('s3://cold/report.bin')).toSorted((a, b) => a.shard - b.shard);
  // A data shard, so that the next read misses it.
  const folder = folderOf(shards[0]!.backend);
  removeFolder(folder);
  mkdirSync(folder);
  await cli('get', 's3://cold/report.bin', 'again.bin');
  await expect.poll(() => filesUnder(folder)).toBeGreaterThan(0);
  await expect
    .poll(async () => (await shardsOf('s3://cold/report.bin')).map(({ state }) => state))
    .toEqual(Array.from({ length: 6 }, () => 'stored'));
  const others = shards.slice(2).map(({ backend }) => backend);
  await gone(others, async () => {
    await cli('get', 's3://cold/report.bin', 'again.bin');
  });
  expect(readFileSync(join(gateway.dataDir, 'again.bin')).equals(report)).toBe(true);
});

test('with too few backends for the class an upload is refused before it is begun', async () => {
  await createBucket(gateway, 'locked', { encryption: 'off', regionLock: ['FI'] });
  const upload = { Bucket: 'locked', Key: 'k', StorageClass: 'ColdArchiveClass' as never };
  const put = s3.send(new PutObjectCommand({ ...upload, Body: 'x' }));
  await expect(put).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  await expect(s3.send(new CreateMultipartUploadCommand({ ...upload, Bucket: 'nowhere' }))).rejects.toMatchObject({
    name: 'NoSuchBucket',
  });
});
