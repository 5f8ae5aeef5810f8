import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import type { JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';
import { findControl, readSources, s3Connection } from '../settings/connection.ts';

export interface BucketOptions {
  readonly encryption?: string | undefined;
  readonly policy?: string | undefined;
  readonly regionLock?: readonly string[] | undefined;
  readonly class?: string | undefined;
  readonly requestRecords?: string | undefined;
}

/**
 * `sealgate bucket create NAME`. An operator's settings hold as given; a tenant asks over S3, where the gateway refuses
 * what is laxer than the tenant's defaults.
 */
export async function createBucket(context: CommandContext, [name]: readonly [string], options: BucketOptions) {
  const sources = await readSources(context.environment, context.options);
  const { tenant } = s3Connection(sources);
  if (tenant !== undefined && findControl(sources) !== undefined) {
    const control = await context.control();
    const path = controlPath`/admin/tenants/${tenant}/buckets`;
    const bucket = await control.send('POST', path, { name, ...settingsOf(options) });
    context.terminal.result({ json: bucket, text: describeBuckets([bucket]) });
    return;
  }
  if (options.requestRecords !== undefined) {
    throw usageError('--request-records takes the operator key: S3 has no word for it.');
  }
  const { client } = await context.client();
  const headers: Record<string, string> = {};
  if (options.encryption !== undefined) headers['x-sealgate-encryption'] = options.encryption;
  if (options.policy !== undefined) headers['x-sealgate-policy'] = options.policy;
  if (options.class !== undefined) headers['x-sealgate-redundancy-class'] = options.class;
  const locationConstraint = options.regionLock?.join(',');
  await client.createBucket(name, { headers, locationConstraint, signal: context.signal });
  context.terminal.result({ json: { name, ...settingsOf(options) }, text: `created ${name}\n` });
}

/** `sealgate bucket list` */
export async function listBuckets(context: CommandContext) {
  const { terminal, options } = context;
  const buckets: JsonObject[] = [];
  for await (const bucket of bucketsOf(context)) {
    if (options.json === true) terminal.item({ json: bucket, text: '' });
    else buckets.push(bucket);
  }
  if (options.json !== true) {
    const none = 'There are no buckets yet: sealgate bucket create <name>\n';
    terminal.result({ json: [], text: buckets.length === 0 ? none : describeBuckets(buckets) });
  }
}

async function* bucketsOf(context: CommandContext): AsyncGenerator<JsonObject, void, undefined> {
  const sources = await readSources(context.environment, context.options);
  const { tenant } = s3Connection(sources);
  if (tenant !== undefined && findControl(sources) !== undefined) {
    yield* (await context.control()).list(controlPath`/admin/tenants/${tenant}/buckets`);
    return;
  }
  const { client } = await context.client();
  for (const { name, createdAtMs } of await client.listBuckets({ signal: context.signal })) {
    yield { name, createdAt: new Date(createdAtMs).toISOString() };
  }
}

/** `sealgate bucket policy NAME`: shows the settings, or changes those that are given. */
export async function bucketPolicy(context: CommandContext, [name]: readonly [string], options: BucketOptions) {
  const sources = await readSources(context.environment, context.options);
  const { tenant } = s3Connection(sources);
  if (tenant === undefined)
    throw new CliError('It is not known whose bucket it is.', { hint: 'Name it with --tenant.' });
  const control = await context.control();
  const path = controlPath`/admin/tenants/${tenant}/buckets/${name}`;
  const change = settingsOf(options);
  const bucket = Object.keys(change).length === 0 ? await control.get(path) : await control.send('PATCH', path, change);
  context.terminal.result({ json: bucket, text: describeBuckets([bucket]) });
}

/** Only what was given; `none` takes a setting away. */
function settingsOf(options: BucketOptions): JsonObject {
  const { encryption, policy, regionLock, class: redundancyClass, requestRecords } = options;
  return {
    ...(encryption === undefined ? {} : { encryption }),
    ...(policy === undefined ? {} : { policy: orNull(policy) }),
    ...(regionLock === undefined ? {} : { regionLock: regionLock[0] === 'none' ? [] : regionLock }),
    ...(redundancyClass === undefined ? {} : { defaultClass: orNull(redundancyClass) }),
    ...(requestRecords === undefined ? {} : { requestRecords: orNull(requestRecords) }),
  };
}

function orNull(text: string): string | null {
  return text === 'none' ? null : text;
}

function describeBuckets(buckets: readonly JsonObject[]): string {
  const text = (value: unknown): string => (typeof value === 'string' && value !== '' ? printable(value) : '-');
  const rows = buckets.map((bucket) => [
    text(bucket['name']),
    text(bucket['encryption']),
    text(bucket['policy']),
    Array.isArray(bucket['regionLock']) ? text(bucket['regionLock'].join(',')) : '-',
    text(bucket['defaultClass']),
    text(bucket['requestRecords']),
    text(bucket['createdAt']).slice(0, 19).replace('T', ' '),
  ]);
  return formatTable([['BUCKET', 'ENCRYPTION', 'POLICY', 'REGION LOCK', 'CLASS', 'RECORDS', 'CREATED'], ...rows]);
}
