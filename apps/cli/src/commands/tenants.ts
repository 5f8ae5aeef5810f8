import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';

export interface TenantOptions {
  readonly defaultEncryption?: string | undefined;
  readonly namespace?: string | undefined;
  readonly displayName?: string | undefined;
  readonly email?: string | undefined;
  readonly policy?: string | undefined;
  readonly objectOwnership?: string | undefined;
  readonly legacySignatures?: string | undefined;
  readonly blockPublicAccess?: string | undefined;
  readonly quotaBytes?: string | undefined;
  readonly quotaObjects?: string | undefined;
  readonly quotaRequests?: string | undefined;
  readonly requestRecords?: string | undefined;
}

/** `sealgate tenant create NAME` */
export async function createTenant(context: CommandContext, [name]: readonly [string], options: TenantOptions) {
  const control = await context.control();
  const answer = await control.send('POST', '/admin/tenants', { name, ...pick(options) });
  const credentials = Array.isArray(answer['credentials']) ? answer['credentials'].filter(isJsonObject) : [];
  const { id, ownerId, displayName } = answer;
  const keys = credentials.map(({ accessKeyId, secretAccessKey }) => ({ accessKeyId, secretAccessKey }));
  const rows = keys.flatMap((pair) => [
    ['AWS_ACCESS_KEY_ID', text(pair.accessKeyId)],
    ['AWS_SECRET_ACCESS_KEY', text(pair.secretAccessKey)],
  ]);
  context.terminal.result({
    json: { id, name: answer['name'], ownerId, displayName, credentials: keys },
    text: `${formatTable([['Tenant', text(answer['name'])], ['Id', text(id)], ...rows])}The secret is shown here and never again.\n`,
  });
}

/** `sealgate tenant update NAME` */
export async function updateTenant(
  context: CommandContext,
  [name]: readonly [string],
  options: Omit<TenantOptions, 'namespace' | 'email'> & { readonly state?: string | undefined },
) {
  const change = { ...pick(options), ...(options.state === undefined ? {} : { state: options.state }) };
  if (Object.keys(change).length === 0) throw usageError('Say what is to change; see "sealgate tenant update --help".');
  const control = await context.control();
  const answer = await control.send('PATCH', `/admin/tenants/${encodeURIComponent(name)}`, change);
  const settings = isJsonObject(answer['settings']) ? answer['settings'] : {};
  const facts = { ...answer, ...settings };
  const rows = ['name', 'state', 'defaultEncryption', 'policy', 'requestRecords', ...SETTINGS].map((member) => [
    member,
    shown(facts[member]),
  ]);
  context.terminal.result({ json: answer, text: formatTable(rows) });
}

/** `sealgate tenant list` */
export async function listTenants(context: CommandContext) {
  const { terminal } = context;
  const control = await context.control();
  const rows: string[][] = [];
  for await (const tenant of control.list('/admin/tenants')) {
    if (context.options.json === true) terminal.item({ json: tenant, text: '' });
    else
      rows.push(['name', 'state', 'defaultEncryption', 'namespace', 'policy', 'id'].map((name) => text(tenant[name])));
  }
  if (context.options.json === true) return;
  const head = ['TENANT', 'STATE', 'ENCRYPTION', 'NAMESPACE', 'POLICY', 'ID'];
  terminal.result({ json: [], text: formatTable([head, ...rows]) });
}

const SETTINGS = ['objectOwnership', 'legacySignatures', 'blockPublicAccess'] as const;

/** The options as the REST interface takes them: those that were given, switches as booleans. */
function pick(options: Partial<TenantOptions>): JsonObject {
  const { defaultEncryption, namespace, displayName, email, policy, objectOwnership } = options;
  const settings = given({
    objectOwnership,
    legacySignatures: options.legacySignatures && options.legacySignatures === 'on',
    blockPublicAccess: options.blockPublicAccess && options.blockPublicAccess === 'on',
  });
  const members = given({ defaultEncryption, namespace, displayName, email, policy });
  const quotas = given({
    bytes: bound(options.quotaBytes),
    objects: bound(options.quotaObjects),
    requestsPerSecond: bound(options.quotaRequests),
  });
  const { requestRecords } = options;
  return {
    ...members,
    ...(requestRecords === undefined ? {} : { requestRecords: requestRecords === 'default' ? null : requestRecords }),
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
    ...(Object.keys(quotas).length === 0 ? {} : { quotas }),
  };
}

const UNITS = ['', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `10GiB` as a number; `none` as null. @throws CliError */
function bound(text: string | undefined): number | null | undefined {
  if (text === undefined) return undefined;
  if (text === 'none') return null;
  const [, digits = '', unit = ''] = /^(\d{1,15})([KMGTP]iB)?$/.exec(text) ?? [];
  const value = Number(digits) * 1024 ** UNITS.indexOf(unit);
  if (digits === '' || !Number.isSafeInteger(value))
    throw usageError(`A quota is a whole number or none, not "${text}".`);
  return value;
}

function given(members: Readonly<Record<string, string | number | boolean | null | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function shown(value: unknown): string {
  return typeof value === 'boolean' ? (value ? 'on' : 'off') : text(value);
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
