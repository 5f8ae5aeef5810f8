import { setTimeout as wait } from 'node:timers/promises';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatBytes, formatTable, printable } from '../output/format.ts';

const PATH = '/admin/metadata/backups';
const HEAD = ['BACKUP', 'TAKEN', 'SIZE', 'ON', 'KEPT AS'];
const LOOK_MS = 500;

/** `sealgate metadata list` */
export async function listBackups(context: CommandContext) {
  const answer = await (await context.control()).get(PATH);
  const backups = backupsOf(answer);
  const table = backups.length === 0 ? 'No backup of the metadata lies on a backend.\n' : tableOf(backups);
  context.terminal.result({ json: answer, text: table + stateText(answer) });
}

/** `sealgate metadata backup --now`: asks for one and waits until it is there. */
export async function backupNow(context: CommandContext) {
  const control = await context.control();
  const before = new Set(backupsOf(await control.get(PATH)).map(({ id }) => id));
  const { requestedAt } = await control.send('POST', PATH, {});
  const askedMs = Date.parse(String(requestedAt));
  context.terminal.note('Asked for. A gateway makes it; interrupting this command does not stop it.');
  for (;;) {
    await wait(LOOK_MS, undefined, { signal: context.signal });
    const answer = await control.get(PATH);
    if (answer['state'] === 'no-key') {
      throw new CliError('The operator has no recovery key (SEALGATE_RECOVERY_KEY) to seal a backup to.');
    }
    const isTried = Date.parse(String(answer['lastTriedAt'])) >= askedMs && answer['state'] === 'waiting';
    if (!isTried) continue;
    const [made] = backupsOf(answer).filter(({ id }) => !before.has(id));
    if (made === undefined) throw new CliError(`No backup was made: ${printable(String(answer['error']))}.`);
    context.terminal.result({ json: made, text: tableOf([made]) + stateText(answer) });
    return;
  }
}

function tableOf(backups: readonly JsonObject[]): string {
  return formatTable([HEAD, ...backups.map(row)]);
}

function row(backup: JsonObject): string[] {
  const { id, takenAt, bytes, backends, keptAs, full } = backup;
  const names = (value: unknown): string => (Array.isArray(value) ? printable(value.join(', ')) : '-');
  const few = full === false ? ' (fewer than wanted)' : '';
  const size = typeof bytes === 'number' ? formatBytes(bytes) : '-';
  return [text(id), text(takenAt), size, names(backends) + few, names(keptAs)];
}

function stateText(answer: JsonObject): string {
  const { state, error, running } = answer;
  const trouble = typeof error === 'string' ? `The last try failed: ${printable(error)}. It is repeated.\n` : '';
  if (state === 'no-key') return 'None is made: the operator has no recovery key (SEALGATE_RECOVERY_KEY).\n';
  if (state !== 'running' || !isJsonObject(running)) return trouble;
  return `${trouble}One is being made since ${text(running['startedAt'])}.\n`;
}

function backupsOf(answer: JsonObject): readonly JsonObject[] {
  const { backups } = answer;
  return Array.isArray(backups) ? backups.filter(isJsonObject) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? printable(value) : '-';
}
