import { addTallies, costsOf, emptyTally, type SimulationTally } from '@sealgate/core/policy-tools';
import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import type { ControlClient } from '../control/control-client.ts';
import { exitCodes } from '../exit-codes.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatBytes, formatTable, printable } from '../output/format.ts';
import { readPolicy } from './policy-files.ts';
import { type AgainstOptions, explainAgainst, simulateAgainst } from './policy-plan.ts';

interface OwnerOptions {
  readonly tenant?: string | undefined;
  readonly bucket?: string | undefined;
}

/** `sealgate policy explain [FILE] [--tenant T [--bucket B]]` */
export async function explainPolicy(context: CommandContext, [path]: readonly [string?], options: AgainstOptions) {
  if (options.against !== undefined) {
    await explainAgainst(context, path, options);
    return;
  }
  refuseWithoutAgainst(options);
  const control = await context.control();
  const document = path === undefined ? {} : { document: (await readPolicy(path)).document };
  const answer = await control.send('POST', '/admin/policies/explain', { ...document, ...ownerOf(options) });
  context.terminal.result({ json: answer, text: describeExplanation(answer) });
  const refused = refusedDefault(answer);
  if (refused !== undefined) throw new CliError(refused, { exitCode: exitCodes.refused });
}

/** `sealgate policy diff FILE` */
export async function diffPolicy(context: CommandContext, [path]: readonly [string], options: OwnerOptions) {
  const answer = await diffOf(await context.control(), path, options);
  context.terminal.result({ json: answer, text: describeDiff(answer) });
  const broken = itemsOf(answer['effects']).filter(
    ({ kind, before, after }) => kind === 'class' && before === 'placed' && after !== 'placed' && after !== '',
  );
  if (broken.length === 0) return;
  const names = broken.map(({ name }) => shown(name)).join(', ');
  throw new CliError(`New objects of ${names} would be refused.`, { exitCode: exitCodes.refused });
}

export async function diffOf(control: ControlClient, path: string, options: OwnerOptions): Promise<JsonObject> {
  const { document } = await readPolicy(path);
  return control.send('POST', '/admin/policies/diff', { document, ...ownerOf(options) });
}

/** `sealgate policy simulate FILE`: page after page, so that neither side holds more than one. */
export async function simulatePolicy(context: CommandContext, [path]: readonly [string], options: AgainstOptions) {
  if (options.against !== undefined) {
    await simulateAgainst(context, path, options);
    return;
  }
  refuseWithoutAgainst(options);
  const control = await context.control();
  const { document } = await readPolicy(path);
  let tally = emptyTally;
  let first: JsonObject | undefined;
  let cursor: string | undefined;
  do {
    const body = { document, ...ownerOf(options), ...(cursor === undefined ? {} : { cursor }) };
    const page = await control.send('POST', '/admin/policies/simulate', body);
    first ??= page;
    tally = addTallies(tally, page['tally'] as SimulationTally);
    cursor = typeof page['next'] === 'string' ? page['next'] : undefined;
    if (cursor !== undefined) context.terminal.note(`${blobsOf(tally)} blobs looked at`);
  } while (cursor !== undefined);
  const costs = costsOf(tally, await pricesOf(control));
  const { before, after } = first;
  context.terminal.result({
    json: { tally, costs, before, after },
    text: `${describeTally(tally)}${describeCosts(costs)}${describeTerms(before, after)}`,
  });
  const illegal = tally.blocked.filter(({ cause }) => cause === 'illegal');
  if (illegal.length > 0) {
    throw new CliError('Stored objects would have no legal place.', { exitCode: exitCodes.refused });
  }
  const refused = isJsonObject(after) ? refusedDefault(after) : undefined;
  if (refused !== undefined) throw new CliError(refused, { exitCode: exitCodes.refused });
}

/** Else somebody would take what the backends of the gateway say for an answer about others. */
function refuseWithoutAgainst({ within, provider, jurisdiction, country, catalogue }: AgainstOptions): void {
  if ([within, provider, jurisdiction, country, catalogue].every((value) => value === undefined)) return;
  throw usageError('--within, --provider, --jurisdiction, --country and --catalogue go with --against.');
}

async function pricesOf(control: ControlClient): Promise<Parameters<typeof costsOf>[1]> {
  const backends: JsonObject[] = [];
  for await (const backend of control.list('/admin/backends')) backends.push(backend);
  return backends as unknown as Parameters<typeof costsOf>[1];
}

function ownerOf({ tenant, bucket }: OwnerOptions): JsonObject {
  return { ...(tenant === undefined ? {} : { tenant }), ...(bucket === undefined ? {} : { bucket }) };
}

function refusedDefault(explanation: JsonObject): string | undefined {
  const refused = itemsOf(explanation['classes']).find(({ isDefault, now }) => isDefault === true && now !== 'placed');
  if (refused === undefined) return undefined;
  return `New objects of ${shown(refused['name'])} would be refused: ${shown(refused['reason'])}`;
}

function describeExplanation(explanation: JsonObject): string {
  const backends = itemsOf(explanation['backends']).map((one) => [
    shown(one['backend']),
    one['admitted'] === true ? 'admitted' : 'refused',
    ...[one['rule'], one['policy'], one['reason']].map(shown),
  ]);
  const layers = Array.isArray(explanation['layers']) ? explanation['layers'].map(shown).join(' > ') : '';
  return `Policies: ${layers}\n\n${formatTable([['BACKEND', 'VERDICT', 'RULE', 'POLICY', 'REASON'], ...backends])}\n${describeClasses(explanation)}`;
}

function describeClasses(explanation: JsonObject): string {
  const rows = itemsOf(explanation['classes']).map((one) => [
    one['isDefault'] === true ? `${shown(one['name'])} (default)` : shown(one['name']),
    shown(one['now']),
    `${String(one['storageMultiplier'])}x`,
    `${String(one['lossesAtAck'])}, then ${String(one['lossesWhenComplete'])}`,
    shown(one['rule']),
    shown(one['reason']),
  ]);
  return formatTable([['CLASS', 'NOW', 'STORAGE', 'SURVIVES LOSSES', 'RULE', 'REASON'], ...rows]);
}

export function describeDiff(diff: JsonObject): string {
  const version = typeof diff['version'] === 'number' ? `version ${diff['version']}` : 'no version yet';
  const changes = itemsOf(diff['changes']).map((one) => [shown(one['path']), json(one['before']), json(one['after'])]);
  const effects = itemsOf(diff['effects']).map((one) =>
    [one['kind'], one['name'], one['before'], one['after']].map(shown),
  );
  const table = (head: readonly string[], rows: readonly string[][]): string =>
    rows.length === 0 ? '' : `\n${formatTable([head, ...rows])}`;
  const nothing = changes.length + effects.length === 0 ? '\nNothing changes.\n' : '';
  return `${shown(diff['policy'])}, against ${version}\n${table(['MEMBER', 'BEFORE', 'AFTER'], changes)}${table(['', 'NAME', 'BEFORE', 'AFTER'], effects)}${nothing}`;
}

function describeTally(tally: SimulationTally): string {
  const { right, changed, blocked, moves, leaving, stored } = tally;
  const sums = formatTable([
    ['', 'BLOBS', 'BYTES'],
    ['stay as they are', String(right.blobs), formatBytes(right.bytes)],
    ['change', String(changed.blobs), formatBytes(changed.bytes)],
    ...blocked.map(({ cause, rule, blobs, bytes }) => [
      `${cause === 'illegal' ? 'have no legal place' : 'wait for backends'}: ${printable(rule)}`,
      String(blobs),
      formatBytes(bytes),
    ]),
    ['of other policies', String(tally.others), ''],
  ]);
  const table = (head: readonly string[], rows: readonly string[][]): string =>
    rows.length === 0 ? '' : `\n${formatTable([head, ...rows])}`;
  const moved = moves.map(({ from, to, replicas, bytes }) => [from, to, String(replicas), formatBytes(bytes)]);
  const left = leaving.map(({ backend, rule, blobs, bytes }) => [backend, rule, String(blobs), formatBytes(bytes)]);
  const held = stored.map(({ backend, before, after }) => [backend, formatBytes(before), formatBytes(after)]);
  return `${sums}${table(['FROM', 'TO', 'REPLICAS', 'BYTES'], moved)}${table(['LEAVING', 'RULE', 'REPLICAS', 'BYTES'], left)}${table(['BACKEND', 'HOLDS NOW', 'AFTERWARDS'], held)}`;
}

function describeCosts(costs: ReturnType<typeof costsOf>): string {
  const rows = costs.costs.map((one) => [
    one.currency,
    one.egress.toFixed(2),
    one.storagePerMonthBefore.toFixed(2),
    one.storagePerMonthAfter.toFixed(2),
  ]);
  const unknown = [
    ['moved', costs.unpricedEgressBytes],
    ['stored now', costs.unpricedStoredBytesBefore],
    ['stored afterwards', costs.unpricedStoredBytesAfter],
  ] as const;
  const notKnown = unknown.filter(([, bytes]) => bytes > 0).map(([what, bytes]) => `${formatBytes(bytes)} ${what}`);
  const table =
    rows.length === 0 ? '' : `\n${formatTable([['CURRENCY', 'EGRESS, ONCE', 'A MONTH NOW', 'AFTERWARDS'], ...rows])}`;
  return `${table}${notKnown.length === 0 ? '' : `\nPrices are not known for ${notKnown.join(', ')}.\n`}`;
}

function describeTerms(before: unknown, after: unknown): string {
  const part = (title: string, explanation: unknown): string =>
    isJsonObject(explanation) ? `\nNew objects ${title}\n${describeClasses(explanation)}` : '';
  return `${part('now', before)}${part('afterwards', after)}`;
}

function blobsOf({ others, right, changed, blocked }: SimulationTally): number {
  return others + right.blobs + changed.blobs + blocked.reduce((sum, { blobs }) => sum + blobs, 0);
}

function itemsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function json(value: unknown): string {
  return value === undefined ? '-' : printable(JSON.stringify(value));
}

function shown(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
