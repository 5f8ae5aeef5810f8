import { writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { erasureFile, type SignedErasure } from '@sealgate/core/evidence';
import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';

const LOOK_MS = 500;

interface DeleteOptions {
  readonly yes?: boolean | undefined;
  readonly wait?: boolean | undefined;
  readonly without?: readonly string[] | undefined;
  readonly out?: string | undefined;
}

/** `sealgate tenant delete NAME` */
export async function deleteTenant(context: CommandContext, [name]: readonly [string], options: DeleteOptions) {
  if (options.yes !== true) {
    throw usageError(`This removes everything that ${name} has, for good. Say --yes when that is meant.`);
  }
  if (options.out !== undefined && options.wait !== true) throw usageError('--out takes --wait.');
  const control = await context.control();
  const query = new URLSearchParams({ confirm: name });
  if (options.without !== undefined) query.set('without', options.without.join(','));
  await control.delete(`${controlPath`/admin/tenants/${name}`}?${query.toString()}`);
  const look = () => control.get(controlPath`/admin/tenants/${name}/erasure`);
  let found = await look();
  while (options.wait === true && !isJsonObject(found['report'])) {
    if (typeof found['trouble'] === 'string') throw new CliError(`It cannot go on: ${found['trouble']}`);
    await pause(LOOK_MS, undefined, { signal: context.signal });
    found = await look();
  }
  await show(context, found, options.out);
}

/** `sealgate tenant erasure NAME` */
export async function tenantErasure(
  context: CommandContext,
  [name]: readonly [string],
  options: Pick<DeleteOptions, 'out'>,
) {
  const control = await context.control();
  await show(context, await control.get(controlPath`/admin/tenants/${name}/erasure`), options.out);
}

async function show(context: CommandContext, found: JsonObject, out: string | undefined): Promise<void> {
  const report = found['report'];
  if (out !== undefined) {
    if (!isJsonObject(report)) throw new CliError('There is no report yet: something is still waited for.');
    await writeFile(out, erasureFile(report as unknown as SignedErasure));
  }
  const backends = Array.isArray(found['backends']) ? found['backends'].filter(isJsonObject) : [];
  const columns = ['backend', 'confirmedCopies', 'confirmedBytes', 'lastConfirmedAt', 'waitingCopies', 'waitingBytes'];
  const head = ['BACKEND', 'COPIES GONE', 'BYTES', 'LAST CONFIRMED', 'COPIES WAITING', 'BYTES'];
  const rows = backends.map((backend) => columns.map((column) => text(backend[column])));
  const facts = ['tenant', 'state', 'begunAt', 'removedAt', 'doneAt', 'physicalBucketsLeft', 'trouble'];
  const table = formatTable(facts.map((fact) => [fact, text(found[fact])]));
  context.terminal.result({
    json: found,
    text: `${table}${rows.length === 0 ? '' : `\n${formatTable([head, ...rows])}`}`,
  });
}

function text(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
