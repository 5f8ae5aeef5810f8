import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import type { ControlClient } from '../control/control-client.ts';
import type { Operations } from '../control/generated/operations.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatBytes, formatTable, formatTime, printable } from '../output/format.ts';
import { findSource, type SourceOptions } from '../settings/source.ts';

type Snapshot = Operations['getSnapshot']['answer'];
type Head = Operations['listSnapshots']['answer']['items'][number];
type Bucket = Snapshot['bucketList'][number];

export interface CreateOptions extends SourceOptions {
  readonly zone?: string | undefined;
  readonly provider?: string | undefined;
  readonly addressing?: 'path' | 'virtual' | undefined;
  readonly bucket?: readonly string[] | undefined;
  readonly prefix?: string | undefined;
  /** False for `--no-etags`. */
  readonly etags: boolean;
}

/** The gateway's own bound is ten minutes. */
const LOOK_TIMEOUT_MS = 11 * 60_000;
const FILES_PAGE = 1000;
/** Pages of one list. */
const PAGES_MAX = 1000;

/** `sealgate snapshot create` */
export async function createSnapshot(context: CommandContext, _: readonly [], options: CreateOptions) {
  const { zone, provider, addressing, bucket, prefix, etags } = options;
  const { endpoint, region, credentials } = await findSource(context, options);
  if (endpoint === undefined && zone === undefined) {
    throw usageError('Say where the storage is: --endpoint or --zone.', 'Run it with --help to see how.');
  }
  const control = await controlOf(context);
  const tenant = await tenantOf(context, control);
  const waiting = context.terminal.waiting(`Looking at ${endpoint ?? zone ?? ''}`);
  try {
    const body = { tenant, endpoint, zone, provider, region, addressing, prefix, etags, credentials };
    const named = bucket === undefined ? body : { ...body, buckets: [...bucket] };
    const snapshot = await control.call('createSnapshot', { body: named }, { timeoutMs: LOOK_TIMEOUT_MS });
    waiting.end();
    context.terminal.result({ json: snapshot, text: describe(snapshot) });
  } finally {
    waiting.end();
  }
}

/** `sealgate snapshot list` */
export async function listSnapshots(context: CommandContext) {
  const { terminal, options } = context;
  const control = await controlOf(context);
  const tenant = options.tenant ?? context.environment.tenant;
  const rows: string[][] = [];
  for await (const item of pages((cursor) => control.call('listSnapshots', { query: { tenant, cursor } }))) {
    if (options.json === true) terminal.item({ json: item, text: '' });
    else rows.push(rowOf(item));
  }
  if (options.json === true) return;
  const head = ['SNAPSHOT', 'TENANT', 'TAKEN', 'SOURCE', 'BUCKETS', 'OBJECTS', 'SIZE', 'CUT SHORT BY'];
  if (rows.length === 0) terminal.note('There are no snapshots. "sealgate snapshot create" takes one.');
  else terminal.result({ json: [], text: formatTable([head, ...rows]) });
}

/** `sealgate snapshot show ID [BUCKET]` */
export async function showSnapshot(context: CommandContext, [id, name]: readonly [string, string | undefined]) {
  const control = await controlOf(context);
  const snapshot = await control.call('getSnapshot', { params: { snapshot: id } });
  if (name === undefined) {
    context.terminal.result({ json: snapshot, text: describe(snapshot) });
    return;
  }
  const bucket = requireBucket(snapshot, name);
  context.terminal.result({ json: bucket, text: describeBucket(bucket) });
}

/** `sealgate snapshot files ID BUCKET` */
export async function listFiles(context: CommandContext, [id, bucket]: readonly [string, string]) {
  const { terminal, options } = context;
  const control = await controlOf(context);
  const call = (cursor: string | undefined) =>
    control.call('listSnapshotFiles', { params: { snapshot: id, bucket }, query: { cursor, limit: FILES_PAGE } });
  const width = 10;
  let files = 0;
  for await (const file of pages(call)) {
    files += 1;
    const { key, bytes, modifiedAt, storageClass } = file;
    const text = `${timeOf(modifiedAt)}  ${formatBytes(bytes).padStart(width)}  ${storageClass.padEnd(width)}  ${printable(key)}`;
    terminal.item({ json: file, text });
  }
  // A bucket without files is not one that is not there.
  if (files > 0) return;
  const { trouble } = requireBucket(await control.call('getSnapshot', { params: { snapshot: id } }), bucket);
  if (options.json !== true) terminal.note(trouble === null ? 'No files.' : `No files: ${trouble}.`);
}

export interface PlanOptions {
  readonly bucket?: string | undefined;
  readonly policy?: string | undefined;
  readonly class?: string | undefined;
}

/** `sealgate snapshot plan ID`: ends with 3 when what was seen would find no place. */
export async function planSnapshot(context: CommandContext, [id]: readonly [string], options: PlanOptions) {
  const { bucket, policy, class: redundancyClass } = options;
  const control = await controlOf(context);
  const query = { bucket, policy, class: redundancyClass };
  const plan = await control.call('planSnapshot', { params: { snapshot: id }, query });
  context.terminal.result({ json: plan, text: describePlan(plan) });
  if (plan.now === 'placed') return;
  throw new CliError(`A new object of ${plan.class} would find no place: ${plan.reason} (${plan.rule}).`, {
    exitCode: exitCodes.refused,
  });
}

/** `sealgate snapshot delete ID` */
export async function deleteSnapshot(context: CommandContext, [id]: readonly [string]) {
  const control = await controlOf(context);
  await control.call('deleteSnapshot', { params: { snapshot: id } });
  context.terminal.result({ json: { id, deleted: true }, text: `deleted snapshot ${printable(id)}\n` });
}

/** An operator when there is an operator's key, else the tenant itself by its access key. */
async function controlOf(context: CommandContext): Promise<ControlClient> {
  return (await context.controlIfAny()) ?? (await context.tenantControl());
}

/** @throws CliError when nothing says whose snapshot it is to be */
async function tenantOf(context: CommandContext, control: ControlClient): Promise<string> {
  const named = await context.tenantName();
  if (named !== undefined) return named;
  const { grants } = await control.call('whoAmI', {});
  const [own] = grants.flatMap(({ role, tenants }) => (role === 'tenant' && tenants !== 'all' ? tenants : []));
  if (own === undefined) throw usageError('Name the tenant: --tenant or SEALGATE_TENANT.');
  return own;
}

async function* pages<T>(
  page: (cursor: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>,
): AsyncGenerator<T, void, undefined> {
  let cursor: string | undefined;
  for (let count = 0; count < PAGES_MAX; count += 1) {
    const { items, next } = await page(cursor);
    yield* items;
    if (next === null) return;
    cursor = next;
  }
}

function requireBucket({ bucketList }: Snapshot, name: string): Bucket {
  const bucket = bucketList.find((each) => each.name === name);
  if (bucket === undefined) throw new CliError(`The snapshot has no bucket "${printable(name)}".`);
  return bucket;
}

function rowOf(head: Head): string[] {
  const { id, tenant, createdAt, source, buckets, objects, bytes } = head;
  return [
    ...[id, tenant, timeOf(createdAt), printable(source.endpoint), String(buckets), String(objects)],
    ...[formatBytes(bytes), cutBy(head)],
  ];
}

function cutBy({ truncated }: Pick<Head, 'truncated'>): string {
  const by = Object.entries(truncated).flatMap(([name, cut]) => (cut ? [name] : []));
  return by.length === 0 ? '-' : by.join(', ');
}

function describe(snapshot: Snapshot): string {
  const { id, tenant, createdAt, source, bucketList, objects, bytes, buckets, bucketsFound } = snapshot;
  const facts = [
    ['Snapshot', id],
    ['Tenant', tenant],
    ['Taken', `${timeOf(createdAt)} UTC`],
    ['Source', [source.endpoint, source.region, source.provider, source.zone].filter(Boolean).join('  ')],
    ...(source.prefix === '' ? [] : [['Prefix', source.prefix]]),
    ['Listed', `${objects} objects, ${formatBytes(bytes)}, in ${buckets} of ${bucketsFound} buckets`],
    ['Cut short by', cutBy(snapshot)],
  ].map((row) => row.map(printable));
  if (bucketList.length === 0) return `${formatTable(facts)}\nThe credentials see no buckets there.\n`;
  const head = ['BUCKET', 'OBJECTS', 'SIZE', 'NEWEST', 'VERSIONING', 'ENCRYPTION', 'OBJECT LOCK', 'NOTE'];
  const rows = bucketList.map((bucket) => [
    ...[printable(bucket.name), `${bucket.truncated ? '>= ' : ''}${bucket.objects}`, formatBytes(bucket.bytes)],
    ...[timeOf(bucket.newestAt), bucket.versioning, bucket.encryption, bucket.objectLock, bucket.trouble ?? '-'],
  ]);
  return `${formatTable(facts)}\n${formatTable([head, ...rows])}`;
}

function describeBucket(bucket: Bucket): string {
  const { defaultRetention: keep, otherPrefixes, prefixes, sizes, storageClasses, largest } = bucket;
  const facts = [
    ['Bucket', bucket.name],
    ['Created', timeOf(bucket.createdAt)],
    ['Objects', `${bucket.objects}${bucket.truncated ? ' and more' : ''}, ${formatBytes(bucket.bytes)}`],
    ['Names kept', `${bucket.files}${bucket.withheld === 0 ? '' : `, ${bucket.withheld} withheld`}`],
    ['Modified', `${timeOf(bucket.oldestAt)} to ${timeOf(bucket.newestAt)}`],
    ['Versioning', bucket.versioning],
    ['Encryption', bucket.encryption],
    ['Object lock', `${bucket.objectLock}${keep === null ? '' : `, ${keep.mode} ${keep.count} ${keep.unit}`}`],
    ['Tags', bucket.tagging === 'tagged' ? bucket.tagNames.join(', ') : bucket.tagging],
    ['Trouble', bucket.trouble ?? '-'],
  ].map((row) => row.map(printable));
  const sums = (
    title: string,
    rows: readonly (readonly [string, { readonly objects: number; readonly bytes: number }])[],
  ) =>
    rows.length === 0
      ? ''
      : `\n${formatTable([
          [title, 'OBJECTS', 'SIZE'],
          ...rows.map(([name, { objects, bytes }]) => [printable(name), String(objects), formatBytes(bytes)]),
        ])}`;
  const folders = prefixes.map((each) => [each.prefix === '' ? '(no folder)' : each.prefix, each] as const);
  const others = otherPrefixes.objects === 0 ? [] : ([['(others)', otherPrefixes]] as const);
  return [
    formatTable(facts),
    sums('FOLDER', [...folders, ...others]),
    sums(
      'CLASS',
      storageClasses.map((each) => [each.name, each] as const),
    ),
    sums(
      'SIZE UP TO',
      sizes.map((each) => [each.upToBytes === null ? 'any' : formatBytes(each.upToBytes), each] as const),
    ),
    largest.length === 0
      ? ''
      : `\n${formatTable([['LARGEST', 'SIZE'], ...largest.map(({ key, bytes }) => [printable(key), formatBytes(bytes)])])}`,
  ].join('');
}

function describePlan(plan: Operations['planSnapshot']['answer']): string {
  const { objects, bytes, storedBytes, partial, costs, unpricedBytes, buckets } = plan;
  const more = partial ? ' and more' : '';
  const facts = [
    ['Policies', plan.layers.join(' > ')],
    ['Class', `${plan.class}, ${plan.storageMultiplier}x, survives ${plan.lossesWhenComplete} losses once complete`],
    ['Place', plan.now === 'placed' ? 'found' : `${plan.now}: ${plan.reason} (${plan.rule})`],
    ['Brought in', `${objects} objects, ${formatBytes(bytes)}${more}`],
    ['Stored', `${formatBytes(storedBytes)}${more}`],
    ...(costs ?? []).map(({ currency, storagePerMonth, readOnce }) => [
      'Costs',
      `${storagePerMonth.toFixed(2)} ${currency} a month, ${readOnce.toFixed(2)} ${currency} to read all of it once`,
    ]),
    ...(unpricedBytes === null || unpricedBytes === 0 ? [] : [['No price', formatBytes(unpricedBytes)]]),
  ].map((row) => row.map(printable));
  const rows = buckets.map((bucket) => [
    ...[printable(bucket.name), `${bucket.truncated ? '>= ' : ''}${bucket.objects}`],
    ...[formatBytes(bucket.bytes), formatBytes(bucket.storedBytes)],
  ]);
  return `${formatTable(facts)}\n${formatTable([['BUCKET', 'OBJECTS', 'SIZE', 'STORED'], ...rows])}`;
}

function timeOf(time: string | null): string {
  return formatTime(time === null ? undefined : Date.parse(time));
}
