// Encryption at the gateway, through the AWS SDK and on the disks of the demo backends.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketEncryptionCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBucket, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { contentsBelow } from '../support/stored-files.ts';

const Bucket = 'open';
const MIB = 1024 * 1024;
const MARKER = 'FIND ME IF YOU CAN ';
/** Would show in any piece of 64 KiB. */
const marked = (bytes: number): Buffer =>
  Buffer.from(MARKER.repeat(Math.ceil(bytes / MARKER.length))).subarray(0, bytes);
const customer = (key: Buffer) => ({ SSECustomerAlgorithm: 'AES256', SSECustomerKey: key as unknown as string });
const source = (key: Buffer) => ({
  CopySourceSSECustomerAlgorithm: 'AES256',
  CopySourceSSECustomerKey: key as unknown as string,
});
const [keyA, keyB] = [randomBytes(32), randomBytes(32)];

let gateway: GatewayProcess;
let s3: S3Client;

beforeAll(async () => {
  gateway = await startGateway();
  s3 = newClient(gateway.credentials, { maxAttempts: 1 });
  await createBucket(gateway, Bucket, { encryption: 'off' });
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

async function read(Key: string, more: Partial<GetObjectCommandInput> = {}) {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...answer, bytes: Buffer.from((await answer.Body?.transformToByteArray()) ?? []) };
}

/** What the files of all backends hold, the newest bytes of every object among them. */
const filesOnBackends = (): Buffer[] => [...contentsBelow(join(gateway.dataDir, 'backends')).values()];

const refusal = (status: number, name: string) => ({ name, $metadata: { httpStatusCode: status } });

/** @param resend part numbers that are sent twice, with other bytes first */
async function uploadInParts(
  Key: string,
  parts: readonly Buffer[],
  options: { readonly keys?: ReturnType<typeof customer>; readonly resend?: readonly number[] } = {},
) {
  const { keys = {}, resend = [] } = options;
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...keys }));
  const listed = [];
  for (const [i, Body] of parts.entries()) {
    const part = { Bucket, Key, UploadId, PartNumber: i + 1, ...keys };
    if (resend.includes(i + 1)) await s3.send(new UploadPartCommand({ ...part, Body: randomBytes(Body.length) }));
    const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body }));
    listed.push({ ETag, PartNumber: i + 1 });
  }
  const done = { Bucket, Key, UploadId, MultipartUpload: { Parts: listed }, ...keys };
  return await s3.send(new CompleteMultipartUploadCommand(done));
}

describe.each([
  ['keys of the gateway, unasked', undefined],
  ['a key of the client', keyA],
])('%s', (name, key) => {
  const keys = key === undefined ? {} : customer(key);
  const Key = `whole-${name}`;
  const body = marked(3 * 65_508 + 17);
  const shown = key === undefined ? { ServerSideEncryption: 'AES256' } : { SSECustomerAlgorithm: 'AES256' };

  test('put, head, get and ranges', async () => {
    const put = await s3.send(new PutObjectCommand({ Bucket, Key, Body: body, ...keys }));
    expect(put).toMatchObject(shown);
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key, ...keys }));
    expect(head).toMatchObject({ ...shown, ContentLength: body.length, ETag: put.ETag });
    const got = await read(Key, keys);
    expect(got).toMatchObject(shown);
    expect(got.bytes.equals(body)).toBe(true);
    const edge = 65_508;
    for (const [start, end] of [
      [0, 0],
      [edge - 1, edge],
      [edge, 2 * edge - 1],
      [body.length - 1, body.length - 1],
    ] as const) {
      const part = await read(Key, { ...keys, Range: `bytes=${start}-${end}` });
      expect(part.bytes.equals(body.subarray(start, end + 1))).toBe(true);
      expect(part.ContentRange).toBe(`bytes ${start}-${end}/${body.length}`);
    }
    expect((await read(Key, { ...keys, Range: 'bytes=-100' })).bytes.equals(body.subarray(-100))).toBe(true);
  });

  test('no byte, and one', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('x')]) {
      await s3.send(new PutObjectCommand({ Bucket, Key: 'tiny', Body: bytes, ...keys }));
      expect((await read('tiny', keys)).bytes.equals(bytes)).toBe(true);
    }
  });

  test('an upload in parts, one of them sent twice, read across parts and by part number', async () => {
    const parts = [randomBytes(5 * MIB), marked(5 * MIB + 1), marked(10)];
    const whole = Buffer.concat(parts);
    const done = await uploadInParts(`parts-${name}`, parts, {
      keys: keys as ReturnType<typeof customer>,
      resend: [2],
    });
    if (key === undefined) expect(done).toMatchObject(shown);
    expect((await read(`parts-${name}`, keys)).bytes.equals(whole)).toBe(true);
    const [start, end] = [5 * MIB - 3, 10 * MIB + 3];
    const range = await read(`parts-${name}`, { ...keys, Range: `bytes=${start}-${end}` });
    expect(range.bytes.equals(whole.subarray(start, end + 1))).toBe(true);
    const second = await read(`parts-${name}`, { ...keys, PartNumber: 2 });
    expect(second.bytes.equals(parts[1] ?? whole)).toBe(true);
    expect(second.PartsCount).toBe(3);
  });

  test('a managed upload of a stream', async () => {
    const bytes = randomBytes(12 * MIB);
    await new Upload({ client: s3, params: { Bucket, Key: 'managed', Body: bytes, ...keys } }).done();
    expect((await read('managed', keys)).bytes.equals(bytes)).toBe(true);
  });
});

describe('a key of the client is needed, and the right one', () => {
  const body = marked(1000);
  beforeAll(async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'locked', Body: body, ...customer(keyA) }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'unlocked', Body: body }));
  });

  test.each([
    ['no key', {}],
    ['another key', customer(keyB)],
  ])('%s', async (_, keys) => {
    await expect(read('locked', keys)).rejects.toMatchObject(refusal(400, 'InvalidRequest'));
    const head = s3.send(new HeadObjectCommand({ Bucket, Key: 'locked', ...keys }));
    await expect(head).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
    const copy = new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/locked` });
    await expect(s3.send(copy)).rejects.toMatchObject(refusal(400, 'InvalidRequest'));
  });

  test('a key for what needs none', async () => {
    await expect(read('unlocked', customer(keyA))).rejects.toMatchObject(refusal(400, 'InvalidRequest'));
  });

  test('parts of an upload with another key', async () => {
    const created = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'up', ...customer(keyA) }));
    for (const keys of [{}, customer(keyB)]) {
      const part = new UploadPartCommand({
        Bucket,
        Key: 'up',
        UploadId: created.UploadId,
        PartNumber: 1,
        Body: body,
        ...keys,
      });
      await expect(s3.send(part)).rejects.toMatchObject(refusal(400, 'InvalidRequest'));
    }
  });

  test('a key service that is not there', async () => {
    const put = new PutObjectCommand({ Bucket, Key: 'kms', Body: body, ServerSideEncryption: 'aws:kms' });
    await expect(s3.send(put)).rejects.toMatchObject(refusal(501, 'NotImplemented'));
  });
});

test('copies are encrypted anew, as their own request says', async () => {
  const body = marked(200_000);
  await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: body, ...customer(keyA) }));
  const CopySource = `${Bucket}/a`;
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'b', CopySource, ...source(keyA), ...customer(keyB) }));
  const open = await s3.send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource, ...source(keyA) }));
  expect(open.ServerSideEncryption).toBe('AES256');
  expect((await read('b', customer(keyB))).bytes.equals(body)).toBe(true);
  expect((await read('c')).bytes.equals(body)).toBe(true);
  await expect(read('b', customer(keyA))).rejects.toMatchObject(refusal(400, 'InvalidRequest'));
  const again = new CopyObjectCommand({ Bucket, Key: 'a', CopySource, ...source(keyA), ...customer(keyB) });
  await s3.send(again);
  expect((await read('a', customer(keyB))).bytes.equals(body), 'a new key in its place').toBe(true);
});

test("a copy onto itself may take a customer's key off, and must change something", async () => {
  const [Key, CopySource] = ['key-off', `${Bucket}/key-off`];
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: marked(3000), ...customer(keyA) }));
  await s3.send(new CopyObjectCommand({ Bucket, Key, CopySource, ...source(keyA) }));
  expect(await read(Key)).toMatchObject({ ServerSideEncryption: 'AES256', bytes: marked(3000) });
  const again = s3.send(new CopyObjectCommand({ Bucket, Key, CopySource }));
  await expect(again).rejects.toMatchObject(refusal(400, 'InvalidRequest'));
});

test('a part copied from one key to another', async () => {
  const body = marked(6 * MIB);
  await s3.send(new PutObjectCommand({ Bucket, Key: 'from', Body: body, ...customer(keyA) }));
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'into', ...customer(keyB) }));
  const part = { Bucket, Key: 'into', UploadId, PartNumber: 1, ...customer(keyB) };
  const CopySourceRange = `bytes=1-${5 * MIB}`;
  const copied = await s3.send(
    new UploadPartCopyCommand({ ...part, ...source(keyA), CopySource: `${Bucket}/from`, CopySourceRange }),
  );
  const Parts = [{ PartNumber: 1, ETag: copied.CopyPartResult?.ETag }];
  await s3.send(new CompleteMultipartUploadCommand({ ...part, MultipartUpload: { Parts } }));
  expect((await read('into', customer(keyB))).bytes.equals(body.subarray(1, 5 * MIB + 1))).toBe(true);
});

test("a bucket's default: there from the start, and put by its owner", async () => {
  const rules = async () =>
    (await s3.send(new GetBucketEncryptionCommand({ Bucket }))).ServerSideEncryptionConfiguration?.Rules;
  const aes = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } };
  expect(await rules()).toMatchObject([aes]);
  const blocking = { ...aes, BlockedEncryptionTypes: { EncryptionType: ['SSE-C' as const] } };
  const put = (rule: object) =>
    s3.send(
      new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule as typeof aes] } }),
    );
  await put(blocking);
  expect(await rules()).toMatchObject([blocking]);
  const refused = s3.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x', ...customer(keyA) }));
  await expect(refused).rejects.toMatchObject(refusal(403, 'AccessDenied'));
  const kms = put({ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } });
  await expect(kms).rejects.toMatchObject(refusal(501, 'NotImplemented'));
  await s3.send(new DeleteBucketEncryptionCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x', ...customer(keyA) }));
});

test('no plaintext lies on any backend', () => {
  const files = filesOnBackends();
  expect(files.length).toBeGreaterThan(30);
  for (const file of files) expect(file.includes(MARKER)).toBe(false);
  const keys = [keyA, keyB].flatMap((key) => [key.toString('base64'), key.toString('hex')]);
  for (const shown of keys) expect(gateway.log()).not.toContain(shown);
});

test('a sealed object is stored as its client sealed it, and held to its seal', async () => {
  const content = marked(100_000);
  writeFileSync(join(gateway.dataDir, 'secret'), content);
  const put = await sealgate(gateway, ['put', 'secret', `s3://${Bucket}/sealed`]);
  expect({ code: put.code, stderr: put.stderr }).toEqual({ code: 0, stderr: expect.any(String) as string });
  const got = await read('sealed');
  expect(got.ServerSideEncryption).toBeUndefined();
  expect(
    filesOnBackends().some((file) => file.equals(got.bytes)),
    'its owner can read it without a gateway',
  ).toBe(true);
  const plain = new PutObjectCommand({ Bucket, Key: 'sealed', Body: marked(got.bytes.length), Metadata: got.Metadata });
  await expect(s3.send(plain)).rejects.toMatchObject(refusal(403, 'EncryptionRequired'));
});

test('an operator who asks for it gets plaintext, and what was encrypted stays readable', async () => {
  await s3.send(new PutObjectCommand({ Bucket, Key: 'before', Body: 'before' }));
  s3.destroy();
  await gateway.stop();
  gateway = await startGateway({ dataDir: gateway.dataDir, env: { SEALGATE_DEFAULT_ENCRYPTION: 'none' } });
  s3 = newClient(gateway.credentials, { maxAttempts: 1 });
  const put = await s3.send(new PutObjectCommand({ Bucket, Key: 'plain', Body: marked(500) }));
  expect(put.ServerSideEncryption).toBeUndefined();
  expect(filesOnBackends().filter((file) => file.equals(marked(500))).length).toBeGreaterThanOrEqual(2);
  expect((await read('before')).bytes.toString()).toBe('before');
  const none = s3.send(new GetBucketEncryptionCommand({ Bucket }));
  await expect(none).rejects.toMatchObject({ name: 'ServerSideEncryptionConfigurationNotFoundError' });
  const asked = new PutObjectCommand({ Bucket, Key: 'asked', Body: MARKER, ServerSideEncryption: 'AES256' });
  expect((await s3.send(asked)).ServerSideEncryption).toBe('AES256');
});
