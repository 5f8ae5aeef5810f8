// Object lock as a client of S3 sees it, over the AWS SDK.
import { randomUUID } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GatewayProcess, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
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

const DAY_MS = 86_400_000;
const tomorrow = () => new Date(Date.now() + DAY_MS);

async function bucketWith(ObjectLockEnabledForBucket: boolean): Promise<string> {
  const Bucket = `lock-${randomUUID()}`;
  await s3.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket }));
  return Bucket;
}

async function put(Bucket: string, said: Partial<PutObjectCommandInput> = {}) {
  const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'kept', ...said }));
  return { Bucket, Key: 'key', VersionId: VersionId! };
}

/** Name and status of the error that `work` fails with. */
async function errorOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return `${$metadata?.httpStatusCode ?? 0} ${name}`;
  }
}

test('a bucket with object lock keeps versions for good, and says so', async () => {
  const Bucket = await bucketWith(true);
  expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
  const suspend = new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } });
  expect(await errorOf(s3.send(suspend))).toBe('409 InvalidBucketState');
  const { ObjectLockConfiguration } = await s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
  expect(ObjectLockConfiguration).toEqual({ ObjectLockEnabled: 'Enabled' });
});

test('it is switched on later for versioned buckets only', async () => {
  const Bucket = await bucketWith(false);
  const absent = s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
  expect(await errorOf(absent)).toBe('404 ObjectLockConfigurationNotFoundError');
  const held = put(Bucket, { ObjectLockLegalHoldStatus: 'ON' });
  expect(await errorOf(held)).toBe('400 InvalidRequest');
  const on = new PutObjectLockConfigurationCommand({
    Bucket,
    ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
  });
  expect(await errorOf(s3.send(on))).toBe('409 InvalidBucketState');
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  expect(await errorOf(s3.send(on))).toBe('none');
  await put(Bucket, { ObjectLockLegalHoldStatus: 'OFF' });
});

test('retention holds against a deletion by version, and only GOVERNANCE can be bypassed', async () => {
  const Bucket = await bucketWith(true);
  const ObjectLockRetainUntilDate = tomorrow();
  const lenient = await put(Bucket, { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate });
  const strict = await put(Bucket, { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate });
  const head = await s3.send(new HeadObjectCommand(strict));
  expect(head).toMatchObject({ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate });
  expect(head.ObjectLockLegalHoldStatus).toBeUndefined();
  for (const version of [lenient, strict]) {
    expect(await errorOf(s3.send(new DeleteObjectCommand(version)))).toBe('403 AccessDenied');
  }
  const bypass = { BypassGovernanceRetention: true };
  expect(await errorOf(s3.send(new DeleteObjectCommand({ ...strict, ...bypass })))).toBe('403 AccessDenied');
  expect(await errorOf(s3.send(new DeleteObjectCommand({ ...lenient, ...bypass })))).toBe('none');
  const marker = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'key' }));
  expect(marker.DeleteMarker).toBe(true);
  expect(await (await s3.send(new GetObjectCommand(strict))).Body!.transformToString()).toBe('kept');
});

test('many deletions at once tell which version was locked', async () => {
  const Bucket = await bucketWith(true);
  const free = await put(Bucket);
  const held = await put(Bucket, { ObjectLockLegalHoldStatus: 'ON' });
  const Objects = [free, held].map(({ Key, VersionId }) => ({ Key, VersionId }));
  const all = { Bucket, Delete: { Objects }, BypassGovernanceRetention: true };
  const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand(all));
  expect(Deleted).toMatchObject([{ VersionId: free.VersionId }]);
  expect(Errors).toMatchObject([{ Code: 'AccessDenied', VersionId: held.VersionId }]);
  await s3.send(new PutObjectLegalHoldCommand({ ...held, LegalHold: { Status: 'OFF' } }));
  expect((await s3.send(new GetObjectLegalHoldCommand(held))).LegalHold).toEqual({ Status: 'OFF' });
  expect(await errorOf(s3.send(new DeleteObjectCommand(held)))).toBe('none');
});

test('retention grows freely and shrinks by bypass only', async () => {
  const Bucket = await bucketWith(true);
  const version = await put(Bucket);
  expect(await errorOf(s3.send(new GetObjectRetentionCommand(version)))).toBe('404 NoSuchObjectLockConfiguration');
  expect(await errorOf(s3.send(new GetObjectLegalHoldCommand(version)))).toBe('404 NoSuchObjectLockConfiguration');
  const retain = (Mode: 'GOVERNANCE' | 'COMPLIANCE', days: number, BypassGovernanceRetention?: boolean) => {
    const Retention = { Mode, RetainUntilDate: new Date(Math.floor(Date.now() / 1000) * 1000 + days * DAY_MS) };
    return errorOf(s3.send(new PutObjectRetentionCommand({ ...version, Retention, BypassGovernanceRetention })));
  };
  expect(await retain('GOVERNANCE', -1)).toBe('400 InvalidArgument');
  expect(await retain('GOVERNANCE', 2)).toBe('none');
  expect(await retain('GOVERNANCE', 3)).toBe('none');
  expect(await retain('GOVERNANCE', 1)).toBe('403 AccessDenied');
  expect(await retain('COMPLIANCE', 4)).toBe('403 AccessDenied');
  expect(await retain('GOVERNANCE', 1, true)).toBe('none');
  expect(await retain('COMPLIANCE', 2, true)).toBe('none');
  expect(await retain('COMPLIANCE', 3)).toBe('none');
  expect(await retain('COMPLIANCE', 2, true)).toBe('403 AccessDenied');
  expect(await retain('GOVERNANCE', 4, true)).toBe('403 AccessDenied');
  const { Retention } = await s3.send(new GetObjectRetentionCommand(version));
  expect(Retention?.Mode).toBe('COMPLIANCE');
});

test('the default retention of a bucket covers every way to make a version', async () => {
  const Bucket = await bucketWith(true);
  const DefaultRetention = { Mode: 'GOVERNANCE', Days: 2 } as const;
  const configuration = { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } } as const;
  await s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration: configuration }));
  const kept = await s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
  expect(kept.ObjectLockConfiguration).toEqual(configuration);

  const whole = await put(Bucket);
  const copied = await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/key` }));
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
  const part = { Bucket, Key: 'parts', UploadId, PartNumber: 1 };
  const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body: 'a part' }));
  const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
  const joined = await s3.send(new CompleteMultipartUploadCommand({ ...part, MultipartUpload }));
  for (const [Key, VersionId] of [
    ['key', whole.VersionId],
    ['copy', copied.VersionId],
    ['parts', joined.VersionId],
  ] as const) {
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key, VersionId }));
    expect(head.ObjectLockMode, Key).toBe('GOVERNANCE');
    const days = (head.ObjectLockRetainUntilDate!.getTime() - Date.now()) / DAY_MS;
    expect(days).toBeGreaterThan(1.9);
    expect(days).toBeLessThanOrEqual(2.01);
    expect(await errorOf(s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId })))).toBe('403 AccessDenied');
  }
});
