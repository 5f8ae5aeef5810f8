import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { Fault, isFault } from '@sealgate/core/faults';
import {
  ARCHIVE_LOCKS_WANTED,
  type ArchiveOptions,
  type ArchiveRecord,
  archiveDue,
  defaultEngineLimits,
  removeRequestsDue,
} from '@sealgate/engine';
import { type DocumentRecipient, documentRecipient } from '@sealgate/engine/documents';
import { type BackgroundLoop, createLoop, type LoopDeps } from '@sealgate/runtime/background';
import type { Config } from '../config.ts';
import type { ArchiveMetrics } from '../observe/archive-metrics.ts';
import type { CoreServices } from '../start/core-services.ts';

const PACE = { idleMs: 5000, backoffMs: 1000, backoffMaxMs: 60_000 };
const DAY_MS = 24 * 60 * 60_000;

/** Between two looks for records of requests that are too old. */
const REQUESTS_PACE = { idleMs: 60_000, backoffMs: 1000, backoffMaxMs: 60_000 };

/**
 * The loops that archive the audit log and remove records of requests that are too old. Every gateway on a database runs them; a lease
 * lets one of them work. Without a key to seal archives to, or when that is switched off, those that there are are looked after.
 * @throws Fault ConfigInvalid
 */
export async function createArchiveLoops(
  deps: Pick<LoopDeps, 'clock' | 'logger' | 'metrics'> & {
    readonly core: CoreServices;
    readonly config: Config;
    readonly holder: string;
    readonly operatorKey: DocumentRecipient | undefined;
    readonly archiveMetrics: ArchiveMetrics;
  },
): Promise<readonly BackgroundLoop[]> {
  const { core, config, holder, operatorKey, archiveMetrics, ...shared } = deps;
  requireSense(config);
  const recipient = (await archiveKey(config)) ?? operatorKey;
  const { metadata, engine, registry, audit } = core;
  const work = {
    ...{ metadata, policies: engine.policies, pool: registry.pool, clock: shared.clock, limits: defaultEngineLimits },
    ...{ store: audit.store, checkpoints: audit.checkpoints },
    onFailed(fault: Fault) {
      archiveMetrics.failed(fault);
      shared.logger.warn({ err: fault }, 'the audit log could not be archived everywhere');
    },
    onSeen: createWatch(shared.logger, archiveMetrics, config.auditArchiveLockDays > 0),
  };
  const options: Omit<ArchiveOptions, 'signal'> = {
    ...{ holder, recipient, compress },
    intervalMs: config.auditArchiveSeconds * 1000,
    copies: config.metadataBackupCopies,
    lockedCopies: config.auditArchiveLockedCopies,
    lockMode: config.auditArchiveLockMode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE',
    policy: config.metadataBackupPolicy,
    lockMs: config.auditArchiveLockDays * DAY_MS,
  };
  const archived = recipient !== undefined && options.intervalMs > 0;
  return [
    createLoop({
      ...shared,
      name: 'audit-archive',
      concurrency: 1,
      pace: PACE,
      run: ({ signal }) => archiveDue(work, { ...options, signal }),
    }),
    createLoop({
      ...shared,
      name: 'audit-requests',
      concurrency: 1,
      pace: REQUESTS_PACE,
      run: () => removeRequestsDue(work, { holder, keepMs: config.auditRequestsKeptDays * DAY_MS, archived }),
    }),
  ];
}

/** @throws Fault ConfigInvalid for what no archive could ever be */
function requireSense({ auditArchiveLockedCopies: locked, auditArchiveLockDays, metadataBackupCopies }: Config): void {
  if (locked === 0 || (locked <= metadataBackupCopies && auditArchiveLockDays > 0)) return;
  throw new Fault(
    'ConfigInvalid',
    'SEALGATE_AUDIT_ARCHIVE_LOCKED_COPIES is more than the copies of an archive (SEALGATE_METADATA_BACKUP_COPIES), or locks are off (SEALGATE_AUDIT_ARCHIVE_LOCK_DAYS is 0).',
  );
}

/** Tells once of each newest archive that too few backends lock. */
function createWatch(logger: LoopDeps['logger'], metrics: ArchiveMetrics, locks: boolean) {
  let told: string | undefined;
  return (made: readonly ArchiveRecord[]): void => {
    metrics.seen(made);
    const [newest] = made;
    if (!locks || newest === undefined || newest.id === told || newest.locked.length >= ARCHIVE_LOCKS_WANTED) return;
    told = newest.id;
    logger.warn(
      { archive: newest.id, backends: newest.places, locked: newest.locked },
      `fewer than ${ARCHIVE_LOCKS_WANTED} backends lock the newest archive of the audit log`,
    );
  };
}

async function archiveKey({ auditArchiveKeyFile: file }: Config): Promise<DocumentRecipient | undefined> {
  if (file === undefined) return undefined;
  try {
    return await documentRecipient(await readFile(file, 'utf8'));
  } catch (error) {
    const reason = isFault(error) ? error.message : 'The file cannot be read.';
    throw new Fault('ConfigInvalid', `SEALGATE_AUDIT_ARCHIVE_KEY names ${file}. ${reason}`, { cause: error });
  }
}

function compress(text: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const stream = createZstdCompress();
  // What goes wrong ends the stream with the error, and whoever reads it hears of it.
  pipeline(text, stream, { signal }).catch(() => undefined);
  return stream;
}
