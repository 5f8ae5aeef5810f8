// Tags of objects, versions and buckets as a client of S3 sees them, over the AWS SDK.
import { randomUUID } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  GetBucketTaggingCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin, type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

let gateway: GatewayProcess;
let s3: S3Client;
beforeAll(async () => {
  gateway = await startGateway();
  await sealgate(gateway, ['tenant', 'update', gateway.credentials.tenant, '--default-encryption', 'off']);
  s3 = newClient(gateway.credentials);
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

async function newBucket(): Promise<string> {
  const Bucket = `tags-${randomUUID()}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

const tagSet = (tags: Record<string, string>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
const many = (count: number) => tagSet(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, `${i}`])));

async function tagsOf(at: { readonly Bucket: string; readonly Key: string; readonly VersionId?: string | undefined }) {
  const { TagSet } = await s3.send(new GetObjectTaggingCommand(at));
  return Object.fromEntries<string>(TagSet!.map(({ Key, Value }) => [Key!, Value!]));
}

async function errorOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return `${$metadata?.httpStatusCode ?? 0} ${name}`;
  }
}

test('tags come with a write, are counted, replaced and removed', async () => {
  const at = { Bucket: await newBucket(), Key: 'key' };
  await s3.send(new PutObjectCommand({ ...at, Body: 'x', Tagging: 'b=2&a=1%2B1&empty' }));
  expect(await tagsOf(at)).toEqual({ a: '1+1', b: '2', empty: '' });
  expect((await s3.send(new HeadObjectCommand(at))).TagCount).toBe(3);
  const { ETag, LastModified } = await s3.send(new HeadObjectCommand(at));
  await s3.send(new PutObjectTaggingCommand({ ...at, Tagging: { TagSet: tagSet({ c: 'drei' }) } }));
  expect(await tagsOf(at)).toEqual({ c: 'drei' });
  expect(await s3.send(new HeadObjectCommand(at))).toMatchObject({ ETag, LastModified });
  await s3.send(new DeleteObjectTaggingCommand(at));
  expect(await tagsOf(at)).toEqual({});
  expect((await s3.send(new HeadObjectCommand(at))).TagCount).toBeUndefined();
});

test('every version has its own', async () => {
  const at = { Bucket: await newBucket(), Key: 'key' };
  await s3.send(new PutBucketVersioningCommand({ Bucket: at.Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const first = await s3.send(new PutObjectCommand({ ...at, Body: '1', Tagging: 'n=1' }));
  const second = await s3.send(new PutObjectCommand({ ...at, Body: '2' }));
  const put = new PutObjectTaggingCommand({
    ...at,
    VersionId: first.VersionId,
    Tagging: { TagSet: tagSet({ n: 'one' }) },
  });
  expect((await s3.send(put)).VersionId).toBe(first.VersionId);
  expect(await tagsOf({ ...at, VersionId: first.VersionId })).toEqual({ n: 'one' });
  expect(await tagsOf(at)).toEqual({});
  const read = await s3.send(new GetObjectTaggingCommand(at));
  expect(read.VersionId).toBe(second.VersionId);
  const marker = await s3.send(new DeleteObjectCommand(at));
  expect(await errorOf(s3.send(new GetObjectTaggingCommand(at)))).toBe('404 NoSuchKey');
  const onMarker = new GetObjectTaggingCommand({ ...at, VersionId: marker.VersionId });
  expect(await errorOf(s3.send(onMarker))).toBe('405 MethodNotAllowed');
  const removed = await s3.send(new DeleteObjectTaggingCommand({ ...at, VersionId: first.VersionId }));
  expect(removed.VersionId).toBe(first.VersionId);
});

test('copies and uploads carry them', async () => {
  const Bucket = await newBucket();
  await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x', Tagging: 'from=a' }));
  const copy = { Bucket, CopySource: `${Bucket}/a` };
  await s3.send(new CopyObjectCommand({ ...copy, Key: 'b' }));
  await s3.send(new CopyObjectCommand({ ...copy, Key: 'c', TaggingDirective: 'REPLACE', Tagging: 'to=c' }));
  expect(await tagsOf({ Bucket, Key: 'b' })).toEqual({ from: 'a' });
  expect(await tagsOf({ Bucket, Key: 'c' })).toEqual({ to: 'c' });
  const at = { Bucket, Key: 'parts' };
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...at, Tagging: 'of=parts' }));
  const part = { ...at, UploadId, PartNumber: 1 };
  const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: 'p' }));
  await s3.send(new CompleteMultipartUploadCommand({ ...part, MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] } }));
  expect(await tagsOf(at)).toEqual({ of: 'parts' });
});

test('what AWS refuses is refused', async () => {
  const at = { Bucket: await newBucket(), Key: 'key' };
  await s3.send(new PutObjectCommand({ ...at, Body: 'x' }));
  const put = (TagSet: { Key: string; Value: string }[]) =>
    errorOf(s3.send(new PutObjectTaggingCommand({ ...at, Tagging: { TagSet } })));
  expect(await put(many(10))).toBe('none');
  expect(await put(many(11))).toBe('400 InvalidTag');
  expect(await put(tagSet({ ['k'.repeat(128)]: 'v'.repeat(256) }))).toBe('none');
  expect(await put(tagSet({ ['k'.repeat(129)]: '' }))).toBe('400 InvalidTag');
  expect(await put(tagSet({ k: 'v'.repeat(257) }))).toBe('400 InvalidTag');
  expect(await put([...tagSet({ k: '1' }), ...tagSet({ k: '2' })])).toBe('400 InvalidTag');
  expect(await put(tagSet({ 'aws:k': '1' }))).toBe('400 InvalidTag');
  const nowhere = new PutObjectTaggingCommand({ ...at, Key: 'none', Tagging: { TagSet: [] } });
  expect(await errorOf(s3.send(nowhere))).toBe('404 NoSuchKey');
});

test('a bucket has tags of its own', async () => {
  const Bucket = await newBucket();
  expect(await errorOf(s3.send(new GetBucketTaggingCommand({ Bucket })))).toBe('404 NoSuchTagSet');
  const put = (count: number) =>
    errorOf(s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: many(count) } })));
  expect(await put(51)).toBe('400 InvalidTag');
  expect(await put(50)).toBe('none');
  expect((await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toHaveLength(50);
  const CreateBucketConfiguration = { Tags: tagSet({ born: 'with it' }) };
  const tagged = { Bucket: `tags-${randomUUID()}`, CreateBucketConfiguration };
  await s3.send(new CreateBucketCommand(tagged));
  const born = await s3.send(new GetBucketTaggingCommand({ Bucket: tagged.Bucket }));
  expect(born.TagSet).toEqual(CreateBucketConfiguration.Tags);
  await s3.send(new DeleteBucketTaggingCommand({ Bucket }));
  expect(await errorOf(s3.send(new GetBucketTaggingCommand({ Bucket })))).toBe('404 NoSuchTagSet');
});

interface Placed {
  readonly blobs: readonly { readonly replicas: readonly { readonly country: string }[] }[];
}

test('residency and replica-count say where an object goes, and how often', async () => {
  const Bucket = await newBucket();
  const placed = async (Tagging: string) => {
    const Key = randomUUID();
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', Tagging }));
    const { tenant } = gateway.credentials;
    const stat = await admin<Placed>(gateway, 'GET', `/admin/stat/${tenant}/${Bucket}?key=${Key}`);
    return stat.blobs[0]!.replicas.map(({ country }) => country);
  };
  expect(await placed('replica-count=4')).toHaveLength(4);
  expect(await placed('replica-count=2')).toHaveLength(2);
  const inside = await placed('residency=FI+DE+FR');
  expect(inside.length).toBeGreaterThanOrEqual(2);
  expect(inside.every((country) => ['FI', 'DE', 'FR'].includes(country))).toBe(true);
  expect(await errorOf(placed('residency=JP'))).toBe('403 AccessDenied');
  expect(await errorOf(placed('residency=somewhere'))).toBe('400 InvalidTag');
});
