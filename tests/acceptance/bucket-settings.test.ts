import {
  DeleteBucketWebsiteCommand,
  DeleteObjectsCommand,
  GetBucketAccelerateConfigurationCommand,
  GetBucketInventoryConfigurationCommand,
  GetBucketReplicationCommand,
  GetBucketRequestPaymentCommand,
  GetBucketWebsiteCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketMetricsConfigurationsCommand,
  ListObjectsV2Command,
  PutBucketAccelerateConfigurationCommand,
  PutBucketAclCommand,
  PutBucketLoggingCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketReplicationCommand,
  PutBucketRequestPaymentCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  admin,
  createBucket,
  type GatewayProcess,
  newDataDir,
  removeDataDir,
  startGateway,
} from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

const dataDir = newDataDir();
let gateway: GatewayProcess;
let s3: S3Client;

beforeAll(async () => {
  gateway = await startGateway({ dataDir, env: { SEALGATE_ACCESS_LOG_FLUSH_SECONDS: '1' } });
  s3 = newClient(gateway.credentials, { maxAttempts: 1 });
  await createBucket(gateway, 'settings', { encryption: 'off' });
});
afterAll(async () => {
  s3.destroy();
  await gateway.stop();
  removeDataDir(dataDir);
});

const Bucket = 'settings';
const refusal = (name: string, message: RegExp = /./) => ({ name, message: expect.stringMatching(message) as string });

describe('settings that are kept', () => {
  test('website', async () => {
    await expect(s3.send(new GetBucketWebsiteCommand({ Bucket }))).rejects.toMatchObject(
      refusal('NoSuchWebsiteConfiguration'),
    );
    const WebsiteConfiguration = {
      IndexDocument: { Suffix: 'index.html' },
      ErrorDocument: { Key: 'error.html' },
      RoutingRules: [{ Condition: { KeyPrefixEquals: 'a/' }, Redirect: { ReplaceKeyPrefixWith: 'b/' } }],
    };
    await s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }));
    expect(await s3.send(new GetBucketWebsiteCommand({ Bucket }))).toMatchObject(WebsiteConfiguration);
    await s3.send(new DeleteBucketWebsiteCommand({ Bucket }));
    await expect(s3.send(new GetBucketWebsiteCommand({ Bucket }))).rejects.toMatchObject(
      refusal('NoSuchWebsiteConfiguration'),
    );
  });

  test('acceleration', async () => {
    expect((await s3.send(new GetBucketAccelerateConfigurationCommand({ Bucket }))).Status).toBeUndefined();
    const AccelerateConfiguration = { Status: 'Suspended' } as const;
    await s3.send(new PutBucketAccelerateConfigurationCommand({ Bucket, AccelerateConfiguration }));
    expect((await s3.send(new GetBucketAccelerateConfigurationCommand({ Bucket }))).Status).toBe('Suspended');
  });

  test('request payment, which others must agree to', async () => {
    await createBucket(gateway, 'paid', { encryption: 'off' });
    const paid = { Bucket: 'paid' };
    expect((await s3.send(new GetBucketRequestPaymentCommand(paid))).Payer).toBe('BucketOwner');
    await s3.send(new PutBucketRequestPaymentCommand({ ...paid, RequestPaymentConfiguration: { Payer: 'Requester' } }));
    const Rules = [{ ObjectOwnership: 'ObjectWriter' } as const];
    await s3.send(new PutBucketOwnershipControlsCommand({ ...paid, OwnershipControls: { Rules } }));
    const other = await admin<{ ownerId: string; credentials: [{ accessKeyId: string; secretAccessKey: string }] }>(
      gateway,
      'POST',
      '/admin/tenants',
      { name: 'other', defaultEncryption: 'off' },
    );
    const GrantRead = `id="${other.ownerId}"`;
    const GrantFullControl = `id="${await ownerId()}"`;
    await s3.send(new PutBucketAclCommand({ ...paid, GrantRead, GrantFullControl }));
    const guest = newClient({ ...gateway.credentials, ...other.credentials[0] }, { maxAttempts: 1 });
    const list = (RequestPayer?: 'requester') =>
      guest.send(new ListObjectsV2Command({ ...paid, ...(RequestPayer === undefined ? {} : { RequestPayer }) }));
    await expect(list()).rejects.toMatchObject(refusal('AccessDenied', /requester pays/));
    expect((await list('requester')).RequestCharged).toBe('requester');
    expect((await s3.send(new ListObjectsV2Command(paid))).RequestCharged).toBeUndefined();
    guest.destroy();
  });
});

async function ownerId(): Promise<string> {
  const path = `/admin/tenants/${gateway.credentials.tenant}`;
  return (await admin<{ ownerId: string }>(gateway, 'GET', path)).ownerId;
}

describe('what no bucket has', () => {
  test('is answered as not there', async () => {
    await expect(s3.send(new GetBucketReplicationCommand({ Bucket }))).rejects.toMatchObject(
      refusal('ReplicationConfigurationNotFoundError'),
    );
    await expect(s3.send(new GetBucketInventoryConfigurationCommand({ Bucket, Id: 'x' }))).rejects.toMatchObject(
      refusal('NoSuchConfiguration'),
    );
    const metrics = await s3.send(new ListBucketMetricsConfigurationsCommand({ Bucket }));
    expect(metrics).toMatchObject({ IsTruncated: false });
  });

  test('is refused with the reason', async () => {
    const ReplicationConfiguration = { Role: 'r', Rules: [] };
    await expect(s3.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration }))).rejects.toMatchObject(
      refusal('NotImplemented', /redundancy class/),
    );
    await expect(s3.send(new RestoreObjectCommand({ Bucket, Key: 'k' }))).rejects.toMatchObject(
      refusal('NotImplemented', /nothing to restore/),
    );
  });
});

describe('the documents for backup products', () => {
  const Key = (name: string) => `.system-d26a9498-cb7c-4a87-a44a-8ae204f5ba6c/${name}.xml`;

  test('are in every bucket and in no listing', async () => {
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key: Key('system') }));
    const text = (await answer.Body?.transformToString()) ?? '';
    expect(text).toContain('<ModelName>&quot;Sealgate&quot;</ModelName>');
    expect(text).toContain('<UploadSessions>false</UploadSessions>');
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: Key('system') }));
    expect(head).toMatchObject({ ContentLength: text.length, ETag: answer.ETag, ContentType: 'application/xml' });
    const capacity = await s3.send(new GetObjectCommand({ Bucket, Key: Key('capacity') }));
    expect(await capacity.Body?.transformToString()).toContain('<Available>-1</Available>');
    const same = new GetObjectCommand({ Bucket, Key: Key('system'), IfNoneMatch: answer.ETag });
    await expect(s3.send(same)).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
    const listed = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: '.system-' }));
    expect(listed.KeyCount).toBe(0);
  });

  test('give way to what was put there', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: Key('capacity'), Body: 'mine' }));
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key: Key('capacity') }));
    expect(await answer.Body?.transformToString()).toBe('mine');
  });
});

describe('access logs', () => {
  const enable = (TargetBucket: string, TargetPrefix = 'log/') =>
    s3.send(
      new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: { LoggingEnabled: { TargetBucket, TargetPrefix } } }),
    );
  const allow = (target: string) =>
    s3.send(
      new PutBucketPolicyCommand({
        Bucket: target,
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 'logging.s3.amazonaws.com' },
              Action: 's3:PutObject',
              Resource: `arn:aws:s3:::${target}/*`,
              Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${Bucket}` } },
            },
          ],
        }),
      }),
    );

  test('need a bucket that takes them', async () => {
    await createBucket(gateway, 'sealed-only', { encryption: 'required' });
    await createBucket(gateway, 'logs', { encryption: 'off' });
    await expect(enable('nowhere')).rejects.toMatchObject(refusal('InvalidTargetBucketForLogging', /not exist/));
    await expect(enable('sealed-only')).rejects.toMatchObject(refusal('InvalidTargetBucketForLogging', /sealed/));
    await expect(enable('logs')).rejects.toMatchObject(refusal('AccessDenied', /logging\.s3\.amazonaws\.com/));
  });

  test('tell of every request, and end when they are turned off', async () => {
    await allow('logs');
    await enable('logs');
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a b', Body: 'hello' }));
    await s3.send(new GetObjectCommand({ Bucket, Key: 'nothing' })).catch(() => undefined);
    const Objects = [{ Key: 'a b' }, { Key: 'c' }];
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    const wrong = newClient({ ...gateway.credentials, secretAccessKey: 'wrong' }, { maxAttempts: 1 });
    await wrong.send(new ListObjectsV2Command({ Bucket })).catch(() => undefined);
    wrong.destroy();
    await s3.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: {} }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'unseen', Body: 'x' }));
    // Records keep their order: once this one is told of, all before it was.
    await enable('logs');
    await s3.send(new GetObjectCommand({ Bucket, Key: 'the last' })).catch(() => undefined);
    const wanted = [
      'REST.PUT.OBJECT a%20b 200 -',
      'REST.GET.OBJECT nothing 404 NoSuchKey',
      'REST.POST.MULTI_OBJECT_DELETE - 200 -',
      'BATCH.DELETE.OBJECT a%20b 204 -',
      'BATCH.DELETE.OBJECT c 204 -',
      'REST.GET.BUCKET - 403 SignatureDoesNotMatch',
      'REST.GET.OBJECT the%20last 404 NoSuchKey',
    ];
    const told = await records((lines) => wanted.every((line) => lines.includes(line)));
    expect(told).toEqual(expect.arrayContaining(wanted));
    expect(told.join('\n')).not.toContain('unseen');
  });

  /** What the records say of operation, key, status and error, once they are as wanted. */
  async function records(done: (lines: readonly string[]) => boolean): Promise<string[]> {
    const deadline = Date.now() + 120_000;
    for (;;) {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'logs', Prefix: 'log/' }));
      const lines: string[] = [];
      for (const { Key } of Contents) {
        expect(Key).toMatch(/^log\/\d{4}(-\d\d){5}-[0-9A-F]{16}$/);
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'logs', Key }));
        for (const line of ((await Body?.transformToString()) ?? '').trimEnd().split('\n')) {
          const fields = [...line.matchAll(/\[[^\]]*\]|"[^"]*"|\S+/g)].map(([field]) => field);
          expect(fields).toHaveLength(26);
          lines.push([fields[6], fields[7], fields[9], fields[10]].join(' '));
        }
      }
      if (done(lines) || Date.now() > deadline) return lines;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
});
