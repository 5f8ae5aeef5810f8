import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { controlPath } from '../control/control-client.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { formatBytes, formatTable, printable } from '../output/format.ts';
import { describeLimits } from './backend-limits.ts';
import { describeKnowledge } from './backends.ts';

type Word = 'drain' | 'resume' | 'retire';

/** `sealgate backend show ID` */
export async function showBackend(context: CommandContext, [id]: readonly [string]) {
  const control = await context.control();
  const backend = await control.get(controlPath`/admin/backends/${id}`);
  const { maintenance, ...facts } = backend;
  context.terminal.result({
    json: backend,
    text: `${describeFacts(facts)}${describeKnowledge(facts)}\n${describeMaintenance(objectOf(maintenance))}`,
  });
}

/** `sealgate backend drain|resume|retire ID` */
export function tellBackend(word: Word) {
  return async (context: CommandContext, [id]: readonly [string]) => {
    const control = await context.control();
    const answer = await control.send('POST', `${controlPath`/admin/backends/${id}`}/${word}`, {});
    const state = text(objectOf(answer['backend'])['state']);
    context.terminal.result({
      json: answer,
      text: `${printable(id)} is ${state}.\n${describeLocked(objectOf(answer['staysLocked']))}${describeMaintenance(objectOf(answer['maintenance']))}`,
    });
  };
}

/** `sealgate backend rebalance ID` */
export async function rebalanceBackend(context: CommandContext, [id]: readonly [string]) {
  const control = await context.control();
  const answer = await control.send('POST', controlPath`/admin/backends/${id}/rebalance`, {});
  context.terminal.result({
    json: answer,
    text: `${printable(id)} gets its share in the background. "sealgate backend show ${printable(id)}" tells how far it is.\n`,
  });
}

export interface UpdateOptions {
  readonly provider?: string | undefined;
  readonly region?: string | undefined;
  readonly country?: string | undefined;
  readonly jurisdiction?: string | undefined;
  readonly operatorJurisdiction?: string | undefined;
  readonly certificate?: readonly string[] | undefined;
  readonly sla?: string | undefined;
  readonly weight?: number | undefined;
}

/** `sealgate backend update ID` */
export async function updateBackend(context: CommandContext, [id]: readonly [string], options: UpdateOptions) {
  // By name: every command has options that are no facts, such as --json.
  const { provider, region, country, jurisdiction, operatorJurisdiction, certificate, sla, weight } = options;
  const facts = {
    provider,
    region,
    country,
    jurisdiction,
    operatorJurisdiction,
    certificates: certificate,
    sla,
    weight,
  };
  const given = Object.entries(facts).filter(([, value]) => value !== undefined);
  if (given.length === 0) throw usageError('There is nothing to change.', 'Name a fact, for example --country DE.');
  const control = await context.control();
  const backend = await control.send('PATCH', controlPath`/admin/backends/${id}`, Object.fromEntries(given));
  context.terminal.result({ json: backend, text: describeFacts(backend) });
}

function describeFacts(backend: JsonObject): string {
  const names = [
    'id',
    'type',
    'state',
    'endpoint',
    'provider',
    'region',
    'country',
    'jurisdiction',
    'operatorJurisdiction',
  ];
  const rows = [...names, 'sla', 'weight', 'custody'].map((name) => [name, text(backend[name])]);
  const certificates = Array.isArray(backend['certificates']) ? backend['certificates'].map(text).join(', ') : '';
  return formatTable([
    ...rows,
    ['certificates', certificates === '' ? '-' : certificates],
    ['background', describeLimits(backend)],
  ]);
}

function describeMaintenance(maintenance: JsonObject): string {
  const placements = objectOf(maintenance['placements']);
  const drain = objectOf(maintenance['drain']);
  const scrub = objectOf(maintenance['scrub']);
  const rebalance = objectOf(maintenance['rebalance']);
  const lines: string[] = [];
  if ('asOf' in placements) {
    const { replicas, bytes, leaving, owed } = placements;
    lines.push(
      `holds ${text(replicas)} copies or shards, ${size(bytes)} (${text(leaving)} leaving, ${text(owed)} owed), as of ${text(placements['asOf'])}`,
    );
  }
  if ('startedAt' in drain) lines.push(describeDrain(drain));
  const blocked = 'blocked' in drain ? drain['blocked'] : placements['blocked'];
  for (const each of Array.isArray(blocked) ? blocked.filter(isJsonObject) : []) {
    lines.push(
      `${text(each['blobs'])} cannot leave: ${text(each['reason'])} (rule ${text(each['rule'])}, e.g. ${text(each['example'])})`,
    );
  }
  for (const name of ['last', 'underWay']) {
    const pass = objectOf(scrub[name]);
    if ('startedAt' in pass) lines.push(describeScrub(name === 'last' ? 'last scrub' : 'scrub under way', pass));
  }
  if ('startedAt' in rebalance) {
    const state = rebalance['finishedAt'] === null ? 'under way' : `ended ${text(rebalance['finishedAt'])}`;
    lines.push(`rebalance ${state}: ${text(rebalance['moved'])} of ${text(rebalance['blobs'])} blobs moved here`);
  }
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`;
}

/** Archives that a retired backend keeps. */
function describeLocked({ archives, until }: JsonObject): string {
  if (typeof archives !== 'number') return '';
  return `${archives} archives of the audit log stay there: its object lock keeps them${untilText(until)}. They lie on other backends too.\n`;
}

function troubleText(code: unknown): string {
  return typeof code === 'string' ? ` (the first cannot leave: ${printable(code)})` : '';
}

function untilText(until: unknown): string {
  return typeof until === 'string' ? ` until ${printable(until)}` : '';
}

function describeDrain(drain: JsonObject): string {
  const { archivesLocked: locked, archivesLockedUntil, archivesLeft: archives } = drain;
  const stay =
    typeof locked === 'number' && locked > 0
      ? `${locked} archives of the audit log that lie elsewhere too stay there: object lock keeps them${untilText(archivesLockedUntil)}`
      : undefined;
  if (drain['empty'] === true) {
    return stay === undefined ? 'drained: it is empty and may be retired' : `drained: it may be retired; ${stay}`;
  }
  if (drain['asOf'] === null) return `draining since ${text(drain['startedAt'])}: what is there is being counted`;
  const documents = [
    ...(drain['manifestsLeft'] === 0 ? [] : [`recovery manifests of ${text(drain['manifestsLeft'])} buckets`]),
    ...(drain['backupsLeft'] === 0 ? [] : [`${text(drain['backupsLeft'])} backups of the metadata`]),
    ...(archives === 0 ? [] : [`${text(archives)} archives of the audit log${troubleText(drain['archivesTrouble'])}`]),
  ];
  const { replicasLeft, bytesLeft, replicasDone, bytesDone, etaSeconds, bytesPerSecond } = drain;
  const rate = typeof bytesPerSecond === 'number' ? `, ${size(Math.round(bytesPerSecond))}/s` : '';
  const eta = typeof etaSeconds === 'number' ? `, about ${Math.ceil(etaSeconds)} s left` : '';
  return `draining since ${text(drain['startedAt'])}: ${text(replicasLeft)} left (${size(bytesLeft)}), ${text(replicasDone)} done (${size(bytesDone)})${rate}${eta}${documents.map((one) => `; ${one} left`).join('')}`;
}

function describeScrub(name: string, pass: JsonObject): string {
  const found = ['missing', 'truncated', 'corrupted', 'unread'].map((each) => `${text(pass[each])} ${each}`).join(', ');
  const end = pass['finishedAt'] === null ? '' : `, ended ${text(pass['finishedAt'])}`;
  return `${name}: began ${text(pass['startedAt'])}${end}: ${text(pass['good'])} good, ${found}, ${size(pass['bytes'])} read`;
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function size(value: unknown): string {
  return typeof value === 'number' ? formatBytes(value) : '-';
}

function text(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? printable(value) : '-';
}
