import { readFile } from 'node:fs/promises';
import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';
import { describeLimits } from './backend-limits.ts';

export interface AddOptions {
  readonly zone?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly type?: string | undefined;
  readonly provider?: string | undefined;
  readonly providerRegion?: string | undefined;
  readonly region?: string | undefined;
  readonly country?: string | undefined;
  readonly jurisdiction?: string | undefined;
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
  const { zone, endpoint, type, provider, providerRegion, region, country, jurisdiction, operatorJurisdiction } = facts;
  const { sla, weight, addressing, custody, probe, force } = facts;
  const said = {
    ...{ zone, endpoint, type, provider, providerRegion, region, country, jurisdiction, operatorJurisdiction },
    ...{ sla, weight, addressing, custody, probe, force, certificates: certificate, credentials },
  };
  const given = Object.entries(said).filter(([, value]) => value !== undefined);
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

export interface PriceOptions {
  readonly storage?: number | undefined;
  readonly egress?: number | undefined;
  readonly requests?: number | undefined;
  readonly currency?: string | undefined;
  readonly latency?: number | undefined;
}

/** `sealgate backend price ID` */
export async function priceBackend(context: CommandContext, [id]: readonly [string], options: PriceOptions) {
  const { storage, egress, requests, currency, latency } = options;
  const said = { storagePerGbMonth: storage, egressPerGb: egress, per1000Requests: requests, currency };
  const given = Object.entries(said).filter(([, value]) => value !== undefined);
  if (given.length === 0 && latency === undefined)
    throw usageError('No price is given.', 'Run it with --help to see how.');
  const control = await context.control();
  const recorded = (await control.get(controlPath`/admin/backends/${id}`))['prices'];
  const prices = { currency: 'EUR', ...(isJsonObject(recorded) ? recorded : {}), ...Object.fromEntries(given) };
  const backend = await control.send('PUT', controlPath`/admin/backends/${id}/prices`, {
    ...(given.length === 0 ? {} : { prices }),
    ...(latency === undefined ? {} : { expectedLatencyMs: latency }),
  });
  context.terminal.result({ json: backend, text: `${describeBackends([backend])}${describeKnowledge(backend)}` });
}

/** `sealgate backend accept-catalogue ID` */
export async function acceptCatalogue(
  context: CommandContext,
  [id]: readonly [string],
  { zone }: { readonly zone?: string | undefined },
) {
  const control = await context.control();
  const path = controlPath`/admin/backends/${id}/accept-catalogue`;
  const backend = await control.send('POST', path, zone === undefined ? {} : { zone });
  context.terminal.result({ json: backend, text: `${describeBackends([backend])}${describeKnowledge(backend)}` });
}

/** `sealgate backend list` */
export async function listBackends(
  context: CommandContext,
  _args: readonly [],
  options: { readonly claims?: boolean | undefined },
) {
  const { terminal } = context;
  const control = await context.control();
  const backends: JsonObject[] = [];
  for await (const backend of control.list('/admin/backends')) {
    if (context.options.json === true) terminal.item({ json: backend, text: '' });
    else backends.push(backend);
  }
  if (context.options.json !== true) {
    terminal.result({
      json: [],
      text: `${describeBackends(backends)}${options.claims === true ? describeClaims(backends) : ''}${describeDifferences(backends)}`,
    });
  }
}

/** `sealgate backend probe ID` */
export async function probeBackend(context: CommandContext, [id]: readonly [string]) {
  const control = await context.control();
  const answer = await control.send('POST', controlPath`/admin/backends/${id}/probe`, {});
  context.terminal.result({ json: answer, text: describeProbe(answer) });
}

/** A secret never stands on a command line: process lists show those. */
export async function secretOf(context: CommandContext, path: string | undefined): Promise<string> {
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
      describeLimits(backend),
    ];
  });
  const head = ['BACKEND', 'TYPE', 'STATE', 'COUNTRY', 'REGION', 'JURISDICTION', 'OPERATOR', 'PROVIDER', 'LATENCY'];
  return formatTable([[...head, 'BACKGROUND'], ...rows]);
}

/** Prices, zone and what is claimed, beside what was found. */
export function describeKnowledge(backend: JsonObject): string {
  const prices = isJsonObject(backend['prices']) ? backend['prices'] : {};
  const price = (name: string): string => {
    const value = prices[name];
    return typeof value === 'number' ? `${value} ${text(prices['currency'])}` : 'not known';
  };
  const latency = backend['expectedLatencyMs'];
  const facts = [
    ['zone', text(backend['zone'])],
    ['storage, GB-month', price('storagePerGbMonth')],
    ['egress, GB', price('egressPerGb')],
    ['1000 requests', price('per1000Requests')],
    ['expected latency', typeof latency === 'number' ? `${latency} ms` : 'not known'],
  ];
  return `\n${formatTable(facts)}${describeClaims([backend])}${describeDifferences([backend])}`;
}

/** What the catalogue claims beside what a probe found, which overrides it. */
function describeClaims(backends: readonly JsonObject[]): string {
  const rows = backends.flatMap((backend) => {
    const claims = isJsonObject(backend['claims']) ? backend['claims'] : {};
    const found = isJsonObject(backend['capabilities']) ? backend['capabilities'] : {};
    return [...new Set([...Object.keys(claims), ...Object.keys(found)])].map((name) => {
      const probed = found[name];
      const says = typeof probed === 'boolean' ? (probed ? 'yes' : 'no') : 'not tried';
      return [text(backend['id']), printable(name), text(claims[name]), says];
    });
  });
  return rows.length === 0 ? '' : `\n${formatTable([['BACKEND', 'FEATURE', 'CLAIMED', 'PROBED'], ...rows])}`;
}

function describeDifferences(backends: readonly JsonObject[]): string {
  const rows = backends.flatMap((backend) =>
    (Array.isArray(backend['differences']) ? backend['differences'].filter(isJsonObject) : []).map((one) => [
      ...[backend['id'], one['fact'], one['recorded'], one['catalogue']].map(text),
    ]),
  );
  if (rows.length === 0) return '';
  const table = formatTable([['BACKEND', 'FACT', 'RECORDED', 'CATALOGUE'], ...rows]);
  return `\nThe provider catalogue differs; "sealgate backend accept-catalogue ID" takes it over:\n${table}`;
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
