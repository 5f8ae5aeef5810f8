import { randomBytes } from 'node:crypto';
import { Fault, toFault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { AuditActor, AuditStore, BackendPool, Clock, Metadata } from '@sealgate/core/ports';
import { createInTime } from '../backup/in-time.ts';
import { admittedBackends, openPlaces } from '../backup/open-places.ts';
import { ARCHIVE_PREFIX, newBackupId } from '../backup/stored-backup.ts';
import { type BackupTarget, type WrittenBackup, writeBackup } from '../backup/write-backup.ts';
import { type DocumentRecipient, sealDocument } from '../documents/index.ts';
import { ARCHIVE_ENTRIES_MAX, ARCHIVES_LISTED, type EngineLimits } from '../limits.ts';
import type { LayeredPolicies } from '../placement/policies.ts';
import { ARCHIVE_CURSOR, type ArchivePosition, type ArchiveRecord, readArchivePosition } from './archive-position.ts';
import type { Checkpoints } from './checkpoints.ts';
import { segmentLines } from './segment-lines.ts';

export interface ArchiveOptions {
  /** Names this process among those that could do the work; one does at a time. */
  readonly holder: string;
  readonly intervalMs: number;
  /** What archives are sealed to. */
  readonly recipient: DocumentRecipient;
  readonly compress: (text: AsyncIterable<Uint8Array>, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** Places that an archive goes to; with fewer it is none. */
  readonly copies: number;
  /** The policy that says where; undefined: the operator's default one. */
  readonly policy: string | undefined;
  /** How long object lock keeps an archive where there is any; 0: not. */
  readonly lockMs: number;
  readonly signal: AbortSignal;
}

export interface ArchiveDeps {
  readonly metadata: Pick<Metadata, 'leaseCursor' | 'saveCursor' | 'databaseTime'>;
  readonly store: AuditStore;
  readonly checkpoints: Checkpoints;
  readonly pool: BackendPool;
  readonly policies: Pick<LayeredPolicies, 'forOperator'>;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly onFailed: (fault: Fault) => void;
}

/** What an archive adds to the log itself: alone it is nothing to archive. */
const OWN_ENTRIES = 1;
/** Action 128: an archive of the log was made. */
const AUDIT_ARCHIVED = 128;
const ACTOR: AuditActor = { kind: 'system', id: ARCHIVE_CURSOR, requestId: '' };

/**
 * Puts what the log got since the last archive into a new one: a segment, compressed, sealed and stored on several backends, read
 * back, and locked where there is object lock. Nothing is ever removed here.
 *
 * @returns 1 when it made one or tried to, 0 when nothing is due or another process does it
 */
export async function archiveDue(deps: ArchiveDeps, options: ArchiveOptions): Promise<number> {
  const { metadata, limits, store } = deps;
  const lease = await metadata.leaseCursor(ARCHIVE_CURSOR, options.holder, limits.backupLeaseMs);
  if (lease === undefined) return 0;
  const nowMs = await metadata.databaseTime();
  const known = readArchivePosition(lease.position);
  const { size } = await store.edge();
  const run = createRun(deps, options, nowMs);
  const waits = nowMs < (known.trouble?.retryAtMs ?? known.triedMs + options.intervalMs);
  if ((waits && known.runningTo === null) || size <= known.through + OWN_ENTRIES) {
    await run.save(known, 0);
    return 0;
  }
  const to = known.runningTo ?? Math.min(size, known.through + ARCHIVE_ENTRIES_MAX);
  await makeArchive(run, known, to);
  return 1;
}

function createRun(deps: ArchiveDeps, options: ArchiveOptions, nowMs: number) {
  const { metadata, clock, limits, pool } = deps;
  const { holder, signal } = options;
  const inTime = createInTime({ clock, signal, ms: limits.backupTimeoutMs });
  return {
    ...{ deps, options, nowMs, inTime },
    /** @throws Fault Conflict when another process has the work by now */
    async save(position: ArchivePosition, leaseMs = limits.backupLeaseMs): Promise<void> {
      if (!(await metadata.saveCursor(ARCHIVE_CURSOR, holder, { position, leaseMs }))) {
        throw new Fault('Conflict', 'Another process makes the archive.');
      }
    },
    failed(backend: BackendId, error: unknown): void {
      if (signal.aborted) throw error;
      const fault = toFault(error);
      pool.report(backend, { kind: 'failed', code: fault.code });
      deps.onFailed(fault);
    },
  };
}

type Run = ReturnType<typeof createRun>;

async function makeArchive(run: Run, before: ArchivePosition, to: number): Promise<void> {
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
    position = { ...position, buckets: opened.buckets };
    if (opened.targets.length < options.copies) {
      throw new Fault('NoLegalPlacement', 'Too few storage locations can take the archive of the audit log.');
    }
    record = await write(run, { targets: opened.targets, position, from: before.through, to });
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
  if (record === undefined) return;
  const { id, from, sha256, bytes, places, locked } = record;
  await deps.store.note(AUDIT_ARCHIVED, { archive: id, from, to, sha256, bytes, backends: places, locked }, ACTOR);
}

async function write(
  run: Run,
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
  const locked = new Set(options.lockMs === 0 ? [] : lockable(deps.pool, targets));
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  let written: WrittenBackup;
  try {
    written = await writeBackup({
      ...{ prefix: ARCHIVE_PREFIX, id, targets, inTime },
      content: sealDocument(options.compress(encoded(segmentLines(deps, { from, to })), signal), {
        purpose: 'audit-archive',
        recipients: [options.recipient],
        random: randomBytes,
      }),
      async protect({ id: backend, driver, bucket }, key) {
        if (locked.has(backend)) await inTime(async (late) => driver.retain?.(bucket, key, { untilMs, signal: late }));
      },
      onFailed: (backend, fault) => run.failed(backend, fault),
      onPart: () => run.save(position),
    });
  } finally {
    ending.abort();
  }
  const { bytes, sha256, places } = written;
  if (places.length < options.copies) {
    throw new Fault('NoLegalPlacement', 'Too few storage locations took the archive of the audit log.');
  }
  const kept = places.filter((place) => locked.has(place));
  const lockedUntilMs = kept.length === 0 ? null : untilMs;
  return { id, takenAtMs: nowMs, from, to, bytes, sha256, places, locked: kept, lockedUntilMs };
}

function lockable(pool: BackendPool, targets: readonly BackupTarget[]): readonly BackendId[] {
  const locks = new Set(
    pool
      .all()
      .filter(({ capabilities }) => capabilities.objectLock === true)
      .map(({ id }) => id),
  );
  return targets.filter(({ id, driver }) => locks.has(id) && driver.retain !== undefined).map(({ id }) => id);
}

async function* encoded(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const line of lines) yield Buffer.from(`${line}\n`, 'utf8');
}
