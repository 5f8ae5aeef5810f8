import type { CommandContext } from '../context.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatTable, printable } from '../output/format.ts';

const HEAD = ['BACKEND', 'LAST RUN', 'KEYS', 'UNKNOWN', 'MISPLACED', 'FOREIGN', 'BUCKETS REMOVED', 'NOW'];

/** `sealgate housekeeping status` */
export async function showHousekeeping(context: CommandContext) {
  const control = await context.control();
  const answer = await control.get('/admin/housekeeping');
  const sweep = objectOf(answer['orphanSweep']);
  const backends = listOf(sweep['backends']);
  const foreign = backends.flatMap((backend) =>
    namesOf(objectOf(objectOf(backend['last'])['counts'])).map((key) => `  ${text(backend['backend'])}: ${key}\n`),
  );
  const { held } = sweep as { readonly held?: unknown };
  const hold = isJsonObject(held)
    ? `The sweep for orphans is held since ${text(held['since'])}: ${text(held['reason'])}\nLet it go on with: sealgate housekeeping release\n`
    : '';
  const strangers =
    foreign.length === 0 ? '' : `Foreign keys, left alone (the first of each backend):\n${foreign.join('')}`;
  context.terminal.result({
    json: answer,
    text:
      hold +
      formatTable([HEAD, ...backends.map(row)]) +
      strangers +
      vacuumText(answer) +
      backupText(answer) +
      loopsText(answer),
  });
}

/** `sealgate housekeeping release` */
export async function releaseSweep(context: CommandContext) {
  const control = await context.control();
  const answer = await control.send('POST', '/admin/housekeeping/release', {});
  const said = answer['released'] === true ? 'the sweep for orphans goes on\n' : 'the sweep for orphans was not held\n';
  context.terminal.result({ json: answer, text: said });
}

function vacuumText(answer: JsonObject): string {
  const vacuum = objectOf(answer['vacuum']);
  const removed = Object.entries(objectOf(vacuum['removed'])).map(
    ([kind, rows]) => `${printable(kind)} ${String(rows)}`,
  );
  if (removed.length === 0) return 'Vacuum of the metadata: not yet\n';
  return `Vacuum of the metadata: ${text(vacuum['startedAt'])}, removed ${removed.join(', ')}\n`;
}

function backupText(answer: JsonObject): string {
  const backup = objectOf(answer['metadataBackup']);
  const trouble = typeof backup['error'] === 'string' ? `; the last try failed: ${printable(backup['error'])}` : '';
  if (backup['state'] === 'no-key')
    return 'Backups of the metadata: NONE, the operator has no recovery key (SEALGATE_RECOVERY_KEY)\n';
  return `Newest backup of the metadata: ${text(backup['newestAt'])}${trouble}\n`;
}

function loopsText(answer: JsonObject): string {
  const head = ['LOOP', 'LAST LOOK', 'LAST WORK', 'ITEMS', 'FAILURES IN A ROW', 'LAST ERROR'];
  const rows = listOf(answer['loops']).map((loop) => {
    const error = objectOf(loop['lastError']);
    const when = typeof error['code'] === 'string' ? `${text(error['code'])} at ${text(error['at'])}` : '-';
    const { items, failures } = loop as { readonly items?: unknown; readonly failures?: unknown };
    return [
      text(loop['name']),
      text(loop['lastEndedAt']),
      text(loop['lastWorkedAt']),
      String(items),
      String(failures),
      when,
    ];
  });
  return rows.length === 0 ? '' : `\n${formatTable([head, ...rows])}`;
}

function row(backend: JsonObject): string[] {
  const last = objectOf(backend['last']);
  const counts = objectOf(last['counts']);
  const count = (name: string): string => (typeof counts[name] === 'number' ? String(counts[name]) : '-');
  return [
    text(backend['backend']),
    text(last['endedAt']),
    count('keys'),
    count('unknown'),
    count('misplaced'),
    count('foreign'),
    count('removedBuckets'),
    stateOf(backend),
  ];
}

function stateOf(backend: JsonObject): string {
  if (typeof backend['error'] === 'string') return `failed: ${printable(backend['error'])}`;
  return isJsonObject(backend['running']) ? `in ${text(backend['running']['bucket'])}` : 'waits';
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function namesOf(counts: JsonObject): readonly string[] {
  const keys = counts['foreignKeys'];
  return Array.isArray(keys) ? keys.filter((key) => typeof key === 'string').map(printable) : [];
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
