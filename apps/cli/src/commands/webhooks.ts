import { readFile } from 'node:fs/promises';
import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import type { JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';
import { readSources, s3Connection } from '../settings/connection.ts';

export interface CreateWebhookOptions {
  readonly url: string;
  readonly secretFile?: string | undefined;
  readonly header?: readonly string[] | undefined;
  /** False for `--no-sign`. */
  readonly sign: boolean;
}

/** `sealgate webhook create NAME` */
export async function createWebhook(context: CommandContext, [name]: readonly [string], options: CreateWebhookOptions) {
  const { url, sign, secretFile } = options;
  if (!sign && secretFile !== undefined) throw usageError('--no-sign and --secret-file exclude each other.');
  const secret = secretFile === undefined ? {} : { secret: (await readFile(secretFile, 'utf8')).trim() };
  const headers = Object.fromEntries((options.header ?? []).map(parseHeader));
  const control = await context.control();
  const path = controlPath`/admin/tenants/${await tenantOf(context)}/webhooks`;
  const answer = await control.send('POST', path, { name, url, signed: sign, headers, ...secret });
  const made = answer['secret'];
  const rows = [
    ['Webhook', text(answer['name'])],
    ['ARN', text(answer['arn'])],
    ...(typeof made === 'string' ? [['Signing key', printable(made)]] : []),
  ];
  const note = typeof made === 'string' ? 'The signing key is shown here and never again.\n' : '';
  context.terminal.result({ json: answer, text: formatTable(rows) + note });
}

/** `sealgate webhook list` */
export async function listWebhooks(context: CommandContext) {
  const head = ['WEBHOOK', 'URL', 'SIGNED', 'WAITING', 'DEAD', 'ARN'];
  const path = controlPath`/admin/tenants/${await tenantOf(context)}/webhooks`;
  await list(context, path, head, (hook) => [
    text(hook['name']),
    text(hook['url']),
    hook['signed'] === true ? 'yes' : 'no',
    String(hook['waiting']),
    String(hook['dead']),
    text(hook['arn']),
  ]);
}

/** `sealgate webhook delete NAME` */
export async function deleteWebhook(context: CommandContext, [name]: readonly [string]) {
  const control = await context.control();
  await control.delete(controlPath`/admin/tenants/${await tenantOf(context)}/webhooks/${name}`);
  context.terminal.result({ json: { name, deleted: true }, text: `deleted webhook ${printable(name)}\n` });
}

/** `sealgate webhook dead-letters NAME` */
export async function listDeadLetters(context: CommandContext, [name]: readonly [string]) {
  const head = ['ID', 'SINCE', 'BUCKET', 'KEY', 'TRIES', 'REASON'];
  const path = controlPath`/admin/tenants/${await tenantOf(context)}/webhooks/${name}/dead-letters`;
  await list(context, path, head, (letter) => [
    text(letter['id']),
    text(letter['createdAt']),
    text(letter['bucket']),
    text(letter['key']),
    String(letter['attempts']),
    text(letter['reason']),
  ]);
}

/** `sealgate webhook redrive NAME` */
export async function redriveWebhook(
  context: CommandContext,
  [name]: readonly [string],
  { limit }: { readonly limit?: number | undefined },
) {
  const control = await context.control();
  const path = controlPath`/admin/tenants/${await tenantOf(context)}/webhooks/${name}/redrive`;
  const answer = await control.send('POST', path, limit === undefined ? {} : { limit });
  context.terminal.result({ json: answer, text: `${String(answer['redriven'])} messages are on their way again\n` });
}

/** @throws CliError when nothing says whose webhooks are meant */
async function tenantOf({ environment, options }: CommandContext): Promise<string> {
  const { tenant } = s3Connection(await readSources(environment, options));
  if (tenant === undefined) throw usageError('Say whose webhooks are meant with --tenant (or SEALGATE_TENANT).');
  return tenant;
}

async function list(
  context: CommandContext,
  path: string,
  head: readonly string[],
  row: (item: JsonObject) => string[],
): Promise<void> {
  const { terminal } = context;
  const control = await context.control();
  const rows: string[][] = [];
  for await (const item of control.list(path)) {
    if (context.options.json === true) terminal.item({ json: item, text: '' });
    else rows.push(row(item));
  }
  if (context.options.json !== true) terminal.result({ json: [], text: formatTable([[...head], ...rows]) });
}

/** `Name: value` as curl takes it. */
function parseHeader(header: string): [name: string, value: string] {
  const at = header.indexOf(':');
  if (at < 1) throw usageError(`A header is given as "Name: value", not "${header}".`);
  return [header.slice(0, at).trim(), header.slice(at + 1).trim()];
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
