import type { CommandContext } from '../context.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';
import { timeText } from './audit.ts';

/** A column's head, and where its figure is in a line of the answer. */
type Column = readonly [head: string, ...path: string[]];

const OF_TENANTS: readonly Column[] = (
  ['storedByteHours', 'placedByteHours', 'requests', 'bytesIn', 'bytesOut'] as const
).map((name) => [name, name]);

const OF_BACKENDS: readonly Column[] = [
  ['placedByteHours', 'placedByteHours'],
  ...(['puts', 'gets', 'lists', 'deletes', 'bytesSent', 'bytesReceived'] as const).map(
    (name): Column => [name, 'backends', name],
  ),
];

/** Money, with so many digits that a small bill is no zero. */
const COSTS: readonly Column[] = [
  ['storageCost', 'cost', 'storage'],
  ['egressCost', 'cost', 'egress'],
  ['requestCost', 'cost', 'requests'],
];
const COST_DIGITS = 6;

export interface UsageOptions {
  readonly tenant?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly by?: string | undefined;
  readonly backend?: string | undefined;
  readonly class?: string | undefined;
  readonly total?: boolean | undefined;
  readonly csv?: boolean | undefined;
}

/** `sealgate usage` */
export async function showUsage(context: CommandContext, _args: readonly [], options: UsageOptions) {
  const { tenant, by, backend, class: redundancyClass, total, csv } = options;
  const tenants = total === true ? 'together' : undefined;
  const span = { from: timeText(options.from, '--from'), to: timeText(options.to, '--to') };
  const question = { tenant, ...span, by, backend, class: redundancyClass, tenants };
  const answer = await (await context.control()).get('/admin/usage', question);
  const items = Array.isArray(answer['items']) ? answer['items'].filter(isJsonObject) : [];
  const figures = by === 'backend' || backend !== undefined ? OF_BACKENDS : OF_TENANTS;
  const costs = by === 'backend' ? COSTS : [];
  const head = ['tenant', by ?? 'part', ...figures.map(([name]) => name)];
  const priced = costs.length === 0 ? [] : ['currency', ...costs.map(([name]) => name)];
  const lines = items.map((item) => [
    total === true ? 'all' : text(item['tenant']),
    text(item['part']),
    ...figures.map(([, ...path]) => String(Math.round(numberAt(item, path) ?? 0))),
    ...(costs.length === 0 ? [] : [text(at(item, ['cost', 'currency']))]),
    ...costs.map(([, ...path]) => numberAt(item, path)?.toFixed(COST_DIGITS) ?? '-'),
  ]);
  const names = [...head, ...priced];
  const table = formatTable([names.map((name) => name.toUpperCase()), ...lines]);
  const shown = csv === true ? [names, ...lines].map(csvLine).join('') : table;
  context.terminal.result({ json: answer, text: shown });
}

/** @see https://www.rfc-editor.org/rfc/rfc4180 */
function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\r\n`;
}

function at(item: JsonObject, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (isJsonObject(value) ? value[name] : undefined), item);
}

function numberAt(item: JsonObject, path: readonly string[]): number | undefined {
  const value = at(item, path);
  return typeof value === 'number' ? value : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
