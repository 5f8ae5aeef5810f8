import { createHmac } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  admin,
  createBucket,
  type GatewayProcess,
  newDataDir,
  removeDataDir,
  sealgate,
  startGateway,
} from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';
import { type ReceivedMessage, startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const env = { SEALGATE_ALLOW_PRIVATE_ENDPOINTS: '127.0.0.1/32' };
const dataDir = newDataDir();
let gateway: GatewayProcess;
let s3: S3Client;
let receiver: WebhookReceiver;

beforeAll(async () => {
  [gateway, receiver] = await Promise.all([startGateway({ dataDir, env }), startWebhookReceiver()]);
  s3 = newClient(gateway.credentials);
});
afterAll(async () => {
  s3.destroy();
  receiver.close();
  await gateway.stop();
  removeDataDir(dataDir);
});

interface Created {
  readonly secret: string;
  readonly arn: string;
}

async function webhook(name: string, url = receiver.url): Promise<Created> {
  const { code, stdout, stderr } = await sealgate(gateway, ['webhook', 'create', name, '--url', url, '--json']);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout) as Created;
}

function configure(bucket: string, arn: string, events: readonly string[], prefix = '') {
  return s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: bucket,
      NotificationConfiguration: {
        QueueConfigurations: [
          {
            Id: `rule of ${bucket}`,
            QueueArn: arn,
            Events: [...events] as never,
            Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: prefix }] } },
          },
        ],
      },
    }),
  );
}

/** Events of one bucket in the order they came. A message that came twice, as it may when its answer was late, counts once. */
const eventsOf = (bucket: string) => {
  const messages = new Map<unknown, ReceivedMessage>();
  for (const message of receiver.messages) {
    const id = message.headers['webhook-id'];
    if (!messages.has(id)) messages.set(id, message);
  }
  return [...messages.values()].flatMap(({ records }) => records).filter((event) => event.s3.bucket.name === bucket);
};

test('each change that a rule asks for is told, with its facts, signed', async () => {
  const { secret, arn } = await webhook('all');
  await createBucket(gateway, 'told', { encryption: 'off' });
  await configure('told', arn, ['s3:ObjectCreated:*', 's3:ObjectRemoved:*', 's3:ObjectTagging:*'], 'in/');
  expect(receiver.messages.map(({ body }) => JSON.parse(body) as object)).toMatchObject([
    { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'told' },
  ]);
  await s3.send(new PutBucketVersioningCommand({ Bucket: 'told', VersioningConfiguration: { Status: 'Enabled' } }));
  await s3.send(new PutObjectCommand({ Bucket: 'told', Key: 'out/x', Body: 'x' }));
  const put = await s3.send(new PutObjectCommand({ Bucket: 'told', Key: 'in/a b', Body: 'hello' }));
  await s3.send(new CopyObjectCommand({ Bucket: 'told', Key: 'in/copy', CopySource: 'told/out/x' }));
  await multipart('told', 'in/parts');
  const Tagging = { TagSet: [{ Key: 'a', Value: 'b' }] };
  await s3.send(new PutObjectTaggingCommand({ Bucket: 'told', Key: 'in/copy', Tagging }));
  const marker = await s3.send(new DeleteObjectCommand({ Bucket: 'told', Key: 'in/a b' }));
  await s3.send(new DeleteObjectCommand({ Bucket: 'told', Key: 'in/a b', VersionId: put.VersionId }));
  await receiver.until(() => eventsOf('told').length >= 6);

  const told = eventsOf('told').map(({ eventName, s3: { object } }) => `${eventName} ${object.key}`);
  expect(told.toSorted()).toEqual(
    [
      'ObjectCreated:Put in/a+b',
      'ObjectCreated:Copy in/copy',
      'ObjectCreated:CompleteMultipartUpload in/parts',
      'ObjectTagging:Put in/copy',
      'ObjectRemoved:DeleteMarkerCreated in/a+b',
      'ObjectRemoved:Delete in/a+b',
    ].toSorted(),
  );
  const ofKey = eventsOf('told').filter(({ s3: { object } }) => object.key === 'in/a+b');
  expect(ofKey.map(({ s3: { object } }) => object.versionId)).toEqual([put.VersionId, marker.VersionId, put.VersionId]);
  expect(ofKey[0]?.s3).toMatchObject({
    configurationId: 'rule of told',
    object: { size: 5, eTag: put.ETag?.replaceAll('"', '') },
  });
  const [, message] = receiver.messages;
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = message?.headers ?? {};
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const mac = createHmac('sha256', key)
    .update(`${String(id)}.${String(at)}.${message?.body ?? ''}`)
    .digest('base64');
  expect(signature).toBe(`v1,${mac}`);
});

async function multipart(Bucket: string, Key: string): Promise<void> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'part' }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }));
}

test('a kill between change and delivery loses nothing, and keeps the order of each key', async () => {
  const { arn } = await webhook('survivor');
  await createBucket(gateway, 'survived', { encryption: 'off' });
  await configure('survived', arn, ['s3:ObjectCreated:*']);
  receiver.status = 500;
  const writes = Array.from({ length: 30 }, (_, i) => ({ key: `k${i % 3}`, body: 'x'.repeat(i + 1) }));
  const acked: (typeof writes)[number][] = [];
  const writing = (async () => {
    for (const write of writes) {
      await s3.send(new PutObjectCommand({ Bucket: 'survived', Key: write.key, Body: write.body }));
      acked.push(write);
    }
  })().catch(() => undefined);
  await receiver.until(() => acked.length > 10 && eventsOf('survived').length > 0);
  await gateway.kill();
  await writing;
  receiver.messages.length = 0;
  receiver.status = 200;
  gateway = await startGateway({ dataDir, env });
  s3.destroy();
  s3 = newClient(gateway.credentials);

  const sizes = (key: string) =>
    eventsOf('survived')
      .filter(({ s3: { object } }) => object.key === key)
      .map(({ s3: { object } }) => object.size ?? 0);
  const wanted = (key: string) => acked.filter((write) => write.key === key).map(({ body }) => body.length);
  await receiver.until(() => ['k0', 'k1', 'k2'].every((key) => sizes(key).length >= wanted(key).length));
  for (const key of ['k0', 'k1', 'k2']) {
    // A write that was not acknowledged may have been committed; a message may come twice.
    const seen = [...new Set(sizes(key))];
    expect(seen.slice(0, wanted(key).length)).toEqual(wanted(key));
    expect(sizes(key)).toEqual(sizes(key).toSorted((a, b) => a - b));
  }
});

test('what cannot be a destination is refused, and one that is named stays', async () => {
  await createBucket(gateway, 'refusing', { encryption: 'off' });
  const refused = { name: 'InvalidArgument', message: expect.stringContaining('Unable to validate') as string };
  for (const arn of ['arn:aws:sqs:eu-west-1:123456789012:queue', 'arn:sealgate:webhook:::nobody']) {
    await expect(configure('refusing', arn, ['s3:ObjectCreated:*'])).rejects.toMatchObject(refused);
  }
  const { arn } = await webhook('down', 'http://127.0.0.1:1/');
  await expect(configure('refusing', arn, ['s3:ObjectCreated:*'])).rejects.toMatchObject(refused);
  const configuration = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: 'refusing' }));
  expect(configuration.QueueConfigurations).toBeUndefined();
  expect((await sealgate(gateway, ['webhook', 'delete', 'down'])).code).toBe(0);
  const inUse = await sealgate(gateway, ['webhook', 'delete', 'survivor']);
  expect(inUse.code).not.toBe(0);
  expect(inUse.stderr).toContain('survived');
  const elsewhere = ['webhook', 'create', 'meta', '--url', 'https://169.254.169.254/'];
  expect((await sealgate(gateway, elsewhere)).stderr).toContain('private, link-local or reserved');
});

test('a configuration comes back as it was put', async () => {
  const { QueueConfigurations } = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: 'told' }));
  expect(QueueConfigurations).toEqual([
    {
      Id: 'rule of told',
      QueueArn: 'arn:sealgate:webhook:::all',
      Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:*', 's3:ObjectTagging:*'],
      Filter: { Key: { FilterRules: [{ Name: 'Prefix', Value: 'in/' }] } },
    },
  ]);
  const metrics = await fetch(`${gateway.credentials.controlEndpoint}/metrics`, {
    headers: { 'x-admin-key': gateway.credentials.adminKey },
  });
  expect(await metrics.text()).toMatch(/sealgate_webhook_tries_total\{outcome="delivered"/);
  const { items } = await admin<{ items: { name: string }[] }>(
    gateway,
    'GET',
    `/admin/tenants/${gateway.credentials.tenant}/webhooks`,
  );
  expect(items.map(({ name }) => name)).toEqual(['all', 'survivor']);
});
