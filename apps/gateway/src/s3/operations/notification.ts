import { Fault, toFault } from '@sealgate/core/faults';
import {
  checkNotificationRules,
  type NotificationConfiguration,
  parseWebhookArn,
  testMessage,
} from '@sealgate/core/notifications';
import type { Bucket, WebhookTarget } from '@sealgate/core/ports';
import { headerValue, notificationConfiguration, parseNotificationConfiguration } from '@sealgate/s3';
import { WEBHOOK_TEST_TIMEOUT_MS } from '../../notifications/limits.ts';
import { readWholeBody } from '../body.ts';
import { requireBucket, type S3Context } from '../context.ts';
import { replyEmpty, replyXml } from '../reply.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html */
export async function getBucketNotificationConfiguration(context: S3Context): Promise<void> {
  const { notification } = (await requireBucket(context)).configs;
  const configuration: NotificationConfiguration =
    notification === undefined ? { rules: [] } : (JSON.parse(notification) as NotificationConfiguration);
  replyXml(context.response, notificationConfiguration(configuration));
}

/**
 * Every destination that the configuration names must exist and take a test message, unless the client asks for that to
 * be skipped.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
 */
export async function putBucketNotificationConfiguration(context: S3Context): Promise<void> {
  const bucket = await requireBucket(context);
  const configuration = parseNotificationConfiguration(await readWholeBody(context));
  checkNotificationRules(configuration);
  const targets = await destinations(context, bucket, configuration);
  if (headerValue(context.headers, 'x-amz-skip-destination-validation')?.trim().toLowerCase() !== 'true') {
    await Promise.all(targets.map(([arn, target]) => sendTest(context, bucket, { arn, target })));
  }
  const document = configuration.rules.length === 0 ? null : JSON.stringify(configuration);
  await context.metadata.updateBucket(bucket.id, { configs: { notification: document } }, context.actor);
  replyEmpty(context.response, 200);
}

/** @throws Fault InvalidArgument that names the first one which does not exist */
async function destinations(
  context: S3Context,
  bucket: Bucket,
  { rules }: NotificationConfiguration,
): Promise<readonly [arn: string, target: WebhookTarget][]> {
  const arns = [...new Set(rules.map(({ arn }) => arn))];
  const names = arns.flatMap((arn) => parseWebhookArn(arn) ?? []);
  const found = names.length === 0 ? [] : await context.metadata.webhookTargets(bucket.tenantId, names);
  return arns.map((arn) => {
    const name = parseWebhookArn(arn);
    if (name === undefined) {
      throw unusable(arn, 'It names no webhook: these are arn:sealgate:webhook:::NAME.');
    }
    const target = found.find((webhook) => webhook.name === name);
    if (target === undefined) throw unusable(arn, "The bucket's owner has no webhook of that name.");
    return [arn, target];
  });
}

async function sendTest(
  context: S3Context,
  bucket: Bucket,
  { arn, target }: { readonly arn: string; readonly target: WebhookTarget },
): Promise<void> {
  const { clock, requestId, response } = context;
  const hostId = String(response.getHeader('x-amz-id-2') ?? '');
  const body = testMessage({ bucket: bucket.name, atMs: clock.now(), requestId, hostId });
  const late = new AbortController();
  const cancel = clock.schedule(WEBHOOK_TEST_TIMEOUT_MS, () => late.abort());
  const signal = AbortSignal.any([context.signal, late.signal]);
  const answer = await context.webhooks.send(target, { id: `test_${requestId}`, body }, { signal }).catch(toFault);
  cancel();
  if (!('status' in answer)) throw unusable(arn, 'The test message could not be delivered.', answer);
  if (answer.status < 200 || answer.status >= 300) {
    throw unusable(arn, `It answered ${answer.status} to the test message.`);
  }
}

function unusable(arn: string, why: string, cause?: unknown): Fault {
  return new Fault('InvalidArgument', `Unable to validate the following destination configurations. ${why}`, {
    detail: { ArgumentName: arn.slice(0, 512), ArgumentValue: 'The destination cannot be used' },
    cause,
  });
}
