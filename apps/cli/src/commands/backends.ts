import { readFile } from 'node:fs/promises';
import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';

export interface AddOptions {
  readonly endpoint: string;
  readonly type?: string | undefined;
  readonly provider: string;
  readonly providerRegion?: string | undefined;
  readonly region: string;
  readonly country: string;
  readonly jurisdiction: string;
  readonly operatorJurisdiction?: string | undefined;
  readonly certificate?: readonly string[] | undefined;
  readonly sla?: string | undefined;
  readonly weight?: number | undefined;
  readonly addressing?: string | undefined;
  readonly custody?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly secretFile?: string | undefined;
  /** False for `--no-probe`. */
  readonly probe: boolean;
  readonly force?: boolean | undefined;
}

/** `sealgate backend add ID` */
export async function addBackend(context: CommandContext, [id]: readonly [string], options: AddOptions) {
  const { accessKeyId, secretFile, certificate, ...facts } = options;
  const credentials =
    accessKeyId === undefined ? null : { accessKeyId, secretAccessKey: await secretOf(context, secretFile) };
  const given = Object.entries({ ...facts, certificates: certificate, credentials }).filter(([, v]) => v !== undefined);
  const control = await context.control();
  const answer = await control.send('POST', '/admin/add-storage', { id, ...Object.fromEntries(given) });
  const backend = isJsonObject(answer['backend']) ? answer['backend'] : {};
  const admitted = Array.isArray(answer['admittedBy']) ? answer['admittedBy'].filter(isJsonObject) : [];
  const rows = admitted.map((one) => [
    text(one['tenant']),
    text(one['policy']),
    one['admitted'] === true ? 'admits it' : 'refuses it',
    text(one['rule']),
    text(one['reason']),
  ]);
  const tenants =
    rows.length === 0 ? '' : `\n${formatTable([['TENANT', 'POLICY', 'VERDICT', 'RULE', 'REASON'], ...rows])}`;
  context.terminal.result({ json: answer, text: `${describeBackends([backend])}${describeProbe(answer)}${tenants}` });
}

/** `sealgate backend list` */
export async function listBackends(context: CommandContext) {
  const { terminal } = context;
  const control = await context.control();
  const backends: JsonObject[] = [];
  for await (const backend of control.list('/admin/backends')) {
    if (context.options.json === true) terminal.item({ json: backend, text: '' });
    else backends.push(backend);
  }
  if (context.options.json !== true) terminal.result({ json: [], text: describeBackends(backends) });
}

/** `sealgate backend probe ID` */
export async function probeBackend(context: CommandContext, [id]: readonly [string]) {
  const control = await context.control();
  const answer = await control.send('POST', controlPath`/admin/backends/${id}/probe`, {});
  context.terminal.result({ json: answer, text: describeProbe(answer) });
}

/** A secret never stands on a command line: process lists show those. */
async function secretOf(context: CommandContext, path: string | undefined): Promise<string> {
  if (path !== undefined) return (await readFile(path, 'utf8')).trim();
  const { backendSecret } = context.environment;
  if (backendSecret !== undefined) return backendSecret;
  throw usageError(
    'The secret access key of the backend is missing.',
    'Set SEALGATE_BACKEND_SECRET_ACCESS_KEY, or name a file with --secret-file.',
  );
}

function describeBackends(backends: readonly JsonObject[]): string {
  const rows = backends.map((backend) => {
    const health = isJsonObject(backend['health']) ? backend['health'] : {};
    const latency = health['latencyMs'];
    return [
      ...['id', 'type', 'state', 'country', 'region', 'jurisdiction', 'operatorJurisdiction', 'provider'].map((name) =>
        text(backend[name]),
      ),
      typeof latency === 'number' ? `${latency.toFixed(1)} ms` : '-',
    ];
  });
  const head = ['BACKEND', 'TYPE', 'STATE', 'COUNTRY', 'REGION', 'JURISDICTION', 'OPERATOR', 'PROVIDER', 'LATENCY'];
  return formatTable([head, ...rows]);
}

function describeProbe(answer: JsonObject): string {
  const probe = isJsonObject(answer['probe']) ? answer['probe'] : undefined;
  const capabilities = isJsonObject(probe?.['capabilities']) ? probe['capabilities'] : {};
  const notes = isJsonObject(probe?.['notes']) ? probe['notes'] : {};
  const rows = Object.entries(capabilities).map(([name, has]) => [
    name,
    has === true ? 'yes' : 'no',
    text(notes[name]),
  ]);
  return rows.length === 0 ? '' : `\n${formatTable([['CAPABILITY', 'HAS', 'NOTE'], ...rows])}`;
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
