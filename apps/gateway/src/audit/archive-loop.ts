import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { Fault, isFault } from '@sealgate/core/faults';
import { type ArchiveOptions, archiveDue, defaultEngineLimits } from '@sealgate/engine';
import { type DocumentRecipient, documentRecipient } from '@sealgate/engine/documents';
import { type BackgroundLoop, createLoop, type LoopDeps } from '@sealgate/runtime/background';
import type { Config } from '../config.ts';
import type { CoreServices } from '../start/core-services.ts';

const PACE = { idleMs: 5000, backoffMs: 1000, backoffMaxMs: 60_000 };
const DAY_MS = 24 * 60 * 60_000;

/**
 * The loop that archives the audit log. Every gateway on a database runs one; a lease lets one of them work. None without a key
 * to seal archives to, or when it is switched off.
 * @throws Fault ConfigInvalid
 */
export async function createArchiveLoops(
  deps: Pick<LoopDeps, 'clock' | 'logger' | 'metrics'> & {
    readonly core: CoreServices;
    readonly config: Config;
    readonly holder: string;
    readonly operatorKey: DocumentRecipient | undefined;
  },
): Promise<readonly BackgroundLoop[]> {
  const { core, config, holder, operatorKey, ...shared } = deps;
  const recipient = (await archiveKey(config)) ?? operatorKey;
  if (config.auditArchiveSeconds === 0 || recipient === undefined) return [];
  const { metadata, engine, registry, audit } = core;
  const work = {
    ...{ metadata, policies: engine.policies, pool: registry.pool, clock: shared.clock, limits: defaultEngineLimits },
    ...{ store: audit.store, checkpoints: audit.checkpoints },
    onFailed: (fault: Fault) => shared.logger.warn({ err: fault }, 'the audit log could not be archived everywhere'),
  };
  const options: Omit<ArchiveOptions, 'signal'> = {
    ...{ holder, recipient, compress },
    intervalMs: config.auditArchiveSeconds * 1000,
    copies: config.metadataBackupCopies,
    policy: config.metadataBackupPolicy,
    lockMs: config.auditArchiveLockDays * DAY_MS,
  };
  return [
    createLoop({
      ...shared,
      name: 'audit-archive',
      concurrency: 1,
      pace: PACE,
      run: ({ signal }) => archiveDue(work, { ...options, signal }),
    }),
  ];
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
