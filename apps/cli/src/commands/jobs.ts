import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';
import { parseObjectUri } from '../s3-uri.ts';
import { readSources, s3Connection } from '../settings/connection.ts';

interface ListJobsOptions {
  readonly state?: string | undefined;
  readonly kind?: string | undefined;
  readonly bucket?: string | undefined;
}

interface CreateJobOptions {
  readonly to: string;
  readonly from?: string | undefined;
  readonly versionId?: string | undefined;
  readonly encryptionRequired?: boolean | undefined;
  readonly token?: string | undefined;
}

/** `sealgate job list` */
export async function listJobs(context: CommandContext, _: readonly [], { state, kind, bucket }: ListJobsOptions) {
  const { terminal, options } = context;
  const control = await context.control();
  const place = bucket === undefined ? {} : { bucket, tenant: await tenantOf(context) };
  const query = { ...(state === undefined ? {} : { state }), ...(kind === undefined ? {} : { kind }), ...place };
  const rows: string[][] = [];
  for await (const job of control.list('/proxy/jobs', query)) {
    if (options.json === true) terminal.item({ json: job, text: '' });
    else rows.push(rowOf(job));
  }
  const head = ['JOB', 'KIND', 'STATE', 'DONE', 'TRIES', 'TARGETS', 'WHAT', 'LAST ERROR'];
  if (options.json !== true) terminal.result({ json: [], text: formatTable([head, ...rows]) });
}

/** `sealgate job show ID` */
export async function showJob(context: CommandContext, [id]: readonly [string]) {
  const control = await context.control();
  show(context, await control.call('getJob', { params: { job: id } }));
}

/** `sealgate job create s3://bucket/key --to a,b` */
export async function createJob(context: CommandContext, [uri]: readonly [string], options: CreateJobOptions) {
  const { bucket, key } = parseObjectUri(uri);
  const control = await context.control();
  const job = await control.call('createJob', {
    body: {
      tenant: await tenantOf(context),
      bucket,
      object_key: key,
      target_backends: options.to.split(',').map((target) => target.trim()),
      encryption_required: options.encryptionRequired === true,
      source_backend: options.from,
      version_id: options.versionId,
      client_token: options.token,
    },
  });
  show(context, job);
}

/** `sealgate job cancel ID` */
export async function cancelJob(context: CommandContext, [id]: readonly [string]) {
  const control = await context.control();
  show(context, await control.call('cancelJob', { params: { job: id } }));
}

/** `sealgate job retry [ID]` */
export async function retryJobs(
  context: CommandContext,
  [id]: readonly [string | undefined],
  { all, limit }: { readonly all?: string | undefined; readonly limit?: number | undefined },
) {
  if ((id === undefined) === (all === undefined)) throw usageError('Give a job, or --all and a kind.');
  const control = await context.control();
  const answer =
    id === undefined
      ? await control.send('POST', '/proxy/jobs/retry', { kind: all, ...(limit === undefined ? {} : { limit }) })
      : await control.send('POST', controlPath`/proxy/jobs/${id}/retry`, {});
  const refused = Number(answer['refused'] ?? 0);
  const note = refused > 0 ? `, ${refused} cannot come back` : '';
  context.terminal.result({ json: answer, text: `${String(answer['retried'])} jobs are tried again${note}\n` });
}

function show({ terminal }: CommandContext, job: JsonObject): void {
  const rows = [
    ['Job', text(job['id'])],
    ['Kind', text(job['kind'])],
    ['State', text(job['state'])],
    ['What', whatOf(job)],
    ['Targets', targetsOf(job)],
    ['Done', doneOf(job)],
    ['Tries', String(job['attempts'])],
    ['Last error', text(job['last_error'])],
    ['Worker', text(job['worker'])],
    ['Since', text(job['created_at'])],
    ['Ended', text(job['ended_at'])],
  ];
  terminal.result({ json: job, text: formatTable(rows) });
}

function rowOf(job: JsonObject): string[] {
  const facts = [text(job['id']), text(job['kind']), text(job['state']), doneOf(job), String(job['attempts'])];
  return [...facts, targetsOf(job), whatOf(job), text(job['last_error'])];
}

function whatOf(job: JsonObject): string {
  const bucket = text(job['bucket']);
  return typeof job['object_key'] === 'string'
    ? `s3://${bucket}/${printable(job['object_key'])}`
    : text(job['blob_id']);
}

function targetsOf(job: JsonObject): string {
  const targets = job['target_backends'];
  return Array.isArray(targets) && targets.length > 0 ? printable(targets.join(',')) : '-';
}

function doneOf(job: JsonObject): string {
  const progress = job['progress'];
  return isJsonObject(progress) ? `${String(progress['done'])}/${String(progress['total'])}` : '-';
}

/** @throws CliError when nothing says whose object is meant */
async function tenantOf({ environment, options }: CommandContext): Promise<string> {
  const { tenant } = s3Connection(await readSources(environment, options));
  if (tenant === undefined) throw usageError('Say whose object is meant with --tenant (or SEALGATE_TENANT).');
  return tenant;
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
