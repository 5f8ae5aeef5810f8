// The lifecycle of a bucket's objects as a client sees it, with days of two seconds.
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteBucketLifecycleCommand,
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type LifecycleRule,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBucket, type GatewayProcess, removeDataDir, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

const DAY_SECONDS = 2;
const PATIENCE_MS = 120_000;

let gateway: GatewayProcess;
let s3: S3Client;
beforeAll(async () => {
  gateway = await startGateway({
    env: { SEALGATE_LIFECYCLE_DAY_SECONDS: String(DAY_SECONDS), SEALGATE_LIFECYCLE_INTERVAL_SECONDS: '1' },
  });
  s3 = newClient(gateway.credentials);
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(gateway.dataDir);
});

async function newBucket(name: string, versioned = false): Promise<string> {
  await createBucket(gateway, name, { encryption: 'off' });
  if (versioned) {
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
  }
  return name;
}

async function bucketWith(name: string, rules: readonly LifecycleRule[], versioned = false): Promise<string> {
  await newBucket(name, versioned);
  await setRules(name, rules);
  return name;
}

async function setRules(Bucket: string, rules: readonly LifecycleRule[]): Promise<void> {
  const LifecycleConfiguration = { Rules: [...rules] };
  await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
}

const put = (Bucket: string, Key: string, Body = Key) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));

async function keysIn(Bucket: string): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
  return Contents.map(({ Key = '' }) => Key);
}

async function versionsIn(Bucket: string): Promise<string> {
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  return `${Versions.length} versions, ${DeleteMarkers.length} markers`;
}

const until = (what: () => Promise<unknown>) => expect.poll(what, { timeout: PATIENCE_MS, interval: 250 });

test('objects expire when their rule says so, and others stay', async () => {
  const Bucket = await newBucket('expiring');
  await put(Bucket, 'logs/old');
  await put(Bucket, 'data/kept');
  await put(Bucket, 'years/old');
  await setRules(Bucket, [
    { ID: 'logs go', Status: 'Enabled', Filter: { Prefix: 'logs/' }, Expiration: { Days: 1 } },
    // So far off that it is there when it is looked at.
    { ID: 'in years', Status: 'Enabled', Filter: { Prefix: 'years/' }, Expiration: { Days: 36_500 } },
    { ID: 'off', Status: 'Disabled', Filter: {}, Expiration: { Days: 1 } },
  ]);
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'years/old' }));
  expect(head.Expiration).toMatch(/^expiry-date="\w{3}, \d\d \w{3} \d{4} 00:00:00 GMT", rule-id="in%20years"$/);
  expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'data/kept' }))).Expiration).toBeUndefined();
  await until(() => keysIn(Bucket)).toEqual(['data/kept', 'years/old']);
});

test('a configuration reads back as it was put, and can be taken away', async () => {
  const rules: LifecycleRule[] = [
    { ID: 'a', Status: 'Enabled', Filter: { Prefix: 'far/' }, Expiration: { Days: 36_500 } },
    {
      ID: 'b',
      Status: 'Disabled',
      Filter: { And: { Prefix: 'x', Tags: [{ Key: 'k', Value: 'v' }], ObjectSizeGreaterThan: 5 } },
      Transitions: [{ Days: 1, StorageClass: 'RegionalClass' as 'GLACIER' }],
      NoncurrentVersionExpiration: { NoncurrentDays: 3, NewerNoncurrentVersions: 2 },
    },
  ];
  const Bucket = await bucketWith('configured', rules);
  const read = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  expect(read.Rules).toEqual(rules);
  await expect(setRules(Bucket, [{ ID: 'a', Status: 'Enabled', Filter: {}, Expiration: { Days: 0 } }])).rejects.toThrow(
    expect.objectContaining({ name: 'InvalidArgument' }),
  );
  const elsewhere = [{ Days: 1, StorageClass: 'GLACIER' as const }];
  await expect(setRules(Bucket, [{ Status: 'Enabled', Filter: {}, Transitions: elsewhere }])).rejects.toThrow(
    expect.objectContaining({ name: 'InvalidStorageClass' }),
  );
  await s3.send(new DeleteBucketLifecycleCommand({ Bucket }));
  await expect(s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).rejects.toThrow(
    expect.objectContaining({ name: 'NoSuchLifecycleConfiguration' }),
  );
});

test('noncurrent versions go down to those that are kept; then lone delete markers go', async () => {
  const rules: LifecycleRule[] = [
    {
      ID: 'old',
      Status: 'Enabled',
      Filter: { Prefix: 'kept' },
      NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 1 },
    },
    {
      ID: 'gone',
      Status: 'Enabled',
      Filter: { Prefix: 'gone' },
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      Expiration: { ExpiredObjectDeleteMarker: true },
    },
  ];
  const Bucket = await bucketWith('versions', rules, true);
  for (const body of ['1', '2', '3', '4']) await put(Bucket, 'kept', body);
  await put(Bucket, 'gone');
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
  await until(() => versionsIn(Bucket)).toBe('2 versions, 0 markers');
  const newest = await s3.send(new GetObjectCommand({ Bucket, Key: 'kept' }));
  expect(await newest.Body?.transformToString()).toBe('4');
});

test('bytes move to another class and stay what they were', async () => {
  const Bucket = await newBucket('moving', true);
  await setRules(Bucket, [
    {
      ID: 'cold',
      Status: 'Enabled',
      Filter: {},
      Transitions: [{ Days: 1, StorageClass: 'ColdArchiveClass' as 'GLACIER' }],
    },
  ]);
  const body = 'sealed elsewhere '.repeat(20_000);
  const { VersionId, ETag } = await put(Bucket, 'object', body);
  const head = () => s3.send(new HeadObjectCommand({ Bucket, Key: 'object' }));
  const before = await head();
  await until(async () => (await head()).StorageClass).toBe('ColdArchiveClass');
  const after = await s3.send(new GetObjectCommand({ Bucket, Key: 'object' }));
  expect(await after.Body?.transformToString()).toBe(body);
  expect([after.VersionId, after.ETag, after.LastModified]).toEqual([VersionId, ETag, before.LastModified]);
});

test('uploads that were left are aborted, and say before when', async () => {
  const abort: LifecycleRule = {
    ID: 'left',
    Status: 'Enabled',
    Filter: { Prefix: 'up/' },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
  };
  const Bucket = await bucketWith('uploads', [abort]);
  const begun = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'up/a' }));
  expect([begun.AbortRuleId, begun.AbortDate?.getUTCHours()]).toEqual(['left', 0]);
  const kept = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'kept' }));
  expect(kept.AbortRuleId).toBeUndefined();
  const open = async () => {
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
    return Uploads.map(({ Key }) => Key);
  };
  await until(open).toEqual(['kept']);
  await expect(
    s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'up/a', UploadId: begun.UploadId })),
  ).rejects.toThrow(expect.objectContaining({ name: 'NoSuchUpload' }));
});

test('what was done shows in the metrics', async () => {
  const metrics = async () =>
    await (
      await fetch(`${gateway.credentials.controlEndpoint}/metrics`, {
        headers: { 'x-admin-key': gateway.credentials.adminKey },
      })
    ).text();
  // What was done is seen before it is counted.
  for (const action of ['expire', 'expire-noncurrent', 'remove-marker', 'transition', 'abort-upload']) {
    await until(metrics).toMatch(
      new RegExp(`sealgate_lifecycle_actions_total\\{action="${action}",outcome="done"\\} [1-9]`),
    );
  }
  await until(metrics).toMatch(/sealgate_lifecycle_last_run_timestamp_seconds [1-9]/);
});
