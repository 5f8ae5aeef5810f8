import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { isJsonObject, type JsonObject, readJsonFile } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';
import { operatedTenant, readSources } from '../settings/connection.ts';
import { timeText } from './audit.ts';

export interface CreateOptions {
  readonly description?: string | undefined;
  readonly expiresAt?: string | undefined;
  readonly policyFile?: string | undefined;
}

/** `sealgate credential create` */
export async function createCredential(context: CommandContext, _args: readonly [], options: CreateOptions) {
  const tenant = operatedTenant(await readSources(context.environment, context.options));
  const { description, policyFile } = options;
  const expiresAt = timeText(options.expiresAt, '--expires-at');
  const policy = policyFile === undefined ? undefined : await readJsonFile(policyFile);
  const members = Object.entries({ tenant, description, expiresAt, policy }).filter(([, value]) => value !== undefined);
  const control = await context.control();
  const made = await control.send('POST', '/proxy/credentials', Object.fromEntries(members));
  const rows = [
    ['AWS_ACCESS_KEY_ID', text(made['accessKeyId'])],
    ['AWS_SECRET_ACCESS_KEY', text(made['secretAccessKey'])],
  ];
  context.terminal.result({ json: made, text: `${formatTable(rows)}The secret is shown here and never again.\n` });
}

/** `sealgate credential list` */
export async function listCredentials(context: CommandContext) {
  const { terminal, options } = context;
  const tenant = operatedTenant(await readSources(context.environment, options));
  const control = await context.control();
  const rows: string[][] = [];
  for await (const credential of control.list('/proxy/credentials', { tenant })) {
    if (options.json === true) terminal.item({ json: credential, text: '' });
    else rows.push(rowOf(credential));
  }
  if (options.json === true) return;
  const head = ['ACCESS KEY', 'STATE', 'POLICY', 'EXPIRES', 'CREATED', 'LAST USED', 'DESCRIPTION'];
  terminal.result({ json: [], text: formatTable([head, ...rows]) });
}

function rowOf(credential: JsonObject): string[] {
  const { accessKeyId, state, bounded, expiresAt, createdAt, lastUsedAt, description } = credential;
  const ended = typeof expiresAt === 'string' && Date.parse(expiresAt) <= Date.now();
  return [
    text(accessKeyId),
    ended ? 'expired' : text(state),
    bounded === true ? 'yes' : '-',
    ...[expiresAt, createdAt, lastUsedAt, description].map(text),
  ];
}

/** `sealgate credential rotate ID` */
export async function rotateCredential(
  context: CommandContext,
  [id]: readonly [string],
  options: { readonly overlap?: string | undefined },
) {
  const overlapSeconds = options.overlap === undefined ? undefined : secondsOf(options.overlap);
  const control = await context.control();
  const body = overlapSeconds === undefined ? {} : { overlapSeconds };
  const made = await control.send('POST', controlPath`/proxy/credentials/${id}/rotate`, body);
  const replaces = isJsonObject(made['replaces']) ? made['replaces'] : {};
  const rows = [
    ['AWS_ACCESS_KEY_ID', text(made['accessKeyId'])],
    ['AWS_SECRET_ACCESS_KEY', text(made['secretAccessKey'])],
  ];
  const until = text(replaces['expiresAt']);
  context.terminal.result({
    json: made,
    text: `${formatTable(rows)}The secret is shown here and never again. ${printable(id)} serves until ${until}.\n`,
  });
}

const UNIT_SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** `24h` as seconds. @throws CliError */
function secondsOf(duration: string): number {
  const [, digits, unit] = /^(\d{1,7})([smhd])$/.exec(duration) ?? [];
  if (digits === undefined || unit === undefined) {
    throw usageError(`--overlap takes a number and s, m, h or d, such as 24h, not "${duration}".`);
  }
  return Number(digits) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS];
}

/** `sealgate credential disable ID` */
export const disableCredential = (context: CommandContext, [id]: readonly [string]) =>
  setState(context, id, 'disabled');

/** `sealgate credential enable ID` */
export const enableCredential = (context: CommandContext, [id]: readonly [string]) => setState(context, id, 'active');

async function setState(context: CommandContext, id: string, state: 'active' | 'disabled'): Promise<void> {
  const control = await context.control();
  const changed = await control.send('PATCH', controlPath`/proxy/credentials/${id}`, { state });
  context.terminal.result({ json: changed, text: `${printable(id)} is ${state}\n` });
}

/** `sealgate credential delete ID` */
export async function deleteCredential(context: CommandContext, [id]: readonly [string]) {
  await (await context.control()).delete(controlPath`/proxy/credentials/${id}`);
  context.terminal.result({ json: { accessKeyId: id, deleted: true }, text: `deleted ${printable(id)}\n` });
}

/** `sealgate credential policy ID [FILE]`: shows, sets or removes it. */
export async function credentialPolicy(
  context: CommandContext,
  [id, file]: readonly [string, string | undefined],
  options: { readonly remove?: boolean | undefined },
) {
  if (options.remove === true && file !== undefined) throw usageError('Give a file or --remove, not both.');
  const control = await context.control();
  const path = controlPath`/proxy/credentials/${id}/policy`;
  if (options.remove === true) {
    await control.delete(path);
    context.terminal.result({ json: { accessKeyId: id, policy: null }, text: `no policy bounds ${printable(id)}\n` });
    return;
  }
  const answer =
    file === undefined
      ? await control.get(path)
      : await control.send('PUT', path, { policy: await readJsonFile(file) });
  context.terminal.result({ json: answer, text: `${JSON.stringify(answer['policy'], null, 2)}\n` });
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
