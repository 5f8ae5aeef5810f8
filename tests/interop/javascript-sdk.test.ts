import { createReadStream, readFileSync } from 'node:fs';
import {
  ChecksumAlgorithm,
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayProcess, removeDataDir, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { type ClientRound, newRound } from './environment.ts';

describe('AWS SDK for JavaScript v3', () => {
  let gateway: GatewayProcess;
  let round: ClientRound;
  let s3: S3Client;
  beforeAll(async () => {
    gateway = await startGateway();
    round = await newRound(gateway, 'jssdk');
    s3 = newClient(gateway.credentials);
  });
  afterAll(async () => {
    s3.destroy();
    await gateway.stop();
    removeDataDir(gateway.dataDir);
    removeDataDir(round.dir);
  });
  const read = async (Key: string, more: object = {}): Promise<Buffer> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: round.bucket, Key, ...more }));
    return Buffer.from(await Body!.transformToByteArray());
  };

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)('put and get with %s', async (algorithm) => {
    const Body = readFileSync(round.files.middle);
    const Key = `sum/${algorithm}`;
    const put = await s3.send(
      new PutObjectCommand({ Bucket: round.bucket, Key, Body, ChecksumAlgorithm: ChecksumAlgorithm[algorithm] }),
    );
    const field = `Checksum${algorithm}` as const;
    const { Body: got, ...head } = await s3.send(
      new GetObjectCommand({ Bucket: round.bucket, Key, ChecksumMode: 'ENABLED' }),
    );
    expect(head[field]).toBeDefined();
    expect(put[field]).toBe(head[field]);
    expect(Buffer.from(await got!.transformToByteArray()).equals(Body)).toBe(true);
  });

  test('metadata and system headers come back', async () => {
    const headers = {
      ContentType: 'text/x-test',
      CacheControl: 'no-store',
      ContentDisposition: 'attachment',
      ContentEncoding: 'identity',
      ContentLanguage: 'fi',
      Metadata: { one: '1', two: 'zwei' },
    };
    await s3.send(new PutObjectCommand({ Bucket: round.bucket, Key: 'headers', Body: 'x', ...headers }));
    expect(await s3.send(new HeadObjectCommand({ Bucket: round.bucket, Key: 'headers' }))).toMatchObject(headers);
  });

  test('a stream of known length, ranges and conditions', async () => {
    const whole = readFileSync(round.files.middle);
    await s3.send(
      new PutObjectCommand({
        Bucket: round.bucket,
        Key: 'stream',
        Body: createReadStream(round.files.middle),
        ContentLength: whole.length,
      }),
    );
    expect((await read('stream')).equals(whole)).toBe(true);
    expect((await read('stream', { Range: 'bytes=1000-70000' })).equals(whole.subarray(1000, 70001))).toBe(true);
    expect((await read('stream', { Range: 'bytes=-7' })).equals(whole.subarray(-7))).toBe(true);
    const { ETag } = await s3.send(new HeadObjectCommand({ Bucket: round.bucket, Key: 'stream' }));
    await expect(read('stream', { IfNoneMatch: ETag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
    await expect(read('stream', { IfMatch: '"other"' })).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
    await expect(read('stream', { Range: 'bytes=9999999-' })).rejects.toMatchObject({ name: 'InvalidRange' });
  });

  test('multipart by lib-storage, copy, list in pages, delete many', async () => {
    const Body = readFileSync(round.files.large);
    const upload = new Upload({
      client: s3,
      params: { Bucket: round.bucket, Key: 'many/large', Body },
      partSize: 5 * 1024 * 1024,
      queueSize: 3,
    });
    await upload.done();
    expect((await read('many/large')).equals(Body)).toBe(true);
    await s3.send(
      new CopyObjectCommand({ Bucket: round.bucket, Key: 'many/copy', CopySource: `${round.bucket}/many/large` }),
    );
    expect((await read('many/copy')).equals(Body)).toBe(true);
    for (let i = 0; i < 5; i += 1) {
      await s3.send(new PutObjectCommand({ Bucket: round.bucket, Key: `many/${i}`, Body: String(i) }));
    }
    const keys: string[] = [];
    for (let token: string | undefined; ; ) {
      const page = await s3.send(
        new ListObjectsV2Command({ Bucket: round.bucket, Prefix: 'many/', MaxKeys: 2, ContinuationToken: token }),
      );
      keys.push(...(page.Contents ?? []).map((c) => c.Key!));
      token = page.NextContinuationToken;
      if (token === undefined) break;
    }
    expect(keys).toEqual(['many/0', 'many/1', 'many/2', 'many/3', 'many/4', 'many/copy', 'many/large']);
    const { Deleted, Errors } = await s3.send(
      new DeleteObjectsCommand({ Bucket: round.bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }),
    );
    expect(Errors ?? []).toEqual([]);
    expect(Deleted).toHaveLength(7);
  });

  test('presigned get and put', async () => {
    const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket: round.bucket, Key: 'signed' }), {
      expiresIn: 60,
    });
    const answer = await fetch(put, { method: 'PUT', body: 'by url' });
    expect(answer.status).toBe(200);
    const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket: round.bucket, Key: 'signed' }), {
      expiresIn: 60,
    });
    expect(await (await fetch(get)).text()).toBe('by url');
    const tampered = get.replace(/X-Amz-Signature=./, 'X-Amz-Signature=0');
    const other = get === tampered ? get.replace(/X-Amz-Signature=./, 'X-Amz-Signature=1') : tampered;
    expect((await fetch(other)).status).toBe(403);
  });
});
