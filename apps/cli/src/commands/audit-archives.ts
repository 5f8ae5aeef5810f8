import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import {
  AuditIntegrityError,
  createSegmentsVerifier,
  type NoteVerifier,
  type VerifiedRange,
} from '@sealgate/core/audit';
import { isFault, toFault } from '@sealgate/core/faults';
import {
  ARCHIVE_PREFIX,
  backupIndexKey,
  backupTimeOf,
  type InTime,
  listBackups,
  readBackup,
  readBackupIndex,
} from '@sealgate/engine/backup';
import { importPrivateKey, type OpeningKey } from '@sealgate/sealed/keys';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { DocumentError, openDocument } from '../documents/open-document.ts';
import { isJsonObject } from '../files/json.ts';
import { formatBytes, formatTable, printable } from '../output/format.ts';
import { findPlaces, type PlacedBucket, within } from '../recover/places.ts';
import { openSources } from '../recover/sources.ts';

/** `sealgate audit archives` */
export async function listArchives(context: CommandContext) {
  const answer = await (await context.control()).get('/admin/audit/archives');
  const archives = Array.isArray(answer['archives']) ? answer['archives'].filter(isJsonObject) : [];
  const names = (value: unknown): string => (Array.isArray(value) ? printable(value.join(', ')) || '-' : '-');
  const rows = archives.map((one) => [
    String(one['id']),
    String(one['takenAt']),
    `${Number(one['from'])}-${Number(one['to'])}`,
    formatBytes(Number(one['bytes'])),
    names(one['backends']),
    names(one['locked']),
  ]);
  const head = ['ARCHIVE', 'TAKEN', 'ENTRIES', 'SIZE', 'ON', 'LOCKED ON'];
  const trouble =
    typeof answer['error'] === 'string' ? `The last try failed: ${printable(answer['error'])}. It is repeated.\n` : '';
  const text = archives.length === 0 ? 'There is no archive of the audit log.\n' : formatTable([head, ...rows]);
  const warning = typeof answer['warning'] === 'string' ? `Warning: ${printable(answer['warning'])}\n` : '';
  context.terminal.result({ json: answer, text: text + trouble + warning });
}

interface Candidate {
  readonly id: string;
  readonly index: string;
  readonly places: PlacedBucket[];
}

/** How archives are kept, as the places themselves say: of the one that is kept worst. */
export interface KeptArchives {
  readonly count: number;
  /** Places that list it. */
  readonly places: number;
  /** Places whose object lock keeps it now. */
  readonly locked: number;
  /** When the first of all those locks ends; null: there is none. */
  readonly lockedUntil: string | null;
  /** Archives on these places that are not of this log: sealed to another key, or of another origin. */
  readonly others: number;
  /** Keys that a marker or another version was laid over, on all places. What is below was read. */
  readonly covered: number;
}

export function describeKept({ count, places, locked, lockedUntil, others }: KeptArchives): string {
  const until = lockedUntil === null ? '' : `, the first until ${lockedUntil}`;
  const besides = others === 0 ? '' : `${others} archives there are of other logs and were not looked at.\n`;
  return `${count} archives, each on ${places} places or more; object lock keeps each on ${locked} or more${until}.\n${besides}`;
}

/**
 * Opens all archives of the log that lie in a place and verifies that they follow each other from the beginning.
 * @throws AuditIntegrityError, also when one is locked by fewer places than it is to be; CliError
 */
export async function verifyArchives(
  context: CommandContext,
  request: {
    readonly from: string;
    readonly keyFile: string;
    readonly verifiers: readonly NoteVerifier[];
    readonly checkpoints: readonly string[];
    readonly lockedMin: number;
  },
): Promise<{ readonly range: VerifiedRange; readonly archives: KeptArchives }> {
  const { signal, terminal } = context;
  const { verifiers, checkpoints } = request;
  const key = await importPrivateKey(
    JSON.parse(await readFile(request.keyFile, 'utf8')) as Parameters<typeof importPrivateKey>[0],
  );
  const covered = new Map<string, number>();
  const sources = await openSources(request.from, undefined, (source) => {
    covered.set(source, (covered.get(source) ?? 0) + 1);
  });
  try {
    const { places, lost } = await findPlaces(sources, signal);
    for (const { source, reason } of lost) terminal.note(`warning: ${printable(source)} cannot be asked (${reason})`);
    const found = await findArchives(places, signal);
    warnOfCovered(context, covered);
    if (found.length === 0) throw new CliError('There is no archive of the audit log on these backends.');
    const verifier = createSegmentsVerifier({ verifiers, checkpoints });
    const own: Candidate[] = [];
    let last = { range: '', checkpoint: '' };
    for (const candidate of found) {
      const opened = await openOwn(candidate, { key, verifiers }, signal);
      if (typeof opened === 'string') {
        terminal.note(`archive ${candidate.id} is not of this log: ${opened}`);
        continue;
      }
      own.push(candidate);
      const { header, lines } = opened;
      const { range, checkpoint } = rangeOf(header);
      if (range === last.range) {
        // Made twice, since a process died before it had written down that it was made: both must be the same tree.
        const again = createSegmentsVerifier({ verifiers, checkpoints: [last.checkpoint] });
        await again.segment(rejoined(header, lines));
        again.finish();
      } else await verifier.segment(rejoined(header, lines));
      last = { range, checkpoint };
      terminal.note(`archive ${candidate.id} of ${new Date(backupTimeOf(candidate.id)).toISOString()} is whole`);
    }
    if (own.length === 0) throw new CliError('No archive on these backends is of this log and opens with this key.');
    const whole = verifier.finish();
    if (whole.from !== 0) throw new AuditIntegrityError(`The archives of entries 0 to ${whole.from} are missing.`);
    const coveredKeys = [...covered.values()].reduce((sum, count) => sum + count, 0);
    const others = found.length - own.length;
    const archives = { ...(await keptAs(own, signal)), others, covered: coveredKeys };
    if (archives.locked < request.lockedMin) {
      throw new AuditIntegrityError(
        `An archive is kept by the object lock of ${archives.locked} places, and should be by ${request.lockedMin}.`,
      );
    }
    return { range: whole, archives };
  } catch (error) {
    if (error instanceof DocumentError && error.problem === 'damaged')
      throw new AuditIntegrityError(error.message, { cause: error });
    if (error instanceof DocumentError) throw new CliError(error.message, { cause: error });
    if (isFault(error, 'BackendCorrupt') || isFault(error, 'BlobMissing'))
      throw new AuditIntegrityError(error.message, { cause: error });
    throw error;
  } finally {
    for (const source of sources) await source.driver.close();
  }
}

function warnOfCovered({ terminal }: CommandContext, covered: ReadonlyMap<string, number>): void {
  for (const [source, count] of covered) {
    terminal.note(
      `warning: on ${printable(source)} something was laid over ${count} keys of archives; what is below was read`,
    );
  }
}

/** Asks the places. What a place does not answer counts as no lock. */
async function keptAs(
  found: readonly Candidate[],
  signal: AbortSignal,
): Promise<Omit<KeptArchives, 'covered' | 'others'>> {
  const all = await Promise.all(
    found.map(async ({ id, index, places }) => {
      const key = backupIndexKey(ARCHIVE_PREFIX, id, index);
      const told = places.map(async ({ driver, bucket }) =>
        driver.retention?.(bucket, key, { signal: within(signal) }).catch(() => undefined),
      );
      const untilMs = (await Promise.all(told)).map((retention) => retention?.untilMs ?? 0);
      return { places: places.length, locks: untilMs.filter((ms) => ms > Date.now()) };
    }),
  );
  signal.throwIfAborted();
  const locks = all.flatMap((one) => one.locks);
  return {
    count: found.length,
    places: Math.min(...all.map(({ places }) => places)),
    locked: Math.min(...all.map((one) => one.locks.length)),
    lockedUntil: locks.length === 0 ? null : new Date(Math.min(...locks)).toISOString(),
  };
}

/** The oldest first, with all places that have it. */
async function findArchives(places: readonly PlacedBucket[], signal: AbortSignal): Promise<readonly Candidate[]> {
  const found = new Map<string, Candidate>();
  for (const place of places) {
    const listed = await listBackups(place, (call) => call(within(signal)), ARCHIVE_PREFIX).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new CliError(`${place.source}: ${place.bucket} cannot be listed (${toFault(error).message})`);
    });
    for (const [id, index] of listed) {
      // Without an index it was never finished.
      if (index === undefined) continue;
      const candidate = found.get(`${id}/${index}`) ?? { id, index, places: [] };
      candidate.places.push(place);
      found.set(`${id}/${index}`, candidate);
    }
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function* openArchive(candidate: Candidate, key: OpeningKey, signal: AbortSignal): AsyncGenerator<string> {
  const inTime: InTime = (call) => call(within(signal));
  const [first, ...others] = candidate.places;
  if (first === undefined) return;
  const index = await firstIndex(candidate, inTime);
  const sealed = readBackup([first, ...others], index, inTime, ARCHIVE_PREFIX);
  const findKey = (keyId: string): Promise<OpeningKey | undefined> =>
    Promise.resolve(keyId === key.keyId ? key : undefined);
  const text = createZstdDecompress();
  const opened = openDocument(sealed, { purpose: 'audit-archive', findKey });
  let failure: unknown;
  const done = pipeline(opened, text, { signal }).catch((error: unknown) => void (failure = error));
  try {
    for await (const chunk of text.setEncoding('utf8') as AsyncIterable<string>) yield chunk;
  } catch (error) {
    await done;
    throw failure ?? error;
  }
}

interface OpenedArchive {
  readonly header: string;
  /** Behind the header. */
  readonly lines: AsyncGenerator<string, void>;
}

/**
 * Several installations may share a place. What is not of the log that the auditor has the keys of is told in words and passed
 * over: were it one of ours that was changed to look so, it would be missing between its neighbours.
 */
async function openOwn(
  candidate: Candidate,
  { key, verifiers }: { readonly key: OpeningKey; readonly verifiers: readonly NoteVerifier[] },
  signal: AbortSignal,
): Promise<OpenedArchive | string> {
  const lines = linesIn(openArchive(candidate, key, signal));
  try {
    const header = await firstOf(lines);
    const [origin = ''] = rangeOf(header).checkpoint.split('\n');
    if (verifiers.some(({ name }) => name === origin)) return { header, lines };
    await lines.return();
    return `it is of ${printable(origin)}`;
  } catch (error) {
    if (error instanceof DocumentError && error.problem === 'not-for-these-keys') return 'it is sealed to another key';
    throw error;
  }
}

async function firstIndex(candidate: Candidate, inTime: InTime) {
  let failure: unknown;
  for (const place of candidate.places) {
    try {
      return await readBackupIndex(place, candidate, inTime, ARCHIVE_PREFIX);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function* linesIn(text: AsyncIterable<string>): AsyncGenerator<string, void> {
  let rest = '';
  for await (const chunk of text) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') throw new AuditIntegrityError('An archive is cut.');
}

async function firstOf(lines: AsyncGenerator<string, void>): Promise<string> {
  const first = await lines.next();
  if (first.done === true) throw new AuditIntegrityError('An archive is empty.');
  return first.value;
}

async function* rejoined(header: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield header;
  yield* rest;
}

function rangeOf(header: string): { readonly range: string; readonly checkpoint: string } {
  let value: unknown;
  try {
    value = JSON.parse(header);
  } catch {
    value = undefined;
  }
  if (!isJsonObject(value)) throw new AuditIntegrityError('The header of an archive is damaged.');
  return { range: `${Number(value['from'])}+${Number(value['entries'])}`, checkpoint: String(value['checkpoint']) };
}
