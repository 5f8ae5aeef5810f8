import { readFile } from 'node:fs/promises';
import { type CatalogueEntry, parseCatalogue } from '@sealgate/core/catalogue';
import { POLICY_BYTES_MAX } from '@sealgate/core/limits';
import {
  catalogueBackends,
  describedBackends,
  parseBackendPlan,
  planPolicies,
  riskLabels,
} from '@sealgate/core/policy-tools';
import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import type { Operations } from '../control/generated/operations.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatBytes, formatTable, printable } from '../output/format.ts';
import { named, readPolicy } from './policy-files.ts';

/** The catalogue of this copy. */
const SHIPPED_CATALOGUE = new URL('../../../../data/providers/providers.csv', import.meta.url);
const CATALOGUE = 'catalogue';

export interface AgainstOptions {
  /** `catalogue`, or a file of a BackendPlan. */
  readonly against?: string | undefined;
  readonly within?: readonly string[] | undefined;
  readonly provider?: readonly string[] | undefined;
  readonly jurisdiction?: string | undefined;
  readonly country?: string | undefined;
  readonly catalogue?: string | undefined;
  readonly tenant?: string | undefined;
  readonly bucket?: string | undefined;
}

type Plan = Operations['planPolicy']['answer'];
type Costs = Plan['costs'];

/** @param path another catalogue than the one of this copy */
export async function readCatalogue(path: string | undefined): Promise<readonly CatalogueEntry[]> {
  return parseCatalogue(await readFile(path ?? SHIPPED_CATALOGUE, 'utf8'));
}

/** `sealgate policy explain [FILE] --against catalogue|FILE` */
export async function explainAgainst(context: CommandContext, path: string | undefined, options: AgainstOptions) {
  const plan = await planOf(context, path, options);
  const { explanation } = plan;
  const rows = explanation.backends.map(({ backend, admitted, rule, policy, reason }) =>
    [backend, admitted ? 'admitted' : 'refused', rule, policy, reason].map(shown),
  );
  const table = formatTable([['BACKEND', 'VERDICT', 'RULE', 'POLICY', 'REASON'], ...rows]);
  const text = `${heading(plan, options)}\n${table}\n${describeClasses(plan)}`;
  context.terminal.result({ json: explanation, text });
  refuseWithoutPlace({ ...plan, volumes: [] });
}

/** `sealgate policy simulate FILE --against catalogue|FILE` */
export async function simulateAgainst(context: CommandContext, path: string, options: AgainstOptions) {
  const plan = await planOf(context, path, options);
  const verdicts = plan.verdicts.map(({ admitted, rule, policy, backends }) =>
    [admitted ? 'admitted' : 'refused', rule, policy, String(backends)].map(shown),
  );
  const text = [
    `${heading(plan, options)}\n${formatTable([['VERDICT', 'RULE', 'POLICY', 'BACKENDS'], ...verdicts])}`,
    describeClasses(plan),
    describeWorst(plan),
    describeVolumes(plan),
  ];
  context.terminal.result({ json: plan, text: text.filter((part) => part !== '').join('\n') });
  refuseWithoutPlace(plan);
}

/** Without a tenant no gateway is needed; with one, it knows which policies hold there. */
async function planOf(context: CommandContext, path: string | undefined, options: AgainstOptions): Promise<Plan> {
  const { tenant, bucket, against = CATALOGUE, provider, jurisdiction, country } = options;
  const policies = await Promise.all(
    [...(options.within ?? []), ...(path === undefined ? [] : [path])].map(readPolicy),
  );
  const file = against === CATALOGUE ? undefined : await readPlan(against);
  if (file !== undefined && [provider, jurisdiction, country].some((value) => value !== undefined))
    throw usageError(
      'A plan names its own backends: --provider, --jurisdiction and --country choose zones of the catalogue.',
    );
  if (tenant !== undefined) {
    if (options.catalogue !== undefined)
      throw usageError('With --tenant the gateway is asked, which has a catalogue of its own: leave out --catalogue.');
    const body = {
      ...{ documents: policies.map(({ document }) => document), tenant, bucket, plan: file },
      ...{ providers: provider, jurisdiction, country },
    };
    return await (await context.control()).call('planPolicy', { body });
  }
  if (bucket !== undefined) throw usageError('Name the tenant of the bucket too: --tenant.');
  if (policies.length === 0) throw usageError('Name a policy, or a tenant: --tenant.');
  const entries = await readCatalogue(options.catalogue);
  const layers = policies.map(({ policy }) => policy);
  const described = file === undefined ? undefined : await named(against, () => parseBackendPlan(file));
  const backends = await named(against, () =>
    described === undefined
      ? catalogueBackends(entries, { providers: provider, jurisdiction, country })
      : describedBackends(described.backends, entries, 'policy.plan'),
  );
  const plan = await planPolicies({ layers, backends, volumes: described?.volumes ?? [], atMs: Date.now() });
  return { ...plan, explanation: { ...plan.explanation, layers: layers.map(({ name }) => name) } };
}

async function readPlan(path: string): Promise<string> {
  const text = await readFile(path, 'utf8');
  if (Buffer.byteLength(text) > POLICY_BYTES_MAX) throw new CliError(`${path} is too large for a plan.`);
  return text;
}

function refuseWithoutPlace({ classes, volumes }: Plan): void {
  const refused = classes.find(({ isDefault, now }) => isDefault && now !== 'placed');
  const volume = volumes.find(({ now }) => now !== 'placed');
  if (refused !== undefined) throw noPlace(`New objects of ${printable(refused.name)}`, refused.reason);
  if (volume !== undefined) throw noPlace(`The volume ${printable(volume.name)}`, volume.reason);
}

function noPlace(what: string, reason: string): CliError {
  return new CliError(`${what} would have no legal place: ${printable(reason)}`, { exitCode: exitCodes.refused });
}

function heading({ explanation }: Plan, { against = CATALOGUE }: AgainstOptions): string {
  const { layers, backends } = explanation;
  const admitted = backends.filter((each) => each.admitted).length;
  const what = against === CATALOGUE ? 'zones of the catalogue' : `backends of ${printable(against)}`;
  return `Policies: ${layers.map(printable).join(' > ')}\nAgainst ${backends.length} ${what}: ${admitted} admitted, ${backends.length - admitted} refused\n`;
}

function describeClasses({ classes }: Plan): string {
  const rows = classes.map((one) => [
    one.isDefault ? `${printable(one.name)} (default)` : printable(one.name),
    one.now,
    `${one.storageMultiplier}x`,
    `${one.lossesAtAck}, then ${one.lossesWhenComplete}`,
    ...(one.perTb === null ? ['-', '-'] : [money(one.perTb, 'storage'), money(one.perTb, 'egress')]),
    shown(one.rule),
    shown(one.reason),
  ]);
  const head = ['CLASS', 'NOW', 'STORAGE', 'SURVIVES LOSSES', 'A TB AND MONTH', 'READING A TB', 'RULE', 'REASON'];
  return formatTable([head, ...rows]);
}

const COLUMNS: Readonly<Record<(typeof riskLabels)[number], string>> = {
  region: 'REGIONS',
  country: 'COUNTRIES',
  provider: 'PROVIDERS',
  jurisdiction: 'JURISDICTIONS',
  operatorJurisdiction: "OPERATORS' SEATS",
};

/** How close together a class lets one object lie: each label on its own. */
function describeWorst({ classes }: Plan): string {
  const rows = classes
    .filter(({ worst }) => worst.length > 0)
    .map(({ name, worst }) => [
      printable(name),
      ...riskLabels.map((label) => {
        const { values, unknown } = worst.find((each) => each.label === label) ?? { values: [], unknown: 0 };
        const known = values.length === 0 ? [] : [`${values.length}: ${values.map(printable).join(', ')}`];
        return [...known, ...(unknown > 0 ? [`${unknown} unknown`] : [])].join(' + ') || '-';
      }),
    ]);
  if (rows.length === 0) return '';
  return formatTable([['AT WORST ALL IN', ...riskLabels.map((label) => COLUMNS[label])], ...rows]);
}

function describeVolumes({ volumes, costs }: Plan): string {
  if (volumes.length === 0) return '';
  const rows = volumes.map((one) => [
    ...[one.name, one.class, formatBytes(one.bytes), one.now].map(shown),
    ...(one.now === 'placed' ? [money(one.costs, 'storage'), money(one.costs, 'egress')] : ['-', '-']),
    one.now === 'placed'
      ? one.stored.map(({ backend, bytes }) => `${printable(backend)} ${formatBytes(bytes)}`).join(', ')
      : `${shown(one.rule)}: ${shown(one.reason)}`,
  ]);
  const total = ['all of them', '', '', '', money(costs, 'storage'), money(costs, 'egress'), ''];
  const head = ['VOLUME', 'CLASS', 'BYTES', 'NOW', 'A MONTH', 'READING, A MONTH', 'WHERE'];
  return formatTable([head, ...rows, total]);
}

function money(costs: Costs, what: 'storage' | 'egress'): string {
  const unpriced = what === 'storage' ? costs.unpricedStoredBytes : costs.unpricedReadBytes;
  const known = costs.costs
    .filter((each) => each[what] > 0)
    .map((each) => `${printable(each.currency)} ${each[what].toFixed(2)}`);
  return [...known, ...(unpriced > 0 ? ['not priced'] : [])].join(' + ') || '0';
}

function shown(value: string): string {
  return value === '' ? '-' : printable(value);
}
