const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;
const ARN_PREFIX = 'arn:sealgate:webhook:::';

/** A webhook's name within its tenant: 1 to 63 small letters, digits, dots, hyphens, underscores. */
export function isWebhookName(text: string): boolean {
  return NAME.test(text);
}

/** How a bucket's notification configuration names a webhook of its owner. */
export function webhookArn(name: string): string {
  return ARN_PREFIX + name;
}

/** The webhook that an ARN names; undefined when it is the ARN of something else. */
export function parseWebhookArn(arn: string): string | undefined {
  if (!arn.startsWith(ARN_PREFIX)) return undefined;
  const name = arn.slice(ARN_PREFIX.length);
  return isWebhookName(name) ? name : undefined;
}
