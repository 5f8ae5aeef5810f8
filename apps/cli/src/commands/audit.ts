import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import {
  AuditIntegrityError,
  leafHash,
  type NoteVerifier,
  openCheckpoint,
  parseVerifier,
  verifyConsistency,
  verifyInclusion,
} from '@sealgate/core/audit';
import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { type ControlClient, controlPath } from '../control/control-client.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { printable } from '../output/format.ts';

interface Filters {
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly requestId?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly ofTenant?: string | undefined;
}

const SEARCH_LIMIT = 100;
const TAIL_LINES = 20;
const PAGE_MAX = 1000;
const TAIL_PACE_MS = 1000;

/** `sealgate audit search` */
export async function searchAudit(
  context: CommandContext,
  _args: readonly [],
  { limit = SEARCH_LIMIT, ...filters }: Filters & { readonly limit?: number | undefined },
) {
  const control = await context.control();
  let left = limit;
  for await (const item of newestFirst(control, filters, Math.min(limit, PAGE_MAX))) {
    if (left === 0) return;
    left -= 1;
    context.terminal.item({ json: item, text: describe(item) });
  }
}

interface RequestFilters {
  readonly ofTenant: string;
  readonly bucket?: string | undefined;
  readonly key?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** `sealgate audit requests`: the newest batches first, each in its order, checked against the digest of its entry. */
export async function auditRequests(
  context: CommandContext,
  _args: readonly [],
  { ofTenant, bucket, key, from, to }: RequestFilters,
) {
  const control = await context.control();
  const [since, until] = [timeText(from, '--from') ?? '', timeText(to, '--to') ?? '~'];
  // An entry comes after the requests that it vouches for, long after them when the database was away.
  for await (const item of newestFirst(control, { ofTenant, action: 'requestsRecorded', from }, SEARCH_LIMIT)) {
    const detail = isJsonObject(item['detail']) ? item['detail'] : {};
    const { first, sha256: digest } = detail;
    if (typeof first === 'string' && first > until) continue;
    if (typeof digest !== 'string') throw new AuditIntegrityError('An entry vouches for records and has no digest.');
    const { lines, removedBefore } = await control.get(controlPath`/admin/audit/requests/${digest}`);
    if (lines === null && Number(item['leaf']) < Number(removedBefore)) {
      context.terminal.note(`Records of requests older than ${printable(String(item['at']))} were removed.`);
      break;
    }
    if (createHash('sha256').update(String(lines)).digest('hex') !== digest) {
      throw new AuditIntegrityError(`The records of requests ${digest} are not what their entry vouches for.`);
    }
    for (const line of String(lines)
      .split('\n')
      .filter((text) => text !== '')) {
      const record: unknown = JSON.parse(line);
      if (!isJsonObject(record)) continue;
      const places = [record, sourceOf(record)];
      const about = places.some(
        (place) => (bucket ?? place['bucket']) === place['bucket'] && (key ?? place['key']) === place['key'],
      );
      if (about && String(record['at']) >= since && String(record['at']) <= until) {
        context.terminal.item({ json: record, text: printable(line) });
      }
    }
  }
}

/** What a copy read. */
function sourceOf({ copySource }: JsonObject): { readonly bucket?: string; readonly key?: string } {
  const [, bucket, key] = /^\/?([^/]+)\/([^?]+)/.exec(typeof copySource === 'string' ? copySource : '') ?? [];
  if (bucket === undefined || key === undefined) return {};
  try {
    return { bucket, key: decodeURIComponent(key) };
  } catch {
    return { bucket, key };
  }
}

/** `sealgate audit tail` */
export async function tailAudit(
  context: CommandContext,
  _args: readonly [],
  { lines = TAIL_LINES, follow, ...filters }: Filters & { readonly lines?: number; readonly follow: boolean },
) {
  const control = await context.control();
  // What was looked at is not looked at again: a filter that nothing matches would have the whole log read every time.
  let first = 0;
  for (let wanted = lines; ; wanted = Number.POSITIVE_INFINITY) {
    const fresh: JsonObject[] = [];
    let end = first;
    const pages = pagesNewestFirst(control, { ...filters, first: String(first) }, PAGE_MAX);
    for await (const page of pages) {
      end = Math.max(end, Number(page['end']));
      fresh.push(...itemsOf(page).slice(0, wanted - fresh.length));
      if (fresh.length >= wanted) break;
    }
    first = end;
    for (const item of fresh.reverse()) context.terminal.item({ json: item, text: describe(item) });
    if (!follow) return;
    await wait(TAIL_PACE_MS, undefined, { signal: context.signal });
  }
}

async function* newestFirst(control: ControlClient, filters: Filters, limit: number): AsyncGenerator<JsonObject, void> {
  for await (const page of pagesNewestFirst(control, filters, limit)) yield* itemsOf(page);
}

function itemsOf({ items }: JsonObject): readonly JsonObject[] {
  return Array.isArray(items) ? items.filter(isJsonObject) : [];
}

async function* pagesNewestFirst(
  control: ControlClient,
  filters: Filters & { readonly first?: string },
  limit: number,
): AsyncGenerator<JsonObject, void> {
  // By name: what commands have in common comes along in `filters`.
  const { bucket, key, actor, action, requestId, ofTenant: tenant, from, to, first } = filters;
  const about = { bucket, key, actor, action, requestId, tenant, first };
  const query = { ...about, from: timeText(from, '--from'), to: timeText(to, '--to'), limit: String(limit) };
  let cursor: string | undefined;
  do {
    const page = await control.get('/admin/audit', { ...query, cursor });
    yield page;
    cursor = typeof page['next'] === 'string' ? page['next'] : undefined;
  } while (cursor !== undefined);
}

/** A time as the REST interface takes it. @throws CliError */
export function timeText(text: string | undefined, option: string): string | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms) || !/^\d{4}-\d\d-\d\d/.test(text))
    throw usageError(`${option} takes a time such as 2026-11-28T10:00:00Z.`);
  return new Date(ms).toISOString();
}

function describe(item: JsonObject): string {
  const text = (name: string): string => (typeof item[name] === 'string' ? printable(item[name]) : '');
  const object = text('bucket') === '' ? '' : `s3://${text('bucket')}/${text('key')}`;
  const copies = Array.isArray(item['replicas']) ? item['replicas'].filter(isJsonObject) : [];
  const places = copies.map(
    ({ backend, state }) => `${String(backend)}${typeof state === 'string' ? `:${state}` : ''}`,
  );
  const detail = item['detail'] === null ? '' : JSON.stringify(item['detail']);
  return [
    String(item['leaf']),
    text('at'),
    text('actor'),
    text('action'),
    object,
    printable(places.join(',')),
    printable(detail),
  ]
    .filter((part) => part !== '')
    .join('  ');
}

/** `sealgate audit key` */
export async function auditKey(
  context: CommandContext,
  _args: readonly [],
  options: { readonly rotate?: boolean; readonly overlapHours?: number },
) {
  const control = await context.control();
  if (options.rotate === true) {
    const { overlapHours } = options;
    await control.send('POST', '/admin/audit/keys', overlapHours === undefined ? {} : { overlapHours });
  }
  const answer = await control.get('/audit/key');
  const keys = Array.isArray(answer['keys']) ? answer['keys'].map(String) : [];
  context.terminal.result({ json: answer, text: keys.map((key) => `${printable(key)}\n`).join('') });
}

/** `sealgate audit checkpoint` */
export async function auditCheckpoint(
  context: CommandContext,
  _args: readonly [],
  { now }: { readonly now?: boolean },
) {
  const control = await context.control();
  const answer =
    now === true ? await control.send('POST', '/admin/audit/checkpoints', {}) : await control.get('/audit/checkpoint');
  context.terminal.result({ json: answer, text: String(answer['note']) });
}

/** `sealgate audit proof [LEAF]` */
export async function auditProof(
  context: CommandContext,
  [leafText]: readonly [string | undefined],
  options: { readonly key: string; readonly since?: string | undefined },
) {
  const verifiers = await readKeys(options.key);
  const control = await context.control();
  const head = await control.send('POST', '/admin/audit/checkpoints', {});
  const checkpoint = openOrFail(String(head['note']), verifiers);
  if (options.since !== undefined) {
    const kept = openOrFail(await readFile(options.since, 'utf8'), verifiers);
    const ends = { first: String(kept.size), second: String(checkpoint.size) };
    const answer = kept.size > checkpoint.size ? undefined : await control.get('/audit/proof/consistency', ends);
    const proof = hashesOf(answer?.['hashes']);
    const claim = {
      first: kept.size,
      firstRoot: kept.root,
      second: checkpoint.size,
      secondRoot: checkpoint.root,
      proof,
    };
    if (!verifyConsistency(claim))
      throw new AuditIntegrityError('The log is no continuation of the checkpoint that was kept.');
    const text = `The log of ${checkpoint.size} entries begins with the ${kept.size} of the checkpoint.\n`;
    context.terminal.result({ json: { first: kept.size, second: checkpoint.size, proof: answer }, text });
    return;
  }
  if (leafText === undefined || !/^\d{1,15}$/.test(leafText))
    throw usageError('Say which entry: its place in the log, or --since.');
  const query = { leaf: leafText, size: String(checkpoint.size) };
  const [answer, entries] = await Promise.all([
    control.get('/audit/proof/inclusion', query),
    control.get('/admin/audit/entries', { first: leafText, limit: '1' }),
  ]);
  const [item] = Array.isArray(entries['items']) ? entries['items'].filter(isJsonObject) : [];
  const line = String(item?.['line']);
  const claim = { index: Number(leafText), size: checkpoint.size, leaf: leafHash(line), root: checkpoint.root };
  if (!verifyInclusion({ ...claim, proof: hashesOf(answer['hashes']) })) {
    throw new AuditIntegrityError(`Entry ${leafText} is not in the log that the checkpoint was signed for.`);
  }
  const json = { line, leaf: claim.index, size: claim.size, hashes: answer['hashes'], checkpoint: head['note'] };
  context.terminal.result({ json, text: `${printable(line)}\nis entry ${leafText} of ${claim.size}.\n` });
}

function openOrFail(note: string, verifiers: readonly NoteVerifier[]) {
  try {
    return openCheckpoint(note, verifiers);
  } catch (cause) {
    throw new AuditIntegrityError(cause instanceof Error ? cause.message : 'The checkpoint is damaged.', { cause });
  }
}

function hashesOf(value: unknown): Buffer[] {
  return Array.isArray(value) ? value.map((hash) => Buffer.from(String(hash), 'base64')) : [];
}

/** Verifier keys, one a line. @throws CliError */
export async function readKeys(path: string): Promise<NoteVerifier[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  try {
    if (lines.length === 0) throw new SyntaxError('The file is empty.');
    return lines.map(parseVerifier);
  } catch (error) {
    throw usageError(
      `${path} has no keys as "sealgate audit key" shows them: ${error instanceof Error ? error.message : ''}`,
    );
  }
}
