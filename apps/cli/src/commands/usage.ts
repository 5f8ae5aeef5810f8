import type { CommandContext } from '../context.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';

const MEMBERS = ['storedByteHours', 'placedByteHours', 'requests', 'bytesIn', 'bytesOut'] as const;

export interface UsageOptions {
  readonly tenant?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly by?: string | undefined;
  readonly csv?: boolean | undefined;
}

/** `sealgate usage` */
export async function showUsage(context: CommandContext, _args: readonly [], options: UsageOptions) {
  const { tenant, from, to, by } = options;
  const answer = await (await context.control()).get('/admin/usage', { tenant, from, to, by });
  const items = Array.isArray(answer['items']) ? answer['items'].filter(isJsonObject) : [];
  const head = ['tenant', by ?? 'part', ...MEMBERS];
  const lines = items.map((item) => [
    text(item['tenant']),
    text(item['part']),
    ...MEMBERS.map((name) => number(item, name)),
  ]);
  const table = formatTable([head.map((name) => name.toUpperCase()), ...lines]);
  const shown = options.csv === true ? [head, ...lines].map(csvLine).join('') : table;
  context.terminal.result({ json: answer, text: shown });
}

/** @see https://www.rfc-editor.org/rfc/rfc4180 */
function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\r\n`;
}

function number(item: JsonObject, name: string): string {
  const value = item[name];
  return typeof value === 'number' ? String(Math.round(value)) : '0';
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
