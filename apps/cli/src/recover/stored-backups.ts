import { isFault, toFault } from '@sealgate/core/faults';
import {
  BACKUP_PREFIX,
  backupTimeOf,
  type InTime,
  listBackups,
  readBackup,
  readBackupIndex,
} from '@sealgate/engine/backup';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { printable } from '../output/format.ts';
import { findPlaces, type PlacedBucket, within } from './places.ts';
import { openSources } from './sources.ts';

/** A backup by its name on places, whole as far as its name tells. */
interface Candidate {
  readonly id: string;
  /** Beginning of its index's digest. */
  readonly index: string;
  readonly places: PlacedBucket[];
}

/**
 * Restores the newest backup of the metadata that can be read from backends, or the one that is named. Its parts may come
 * from different places; every one is verified, and a restoration that fails leaves no row.
 *
 * @throws CliError when there is none, or none can be read
 */
export async function restoreStored<T>(
  context: CommandContext,
  request: {
    readonly from: string;
    readonly id: string | undefined;
    readonly restore: (stored: AsyncIterable<Uint8Array>) => Promise<T>;
  },
): Promise<{ readonly id: string; readonly restored: T }> {
  const { signal, terminal } = context;
  const warn = (text: string): void => terminal.note(`warning: ${printable(text)}`);
  const sources = await openSources(request.from);
  try {
    const { places, lost } = await findPlaces(sources, signal);
    for (const { source, reason } of lost) warn(`${source} cannot be asked (${reason})`);
    const found = await findBackups(places, { signal, warn });
    const wanted = found.filter(({ id }) => request.id === undefined || id === request.id);
    if (wanted.length === 0) throw new CliError('There is no such backup of the metadata on these backends.');
    let failure: unknown;
    for (const candidate of wanted) {
      try {
        return { id: candidate.id, restored: await request.restore(readCandidate(candidate, signal)) };
      } catch (error) {
        signal.throwIfAborted();
        // The database's fault would be the next one's too.
        if (isFault(error, 'Conflict') || isFault(error, 'DatabaseUnavailable')) throw error;
        failure = error;
        const taken = new Date(backupTimeOf(candidate.id)).toISOString();
        warn(`the backup ${candidate.id} of ${taken} cannot be restored (${messageOf(error)})`);
      }
    }
    throw asCliError(failure);
  } finally {
    for (const source of sources) await source.driver.close();
  }
}

/** The newest first. */
async function findBackups(
  places: readonly PlacedBucket[],
  { signal, warn }: { readonly signal: AbortSignal; readonly warn: (text: string) => void },
): Promise<readonly Candidate[]> {
  const found = new Map<string, Candidate>();
  for (const place of places) {
    try {
      for (const [id, index] of await listBackups(place, (call) => call(within(signal)), BACKUP_PREFIX)) {
        if (index === undefined) continue;
        const name = `${id}/${index}`;
        const candidate = found.get(name) ?? { id, index, places: [] };
        candidate.places.push(place);
        found.set(name, candidate);
      }
    } catch (error) {
      signal.throwIfAborted();
      warn(`${place.source}: ${place.bucket} cannot be listed (${toFault(error).message})`);
    }
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}

async function* readCandidate(candidate: Candidate, signal: AbortSignal): AsyncGenerator<Buffer> {
  const inTime: InTime = (call) => call(within(signal));
  const { index, place } = await readFirstIndex(candidate, inTime);
  // The index has one digest everywhere, so the parts are the same.
  yield* readBackup([place, ...candidate.places.filter((other) => other !== place)], index, inTime, BACKUP_PREFIX);
}

async function readFirstIndex(candidate: Candidate, inTime: InTime) {
  let failure: unknown;
  for (const place of candidate.places) {
    try {
      return { place, index: await readBackupIndex(place, candidate, inTime, BACKUP_PREFIX) };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function messageOf(error: unknown): string {
  return error instanceof CliError ? error.message : toFault(error).message;
}

function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  const isDamage = isFault(error, 'BackendCorrupt') || isFault(error, 'ValidationFailed');
  const exitCode = isDamage ? exitCodes.integrity : exitCodes.failed;
  return new CliError(`No backup of the metadata could be restored: ${messageOf(error)}`, { exitCode, cause: error });
}
