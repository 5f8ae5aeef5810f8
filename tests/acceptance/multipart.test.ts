// Uploads in parts, as a client sees them from their beginning to the parts of the object they became.
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  type ChecksumAlgorithm,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBucket, type GatewayProcess, removeDataDir, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

const Bucket = 'uploads';
const PART = 5 * 1024 * 1024;
const bodies = [randomBytes(PART), randomBytes(PART + 7), randomBytes(11)];
const whole = Buffer.concat(bodies);
const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();
const base64OfCrc32 = (bytes: Buffer): string => {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
};

let gateway: GatewayProcess;
let s3: S3Client;
beforeAll(async () => {
  gateway = await startGateway();
  await createBucket(gateway, Bucket, { encryption: 'off' });
  s3 = newClient(gateway.credentials);
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

async function begin(Key: string, more: { ChecksumAlgorithm?: ChecksumAlgorithm; ChecksumType?: 'FULL_OBJECT' } = {}) {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }));
  return { Bucket, Key, UploadId };
}
type Upload = Awaited<ReturnType<typeof begin>>;

async function send(
  upload: Upload,
  numbers: readonly number[],
  algorithm?: ChecksumAlgorithm,
): Promise<CompletedPart[]> {
  const parts: CompletedPart[] = [];
  for (const [index, PartNumber] of numbers.entries()) {
    const Body = bodies[index] ?? Buffer.alloc(0);
    const answer = await s3.send(
      new UploadPartCommand({ ...upload, PartNumber, Body, ...(algorithm ? { ChecksumAlgorithm: algorithm } : {}) }),
    );
    parts.push({ PartNumber, ETag: answer.ETag, ...(algorithm ? { ChecksumCRC32: answer.ChecksumCRC32 } : {}) });
  }
  return parts;
}

const complete = (upload: Upload, Parts: CompletedPart[], more: object = {}) =>
  s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, ...more }));

/** A completion as it goes over the wire, for what SDKs do not show. */
async function completeRaw(upload: Upload, Parts: CompletedPart[]): Promise<Record<string, string>> {
  let headers: Record<string, string> = {};
  const command = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      headers = (result.response as { headers: Record<string, string> }).headers;
      return result;
    },
    { step: 'deserialize' },
  );
  await s3.send(command);
  return headers;
}

describe('an upload', () => {
  test('becomes an object of its parts, which can be read one by one', async () => {
    const upload = await begin('composite', { ChecksumAlgorithm: 'CRC32' });
    const parts = await send(upload, [1, 2, 5], 'CRC32');
    const { ETag, ChecksumCRC32, ChecksumType } = await complete(upload, parts, { MpuObjectSize: whole.length });
    expect(ETag).toBe(`"${md5(Buffer.concat(bodies.map(md5))).toString('hex')}-3"`);
    const sums = bodies.map((body) => Buffer.from(base64OfCrc32(body), 'base64'));
    expect([ChecksumCRC32, ChecksumType]).toEqual([`${base64OfCrc32(Buffer.concat(sums))}-3`, 'COMPOSITE']);
    for (const [index, PartNumber] of [1, 2, 5].entries()) {
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'composite', PartNumber }));
      expect(head).toMatchObject({ PartsCount: 3, ETag, ContentLength: bodies[index]?.length });
      const part = await s3.send(new GetObjectCommand({ Bucket, Key: 'composite', PartNumber }));
      expect(part.ChecksumCRC32).toBe(parts[index]?.ChecksumCRC32);
      expect(Buffer.from(await part.Body!.transformToByteArray()).equals(bodies[index]!)).toBe(true);
    }
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'composite', PartNumber: 3 }))).rejects.toMatchObject({
      name: 'InvalidPart',
    });
    // The same list again is the same answer: a client that did not hear the first one asks again.
    expect(await complete(upload, parts)).toMatchObject({ ETag, ChecksumCRC32 });
  });

  test('has the checksum of the whole where it was begun so, and says who holds it', async () => {
    const upload = await begin('full', { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
    const parts = await send(upload, [1, 2, 3], 'CRC32');
    const wrong = complete(upload, parts, { ChecksumCRC32: 'AAAAAA==', ChecksumType: 'FULL_OBJECT' });
    await expect(wrong).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(complete(upload, parts, { ChecksumType: 'COMPOSITE' })).rejects.toMatchObject({
      name: 'InvalidRequest',
    });
    await expect(complete(upload, parts, { MpuObjectSize: 1 })).rejects.toMatchObject({ name: 'InvalidRequest' });
    const headers = await completeRaw(upload, parts);
    expect(headers['x-sealgate-acked-by']?.split(',').length).toBeGreaterThan(0);
    expect(headers['x-sealgate-class']).toBe('StandardClass');
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'full', ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject({ ChecksumCRC32: base64OfCrc32(whole), ChecksumType: 'FULL_OBJECT' });
  });

  test('has the checksum of the checksums of its parts where a hash was asked for', async () => {
    const sha512 = (bytes: Buffer): Buffer => createHash('sha512').update(bytes).digest();
    const upload = await begin('hashed', { ChecksumAlgorithm: 'SHA512' });
    const ChecksumSHA512 = sha512(bodies[2]!).toString('base64');
    const part = { ...upload, PartNumber: 1, Body: bodies[2]! };
    const wrong = new UploadPartCommand({ ...part, ChecksumSHA512: sha512(whole).toString('base64') });
    await expect(s3.send(wrong)).rejects.toMatchObject({ name: 'BadDigest' });
    const { ETag, ...sent } = await s3.send(new UploadPartCommand({ ...part, ChecksumSHA512 }));
    expect(sent.ChecksumSHA512).toBe(ChecksumSHA512);
    const listed = await s3.send(new ListPartsCommand({ ...upload }));
    expect(listed).toMatchObject({ ChecksumAlgorithm: 'SHA512', Parts: [{ ChecksumSHA512 }] });
    expect(await complete(upload, [{ PartNumber: 1, ETag, ChecksumSHA512 }])).toMatchObject({
      ChecksumSHA512: `${sha512(Buffer.from(ChecksumSHA512, 'base64')).toString('base64')}-1`,
      ChecksumType: 'COMPOSITE',
    });
  });

  test('takes no part with another checksum, no part that is not there, no disorder, nothing too small', async () => {
    const upload = await begin('refused', { ChecksumAlgorithm: 'CRC32' });
    await expect(send(upload, [1], 'SHA256')).rejects.toMatchObject({ name: 'InvalidRequest' });
    const parts = await send(upload, [1, 2, 3], 'CRC32');
    const [first, second, third] = parts as [CompletedPart, CompletedPart, CompletedPart];
    const refused = async (list: CompletedPart[], name: string) => {
      await expect(complete(upload, list)).rejects.toMatchObject({ name });
    };
    await refused([second, first], 'InvalidPartOrder');
    await refused([first, { ...second, PartNumber: 4 }], 'InvalidPart');
    await refused([{ ...first, ETag: second.ETag }], 'InvalidPart');
    await refused([{ ...first, ChecksumCRC32: 'AAAAAA==' }], 'InvalidPart');
    await refused([], 'MalformedXML');
    const small = await begin('small');
    const last = await send(small, [1, 2, 3]);
    await s3.send(new UploadPartCommand({ ...small, PartNumber: 4, Body: 'more' })).then(({ ETag }) => {
      last.push({ PartNumber: 4, ETag });
    });
    await expect(complete(small, last)).rejects.toMatchObject({ name: 'EntityTooSmall' });
    await s3.send(new AbortMultipartUploadCommand(upload));
    await refused([first, second, third], 'NoSuchUpload');
    await expect(s3.send(new ListPartsCommand(upload))).rejects.toMatchObject({ name: 'NoSuchUpload' });
    await s3.send(new AbortMultipartUploadCommand(small));
  });
});

// What the reference implementations say of `123456789`.
test.each([
  ['SHA512', '2eZ2LdHI6vbWGzxhkvxAjU1tXxF20MKRabwk5xw/J0rSf81YEbMT1oH35V7ALXPUmclUVba1u1A6z1dPuo/+hQ=='],
  ['MD5', 'JfnnlDI7RTiF9RgfG2JNCw=='],
  ['XXHASH64', 'jLhB20DmroM='],
  ['XXHASH3', 'ctyxi2ehff8='],
  ['XXHASH128', 'MxGUd+3l3NXpcWQnaB1YYA=='],
] as const)('a body is held to its %s', async (algorithm, value) => {
  const [Key, Body] = [`sum-${algorithm}`, '123456789'];
  const name = `Checksum${algorithm}` as const;
  const put = (sum: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body, [name]: sum }));
  const other = Buffer.from(value, 'base64').reverse().toString('base64');
  await expect(put(other)).rejects.toMatchObject({ name: 'BadDigest' });
  expect(await put(value)).toMatchObject({ [name]: value });
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
  expect(head).toMatchObject({ [name]: value, ChecksumType: 'FULL_OBJECT' });
});

test('an object gets the checksum that its request names without a value', async () => {
  const plain = newClient(gateway.credentials, { requestChecksumCalculation: 'WHEN_REQUIRED' });
  const [Key, Body] = ['asked', '123456789'];
  const put = new PutObjectCommand({ Bucket, Key, Body });
  put.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers['x-amz-checksum-algorithm'] = 'CRC32C';
      return next(args);
    },
    { step: 'build' },
  );
  // The check value of CRC-32C: e3069283.
  expect(await plain.send(put)).toMatchObject({ ChecksumCRC32C: '4waSgw==' });
  plain.destroy();
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
  expect(head).toMatchObject({ ChecksumCRC32C: '4waSgw==', ChecksumType: 'FULL_OBJECT' });
});

test('parts are listed by pages', async () => {
  const upload = await begin('pages', { ChecksumAlgorithm: 'CRC32' });
  await send(upload, [2, 7, 9], 'CRC32');
  const first = await s3.send(new ListPartsCommand({ ...upload, MaxParts: 2 }));
  expect(first).toMatchObject({
    IsTruncated: true,
    NextPartNumberMarker: '7',
    MaxParts: 2,
    ChecksumAlgorithm: 'CRC32',
  });
  expect(first.Parts?.map((part) => [part.PartNumber, part.Size, part.ChecksumCRC32])).toEqual([
    [2, PART, base64OfCrc32(bodies[0]!)],
    [7, PART + 7, base64OfCrc32(bodies[1]!)],
  ]);
  const rest = await s3.send(new ListPartsCommand({ ...upload, PartNumberMarker: '7' }));
  expect([rest.IsTruncated, rest.Parts?.map((part) => part.PartNumber)]).toEqual([false, [9]]);
  await s3.send(new AbortMultipartUploadCommand(upload));
});

test('uploads are listed by key and time, by pages, folded at a delimiter', async () => {
  const keys = ['list/a/1', 'list/a/2', 'list/b ü&', 'list/b ü&', 'list/c/1'];
  const uploads: Upload[] = [];
  for (const key of keys) uploads.push(await begin(key));
  const list = (more: object) => s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'list/', ...more }));
  const all = await list({});
  expect(all.Uploads?.map(({ Key, UploadId }) => [Key, UploadId])).toEqual(
    uploads.map(({ Key, UploadId }) => [Key, UploadId]),
  );
  const found: unknown[] = [];
  for (let page = await list({ MaxUploads: 2 }); ; ) {
    found.push(...(page.Uploads ?? []).map((upload) => upload.UploadId));
    if (page.IsTruncated !== true) break;
    page = await list({ MaxUploads: 2, KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker });
  }
  expect(found).toEqual(uploads.map((upload) => upload.UploadId));
  const folded = await list({ Delimiter: '/', EncodingType: 'url' });
  expect(folded.CommonPrefixes?.map((one) => one.Prefix)).toEqual(['list/a/', 'list/c/']);
  expect(folded.Uploads?.map((upload) => upload.Key)).toEqual(['list/b%20%C3%BC%26', 'list/b%20%C3%BC%26']);
  for (const upload of uploads) await s3.send(new AbortMultipartUploadCommand(upload));
  expect((await list({})).Uploads).toBeUndefined();
});

test('attributes of an object and, by pages, of its parts', async () => {
  const upload = await begin('attributes', { ChecksumAlgorithm: 'CRC32' });
  const { ETag } = await complete(upload, await send(upload, [1, 2, 3], 'CRC32'));
  const ask = (more: object = {}) =>
    s3.send(
      new GetObjectAttributesCommand({
        Bucket,
        Key: 'attributes',
        ObjectAttributes: ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'],
        ...more,
      }),
    );
  const { ObjectParts, Checksum, ...rest } = await ask({ MaxParts: 1, PartNumberMarker: '1' });
  expect(rest).toMatchObject({ ETag: ETag?.replaceAll('"', ''), StorageClass: 'STANDARD', ObjectSize: whole.length });
  expect(rest.LastModified).toBeInstanceOf(Date);
  expect(Checksum).toMatchObject({ ChecksumCRC32: expect.stringMatching(/-3$/) as string, ChecksumType: 'COMPOSITE' });
  expect(ObjectParts).toMatchObject({
    TotalPartsCount: 3,
    PartNumberMarker: '1',
    NextPartNumberMarker: '2',
    MaxParts: 1,
    IsTruncated: true,
    Parts: [{ PartNumber: 2, Size: PART + 7, ChecksumCRC32: base64OfCrc32(bodies[1]!) }],
  });
  expect((await ask({ PartNumberMarker: '2' })).ObjectParts).toMatchObject({
    IsTruncated: false,
    Parts: [{ PartNumber: 3 }],
  });
  expect(await ask({ ObjectAttributes: ['ObjectSize'] })).not.toHaveProperty('ETag');
  await s3.send(new PutObjectCommand({ Bucket, Key: 'attributes', Body: 'whole' }));
  expect(await ask()).toMatchObject({ ObjectSize: 5, Checksum: { ChecksumType: 'FULL_OBJECT' } });
  expect(await ask()).not.toHaveProperty('ObjectParts');
  await expect(ask({ Key: 'nothing' })).rejects.toMatchObject({ name: 'NoSuchKey' });
});
