import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';

export interface ProviderFilter {
  readonly country?: string | undefined;
  readonly jurisdiction?: string | undefined;
  readonly operatorJurisdiction?: string | undefined;
  readonly notOperatorJurisdiction?: string | undefined;
  readonly feature?: string | undefined;
  readonly certificate?: string | undefined;
  readonly text?: string | undefined;
}

/** `sealgate provider list` */
export async function listProviders(context: CommandContext, _args: readonly [], options: ProviderFilter) {
  const { terminal } = context;
  const { country, jurisdiction, operatorJurisdiction, notOperatorJurisdiction, feature, certificate, text } = options;
  const filter = { country, jurisdiction, operatorJurisdiction, notOperatorJurisdiction, feature, certificate, text };
  const given = Object.entries(filter).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const control = await context.control();
  const rows: string[][] = [];
  for await (const provider of control.list('/providers', Object.fromEntries(given))) {
    if (context.options.json === true) terminal.item({ json: provider, text: '' });
    else rows.push(...zonesOf(provider).map((zone) => [shown(provider['id']), ...zoneRow(zone)]));
  }
  if (context.options.json !== true) terminal.result({ json: [], text: formatTable([['PROVIDER', ...HEAD], ...rows]) });
}

/** `sealgate provider show ID` */
export async function showProvider(context: CommandContext, [id]: readonly [string]) {
  const control = await context.control();
  const provider = await control.get(controlPath`/providers/${id}`);
  const zones = zonesOf(provider);
  const details = zones.map((zone) => {
    const list = (name: string, value: unknown): string =>
      (Array.isArray(value) ? value : []).map((each) => `  ${name}: ${shown(each)}\n`).join('');
    return `\n${shown(zone['zone'])}, as of ${shown(zone['verifiedOn'])}: ${shown(zone['endpoint'])}\n${list('note', zone['notes'])}${list('source', zone['sources'])}`;
  });
  const table = formatTable([HEAD, ...zones.map(zoneRow)]);
  context.terminal.result({ json: provider, text: `${shown(provider['name'])}\n\n${table}${details.join('')}` });
}

const HEAD = [
  'ZONE',
  'COUNTRY',
  'JURISDICTION',
  'OPERATOR',
  'OBJECT LOCK',
  'VERSIONING',
  'ISO 27001',
  'SCHEME',
  'REGION',
];

function zoneRow(zone: JsonObject): string[] {
  const claims = isJsonObject(zone['claims']) ? zone['claims'] : {};
  return [
    ...['zone', 'country', 'jurisdiction', 'operatorJurisdiction'].map((name) => shown(zone[name])),
    shown(claims['objectLock']),
    shown(claims['versioning']),
    ...['iso27001', 'nationalScheme', 'region'].map((name) => shown(zone[name])),
  ];
}

function zonesOf(provider: JsonObject): readonly JsonObject[] {
  return Array.isArray(provider['zones']) ? provider['zones'].filter(isJsonObject) : [];
}

function shown(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
