import { randomBytes } from 'node:crypto';
import { Fault, toFault } from '@sealgate/core/faults';
import type { BackupRetention } from '@sealgate/core/housekeeping';
import type { BackendId } from '@sealgate/core/names';
import {
  type AuditActor,
  BACKUP_CURSOR,
  BACKUP_REQUEST_CURSOR,
  type Backend,
  type BackendPool,
  type BackupChange,
  type Clock,
  type CursorPosition,
  type Metadata,
} from '@sealgate/core/ports';
import { type DocumentRecipient, sealDocument } from '../documents/index.ts';
import type { EngineEvents } from '../events.ts';
import type { EngineLimits } from '../limits.ts';
import type { LayeredPolicies } from '../placement/policies.ts';
import type { RandomBytes } from '../write/types.ts';
import { createInTime } from './in-time.ts';
import { admittedBackends, openPlaces } from './open-places.ts';
import { type BackupPosition, type BackupRecord, readBackupPosition } from './position.ts';
import { BACKUP_PREFIX, newBackupId } from './stored-backup.ts';
import { tendBackups } from './tend-backups.ts';
import { type BackupTarget, type WrittenBackup, writeBackup } from './write-backup.ts';

export interface BackupOptions {
  /** Names this process among those that could do the work; one does at a time. */
  readonly holder: string;
  /** From the beginning of one backup to that of the next; 0: only when one is asked for. */
  readonly intervalMs: number;
  /** What backups are sealed to; without it none is made. */
  readonly operatorKey: DocumentRecipient | undefined;
  /** All metadata at one moment, compressed. */
  readonly content: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** Places that a backup goes to. */
  readonly copies: number;
  /** The policy that says where; undefined: the operator's default one. */
  readonly policy: string | undefined;
  readonly retention: BackupRetention;
  readonly signal: AbortSignal;
}

export interface BackupDeps {
  readonly metadata: Pick<
    Metadata,
    'leaseCursor' | 'saveCursor' | 'saveBackups' | 'listCursors' | 'databaseTime' | 'sweepHold'
  >;
  readonly pool: BackendPool;
  readonly policies: Pick<LayeredPolicies, 'forOperator'>;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly events: EngineEvents;
  readonly random: RandomBytes;
}

/**
 * Makes a backup of the metadata when one is due or asked for, and removes those that were kept long enough.
 * @returns 1 when it did something, 0 when there was nothing to do or another process does it
 */
export async function backupDue(deps: BackupDeps, options: BackupOptions): Promise<number> {
  const { metadata, limits, events } = deps;
  const cursors = await metadata.listCursors(BACKUP_CURSOR);
  const find = (name: string) => cursors.find((cursor) => cursor.name === name);
  const seen = find(BACKUP_CURSOR);
  const position = readBackupPosition(seen?.position);
  events.backupsSeen(position.kept);
  const nowMs = await metadata.databaseTime();
  const askedMs = momentOf(find(BACKUP_REQUEST_CURSOR)?.position);
  const due = async (known: BackupPosition): Promise<Due> =>
    isBackupDue(known, { ...options, nowMs, askedMs }) ? 'a backup' : await isMoveDue(deps, options, { known, nowMs });
  if (seen?.leased === true || (await due(position)) === 'nothing') return 0;
  const lease = await metadata.leaseCursor(BACKUP_CURSOR, options.holder, limits.backupLeaseMs);
  if (lease === undefined) return 0;
  const known = readBackupPosition(lease.position);
  const run = createRun(deps, options, nowMs);
  const found = await due(known);
  if (found === 'nothing') await run.save(known, { leaseMs: 0 });
  else if (found === 'a removal') await tend(run, known, idsOf(await admittedBackends(deps, options.policy)));
  else if (options.operatorKey === undefined) await run.save({ ...known, keyless: true }, { leaseMs: 0 });
  else await makeBackup(run, options.operatorKey, known);
  return 1;
}

/** A removal: of what lies where it may not lie any more, or was to go and could not be removed. */
type Due = 'nothing' | 'a removal' | 'a backup';

/** Whether backups are to leave backends that policy does not admit any more or that are emptied: behind a newer one. */
async function isMoveDue(
  deps: BackupDeps,
  options: BackupOptions,
  { known, nowMs }: { readonly known: BackupPosition; readonly nowMs: number },
): Promise<Due> {
  const { kept, leaving, triedMs, tendedMs = 0, trouble, keyless } = known;
  if (options.intervalMs === 0 || keyless || options.operatorKey === undefined) return 'nothing';
  const restedMs = Math.max(Math.max(triedMs, tendedMs) + deps.limits.backupMoveMs, trouble?.retryAtMs ?? 0);
  if (kept.length + leaving.length === 0 || nowMs < restedMs) return 'nothing';
  // Without the policy nothing is known; the next backup tells what is wrong with it.
  const admitted = await admittedBackends(deps, options.policy).then(idsOf, () => undefined);
  if (admitted === undefined) return 'nothing';
  const misplaced = leaving.length > 0 || kept.some(({ places }) => places.some((id) => !admitted.has(id)));
  if (!misplaced || (await deps.metadata.sweepHold()) !== undefined) return 'nothing';
  const [newest] = kept.filter(({ full }) => full);
  return newest?.places.every((id) => admitted.has(id)) === true ? 'a removal' : 'a backup';
}

function idsOf(backends: readonly Backend[]): ReadonlySet<BackendId> {
  return new Set(backends.map(({ id }) => id));
}

/** Whether there is something to do; without a key that is to note that there is none. */
function isBackupDue(
  { triedMs, trouble, running, keyless }: BackupPosition,
  options: Pick<BackupOptions, 'intervalMs' | 'operatorKey'> & { readonly nowMs: number; readonly askedMs: number },
): boolean {
  const { nowMs, askedMs, intervalMs, operatorKey } = options;
  // Another gateway may have one: what is due for it is, and this one notes only that nobody did it.
  if (operatorKey === undefined && keyless) return false;
  // A process died over it: what it left goes now.
  if (running !== null || askedMs > triedMs) return true;
  if (intervalMs === 0) return false;
  return nowMs >= (trouble === null ? triedMs + intervalMs : Math.min(trouble.retryAtMs, triedMs + intervalMs));
}

function momentOf(position: CursorPosition): number {
  return typeof position === 'number' ? position : 0;
}

type Run = ReturnType<typeof createRun>;

function createRun(deps: BackupDeps, options: BackupOptions, nowMs: number) {
  const { metadata, clock, limits, events, pool } = deps;
  const { holder, signal } = options;
  const actor: AuditActor = { kind: 'system', id: BACKUP_CURSOR, requestId: `run-${nowMs}` };
  const inTime = createInTime({ clock, signal, ms: limits.backupTimeoutMs });
  return {
    ...{ deps, options, nowMs, inTime },
    /** @throws Fault Conflict when another process has the work by now */
    async save(
      position: BackupPosition,
      { leaseMs = limits.backupLeaseMs, changes = [] }: { leaseMs?: number; changes?: readonly BackupChange[] } = {},
    ): Promise<void> {
      if (!(await metadata.saveBackups(holder, { position, leaseMs, changes, actor }))) {
        throw new Fault('Conflict', 'Another process makes the backup.');
      }
    },
    failed(backend: BackendId, error: unknown): void {
      if (signal.aborted) throw error;
      const fault = toFault(error);
      pool.report(backend, { kind: 'failed', code: fault.code });
      events.backupFailed(fault);
    },
  };
}

async function makeBackup(run: Run, operatorKey: DocumentRecipient, before: BackupPosition): Promise<void> {
  const { deps, options, nowMs } = run;
  const { random, limits, events } = deps;
  const installation = before.installation ?? Buffer.from(random(8)).toString('hex');
  const id = newBackupId(nowMs, random);
  let position: BackupPosition = { ...before, installation, keyless: false, triedMs: nowMs };
  let changes: readonly BackupChange[] = [];
  let admitted: ReadonlySet<BackendId> | undefined;
  try {
    await run.save({ ...position, running: { id, startedMs: nowMs, bytes: 0 } });
    const legal = await admittedBackends(deps, options.policy);
    admitted = idsOf(legal);
    const opened = await openPlaces(
      { ...deps, inTime: run.inTime, failed: (backend, error) => run.failed(backend, error) },
      { legal, copies: options.copies, purpose: 'metadata-backup', installation, buckets: position.buckets },
    );
    position = { ...position, buckets: opened.buckets };
    requireBetter(run, opened.targets, before);
    const written = await write(run, { id, operatorKey, targets: opened.targets, position });
    const record = recordOf(run, id, written);
    position = { ...position, kept: [record, ...position.kept], trouble: null };
    changes = [{ kind: 'made', id, bytes: record.bytes, backends: record.places }];
    if (!record.full) throw new Fault('NoLegalPlacement', 'Too few storage locations took the backup.');
  } catch (error) {
    if (options.signal.aborted) {
      // Whoever is next need not wait for the lease to run out: it finds a half one and begins anew.
      await run.save({ ...position, running: { id, startedMs: nowMs, bytes: 0 } }, { leaseMs: 0 });
      throw error;
    }
    const fault = toFault(error);
    events.backupFailed(fault);
    position = { ...position, trouble: { code: fault.code, retryAtMs: nowMs + limits.backupRetryMs } };
  }
  position = { ...position, running: null };
  // Noted before anything is removed: what goes has a newer one that is known.
  await run.save(position, { changes });
  if (admitted !== undefined) await tend(run, position, admitted);
  else await run.save(position, { leaseMs: 0 });
}

/** @throws Fault NoLegalPlacement when the new one would have as few copies as one that is there already */
function requireBetter({ options, nowMs }: Run, targets: readonly BackupTarget[], { kept }: BackupPosition): void {
  const [newest] = kept;
  const isRecent = newest !== undefined && nowMs < newest.takenAtMs + options.intervalMs;
  if (targets.length === 0 || (targets.length < options.copies && isRecent)) {
    throw new Fault('NoLegalPlacement', 'Too few storage locations can take the backup.');
  }
}

async function write(
  run: Run,
  backup: {
    readonly id: string;
    readonly operatorKey: DocumentRecipient;
    readonly targets: readonly BackupTarget[];
    readonly position: BackupPosition;
  },
): Promise<WrittenBackup> {
  const { id, targets, position } = backup;
  const { inTime, options, nowMs } = run;
  // Ends the dump too when the writing fails.
  const ending = new AbortController();
  try {
    return await writeBackup({
      ...{ prefix: BACKUP_PREFIX, id, targets, inTime },
      content: sealDocument(options.content(AbortSignal.any([options.signal, ending.signal])), {
        purpose: 'metadata-backup',
        recipients: [backup.operatorKey],
        // A key, not an id: never from a seed, nor from bytes that were drawn before.
        random: randomBytes,
      }),
      onFailed: (target, fault) => run.failed(target, fault),
      onPart: ({ bytes }) => run.save({ ...position, running: { id, startedMs: nowMs, bytes } }),
    });
  } finally {
    ending.abort();
  }
}

function recordOf({ options, nowMs }: Run, id: string, written: WrittenBackup): BackupRecord {
  const { bytes, parts, sha256, places } = written;
  return { id, takenAtMs: nowMs, bytes, parts, sha256, full: places.length >= options.copies, places };
}

async function tend(run: Run, position: BackupPosition, admitted: ReadonlySet<BackendId>): Promise<void> {
  const { deps, options, inTime } = run;
  const registered = new Set(deps.pool.all().map(({ id }) => id));
  const targets = Object.entries(position.buckets).flatMap(([name, bucket]): readonly BackupTarget[] => {
    const id = name as BackendId;
    const driver = deps.pool.driver(id);
    return driver === undefined ? [] : [{ id, driver, bucket }];
  });
  const { retention, copies } = options;
  const tended = await tendBackups(
    {
      ...{ targets, registered, admitted, retention, copies, inTime },
      held: (await deps.metadata.sweepHold()) !== undefined,
      onFailed: (target, error) => run.failed(target, error),
      alive: () => run.save(position),
    },
    position,
  );
  await run.save({ ...tended.position, tendedMs: run.nowMs }, { leaseMs: 0, changes: tended.changes });
  deps.events.backupsSeen(tended.position.kept);
}
