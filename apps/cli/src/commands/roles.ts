import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { isJsonObject, type JsonObject, readJsonFile } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';
import { operatedTenant, readSources } from '../settings/connection.ts';

const tenantOf = async (context: CommandContext): Promise<string> =>
  operatedTenant(await readSources(context.environment, context.options));

/** `sealgate role apply NAME FILE` */
export async function applyRole(context: CommandContext, [name, file]: readonly [string, string]) {
  const path = controlPath`/admin/tenants/${await tenantOf(context)}/roles/${name}`;
  const role = await (await context.control()).send('PUT', path, await readJsonFile(file));
  context.terminal.result({ json: role, text: `applied ${text(role['arn'])}\n` });
}

/** `sealgate role show NAME` */
export async function showRole(context: CommandContext, [name]: readonly [string]) {
  const path = controlPath`/admin/tenants/${await tenantOf(context)}/roles/${name}`;
  const role = await (await context.control()).get(path);
  context.terminal.result({ json: role, text: `${JSON.stringify(role, null, 2)}\n` });
}

/** `sealgate role list` */
export async function listRoles(context: CommandContext) {
  const path = controlPath`/admin/tenants/${await tenantOf(context)}/roles`;
  await list(context, path, {
    head: ['ROLE', 'ARN', 'SESSION', 'TRUSTS'],
    row: ({ name, arn, sessionSecondsMax, trust }) => [
      text(name),
      text(arn),
      `${String(sessionSecondsMax)} s`,
      trustText(trust),
    ],
  });
}

/** `sealgate role delete NAME` */
export async function deleteRole(context: CommandContext, [name]: readonly [string]) {
  const tenant = await tenantOf(context);
  await (await context.control()).delete(controlPath`/admin/tenants/${tenant}/roles/${name}`);
  context.terminal.result({ json: { tenant, name, deleted: true }, text: `deleted ${printable(name)}\n` });
}

/** `sealgate identity-provider add NAME` */
export async function addIdentityProvider(
  context: CommandContext,
  [name]: readonly [string],
  options: { readonly issuer: string; readonly audience: readonly string[]; readonly grantsFile?: string | undefined },
) {
  const { issuer, audience, grantsFile } = options;
  const path = controlPath`/admin/identity-providers/${name}`;
  const grants = grantsFile === undefined ? {} : await readJsonFile(grantsFile);
  const provider = await (await context.control()).send('PUT', path, { ...grants, issuer, audiences: audience });
  context.terminal.result({ json: provider, text: `registered ${printable(name)}: ${printable(issuer)}\n` });
}

/** `sealgate identity-provider list` */
export async function listIdentityProviders(context: CommandContext) {
  await list(context, '/admin/identity-providers', {
    head: ['PROVIDER', 'ISSUER', 'AUDIENCES'],
    row: ({ name, issuer, audiences }) => [text(name), text(issuer), texts(audiences)],
  });
}

/** `sealgate identity-provider delete NAME` */
export async function deleteIdentityProvider(context: CommandContext, [name]: readonly [string]) {
  await (await context.control()).delete(controlPath`/admin/identity-providers/${name}`);
  context.terminal.result({ json: { name, deleted: true }, text: `deleted ${printable(name)}\n` });
}

async function list(
  context: CommandContext,
  path: string,
  table: { readonly head: string[]; readonly row: (item: JsonObject) => string[] },
): Promise<void> {
  const { terminal, options } = context;
  const rows: string[][] = [];
  for await (const item of (await context.control()).list(path)) {
    if (options.json === true) terminal.item({ json: item, text: '' });
    else rows.push(table.row(item));
  }
  if (options.json !== true) terminal.result({ json: [], text: formatTable([table.head, ...rows]) });
}

function trustText(trust: unknown): string {
  if (!isJsonObject(trust)) return '-';
  const { webIdentities, accessKeyIds } = trust;
  const issuers = Array.isArray(webIdentities) ? webIdentities.filter(isJsonObject).map(({ issuer }) => issuer) : [];
  return texts([...issuers, ...(Array.isArray(accessKeyIds) ? (accessKeyIds as unknown[]) : [])]);
}

function texts(values: unknown): string {
  const list = Array.isArray(values) ? values.map(text) : [];
  return list.length === 0 ? '-' : list.join(', ');
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
