import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatBytes, printable } from '../output/format.ts';

export interface LimitOptions {
  readonly backgroundBandwidth?: number | 'none' | undefined;
  readonly backgroundConcurrency?: number | 'none' | undefined;
}

/** `sealgate backend limit ID` */
export async function limitBackend(context: CommandContext, [id]: readonly [string], options: LimitOptions) {
  const { backgroundBandwidth: bytesPerSecond, backgroundConcurrency: concurrency } = options;
  const given = {
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond: figureOf(bytesPerSecond) }),
    ...(concurrency === undefined ? {} : { concurrency: figureOf(concurrency) }),
  };
  if (Object.keys(given).length === 0) throw usageError('No limit is given.', 'Run it with --help to see how.');
  const control = await context.control();
  const path = controlPath`/admin/backends/${id}/background-limits`;
  const backend = await control.send('PUT', path, given);
  context.terminal.result({
    json: backend,
    text: `Background work of each process at ${printable(id)}: ${describeLimits(backend)}.\n`,
  });
}

function figureOf(said: number | 'none'): number | null {
  return said === 'none' ? null : said;
}

/** In a few words, as a list and a line can show it. */
export function describeLimits(backend: JsonObject): string {
  const { bytesPerSecond, concurrency } = isJsonObject(backend['background']) ? backend['background'] : {};
  const words = [
    typeof bytesPerSecond === 'number' ? `${formatBytes(bytesPerSecond)}/s` : undefined,
    typeof concurrency === 'number' ? `${concurrency} at once` : undefined,
  ].filter((word) => word !== undefined);
  return words.length === 0 ? 'no bound' : words.join(', ');
}
