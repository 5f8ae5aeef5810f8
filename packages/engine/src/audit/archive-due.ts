import { randomBytes } from 'node:crypto';
import { Fault, toFault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import { admittedBackends, openPlaces } from '../backup/open-places.ts';
import { ARCHIVE_PREFIX, newBackupId } from '../backup/stored-backup.ts';
import { type BackupTarget, type WrittenBackup, writeBackup } from '../backup/write-backup.ts';
import { type DocumentRecipient, sealDocument } from '../documents/index.ts';
import { ARCHIVE_ENTRIES_MAX, ARCHIVES_LISTED } from '../limits.ts';
import {
  ARCHIVE_CURSOR,
  type ArchivePosition,
  type ArchiveRecord,
  readArchivePosition,
  withBuckets,
  writtenTo,
} from './archive-position.ts';
import { ARCHIVE_ACTOR, type ArchiveDeps, type ArchiveOptions, type ArchiveRun, createRun } from './archive-run.ts';
import { moveArchives, placesToLeave } from './move-archives.ts';
import { segmentLines } from './segment-lines.ts';

/** What an archive adds to the log itself: alone it is nothing to archive. */
const OWN_ENTRIES = 1;
/** Action 128: an archive of the log was made. */
const AUDIT_ARCHIVED = 128;

/**
 * Puts what the log got since the last archive into a new one: a segment, compressed, sealed and stored on several backends, read
 * back, and locked where there is object lock. Archives on backends where they may not lie any more are copied elsewhere first
 * and then removed from there, as far as nothing retains them; no other one is ever removed here.
 *
 * @returns 1 when it made or moved one or tried to, 0 when nothing is due or another process does it
 */
export async function archiveDue(deps: ArchiveDeps, options: ArchiveOptions): Promise<number> {
  const { metadata, limits, store } = deps;
  const lease = await metadata.leaseCursor(ARCHIVE_CURSOR, options.holder, limits.backupLeaseMs);
  if (lease === undefined) return 0;
  const nowMs = await metadata.databaseTime();
  const known = readArchivePosition(lease.position);
  deps.onSeen(known.made);
  const { size } = await store.edge();
  const run = createRun(deps, options, nowMs);
  const { recipient } = options;
  if (recipient !== undefined && isArchiveDue(known, { size, nowMs, intervalMs: options.intervalMs })) {
    const to = known.runningTo ?? Math.min(size, known.through + ARCHIVE_ENTRIES_MAX);
    await makeArchive(run, recipient, { before: known, to });
    return 1;
  }
  const leaving = await placesToLeave(run, known);
  if (leaving.length > 0) await moveArchives(run, known, leaving);
  else await run.save(known, 0);
  return Math.min(leaving.length, 1);
}

function isArchiveDue(
  { runningTo, trouble, triedMs, through }: ArchivePosition,
  { size, nowMs, intervalMs }: { readonly size: number; readonly nowMs: number; readonly intervalMs: number },
): boolean {
  if (intervalMs === 0 || size <= through + OWN_ENTRIES) return false;
  return runningTo !== null || nowMs >= (trouble?.retryAtMs ?? triedMs + intervalMs);
}

async function makeArchive(
  run: ArchiveRun,
  recipient: DocumentRecipient,
  { before, to }: { readonly before: ArchivePosition; readonly to: number },
): Promise<void> {
  const { deps, options, nowMs } = run;
  const installation = before.installation ?? randomBytes(8).toString('hex');
  let position: ArchivePosition = { ...before, installation, triedMs: nowMs, runningTo: to };
  let record: ArchiveRecord | undefined;
  try {
    await run.save(position);
    const legal = await admittedBackends(deps, options.policy);
    const opened = await openPlaces(
      { ...deps, inTime: run.inTime, failed: (backend, error) => run.failed(backend, error) },
      { legal, copies: options.copies, purpose: 'audit-archive', installation, buckets: position.buckets, lock: true },
    );
    const { targets } = opened;
    position = writtenTo(
      withBuckets(position, opened.buckets),
      targets.map(({ id }) => id),
    );
    requireEnough(run, targets.length, options.lockMs === 0 ? 0 : run.lockable(targets).size);
    record = await write(run, recipient, { targets, position, from: before.through, to });
    const made = [record, ...position.made].slice(0, ARCHIVES_LISTED);
    position = { ...position, through: to, runningTo: null, trouble: null, made };
  } catch (error) {
    if (options.signal.aborted) {
      await run.save(position, 0);
      throw error;
    }
    const fault = toFault(error);
    deps.onFailed(fault);
    position = {
      ...position,
      trouble: { code: fault.code, retryAtMs: nowMs + deps.limits.backupRetryMs },
      runningTo: null,
    };
  }
  await run.save(position, 0);
  deps.onSeen(position.made);
  if (record === undefined) return;
  const { id, from, sha256, bytes, places, locked } = record;
  const detail = { archive: id, from, to, sha256, bytes, backends: places, locked };
  await deps.store.note(AUDIT_ARCHIVED, detail, ARCHIVE_ACTOR);
}

/** @throws Fault NoLegalPlacement */
function requireEnough({ options }: ArchiveRun, places: number, locked: number): void {
  if (places < options.copies) {
    throw new Fault('NoLegalPlacement', 'Too few storage locations take the archive of the audit log.');
  }
  if (locked < options.lockedCopies) {
    throw new Fault('NoLegalPlacement', 'Too few storage locations lock the archive of the audit log.');
  }
}

async function write(
  run: ArchiveRun,
  recipient: DocumentRecipient,
  archive: {
    readonly targets: readonly BackupTarget[];
    readonly position: ArchivePosition;
    readonly from: number;
    readonly to: number;
  },
): Promise<ArchiveRecord> {
  const { deps, options, nowMs, inTime } = run;
  const { from, to, position, targets } = archive;
  const id = newBackupId(nowMs, randomBytes);
  const untilMs = nowMs + options.lockMs;
  const locking = options.lockMs === 0 ? new Set<BackendId>() : run.lockable(targets);
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  let written: WrittenBackup;
  try {
    written = await writeBackup({
      ...{ prefix: ARCHIVE_PREFIX, id, targets, inTime },
      content: sealDocument(options.compress(encoded(segmentLines(deps, { from, to })), signal), {
        purpose: 'audit-archive',
        recipients: [recipient],
        random: randomBytes,
      }),
      async protect(target, key) {
        if (locking.has(target.id)) await run.retain(target, key, untilMs);
      },
      onFailed: (backend, fault) => run.failed(backend, fault),
      onPart: () => run.save(position),
    });
  } finally {
    ending.abort();
  }
  const { bytes, sha256, places } = written;
  const locked = places.filter((place) => locking.has(place));
  requireEnough(run, places.length, locked.length);
  const lockedUntilMs = locked.length === 0 ? null : untilMs;
  return { id, takenAtMs: nowMs, from, to, bytes, sha256, places, locked, lockedUntilMs };
}

async function* encoded(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const line of lines) yield Buffer.from(`${line}\n`, 'utf8');
}
