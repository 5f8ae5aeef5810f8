import type { CommandContext } from '../context.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';

export interface TenantOptions {
  readonly defaultEncryption?: string | undefined;
  readonly namespace?: string | undefined;
  readonly displayName?: string | undefined;
  readonly email?: string | undefined;
  readonly policy?: string | undefined;
}

/** `sealgate tenant create NAME` */
export async function createTenant(context: CommandContext, [name]: readonly [string], options: TenantOptions) {
  const control = await context.control();
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const answer = await control.send('POST', '/admin/tenants', { name, ...pick(given) });
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

function pick({ defaultEncryption, namespace, displayName, email, policy }: TenantOptions): JsonObject {
  const members = { defaultEncryption, namespace, displayName, email, policy };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
