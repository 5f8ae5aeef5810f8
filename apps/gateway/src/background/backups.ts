import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import type { BackupOptions, Engine } from '@sealgate/engine';
import { dumpMetadata } from '@sealgate/metadata';
import { type BackgroundLoop, createLoop, type LoopDeps } from '@sealgate/runtime/background';
import type { Config } from '../config.ts';

/** How soon a request is noticed, for two small queries each time. */
const LOOK_MS = 1000;
const PACE = { idleMs: LOOK_MS, backoffMs: 1000, backoffMaxMs: 60_000 };

/**
 * The loop that makes backups of the metadata. Every gateway on a database runs one; a lease lets one of them work.
 * @param deps.holder names this process among them
 */
export function createBackupLoop(
  deps: Pick<LoopDeps, 'clock' | 'logger' | 'metrics'> & {
    readonly engine: Pick<Engine, 'backupDue'>;
    readonly config: Pick<
      Config,
      | 'metadataBackupIntervalSeconds'
      | 'metadataBackupCopies'
      | 'metadataBackupPolicy'
      | 'metadataBackupDaily'
      | 'metadataBackupWeekly'
    >;
    readonly databaseUrl: string;
  } & Pick<BackupOptions, 'holder' | 'operatorKey'>,
): BackgroundLoop {
  const { engine, config, databaseUrl, holder, operatorKey, ...shared } = deps;
  const options: Omit<BackupOptions, 'signal'> = {
    ...{ holder, operatorKey },
    intervalMs: config.metadataBackupIntervalSeconds * 1000,
    copies: config.metadataBackupCopies,
    policy: config.metadataBackupPolicy,
    retention: { daily: config.metadataBackupDaily, weekly: config.metadataBackupWeekly },
    content: (signal) => compressed(dumpMetadata({ databaseUrl }), signal),
  };
  return createLoop({
    ...shared,
    name: 'metadata-backup',
    concurrency: 1,
    pace: PACE,
    run: ({ signal }) => engine.backupDue({ ...options, signal }),
  });
}

function compressed(frames: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const stream = createZstdCompress();
  // What goes wrong ends the stream with the error, and whoever reads it hears of it.
  pipeline(frames, stream, { signal }).catch(() => undefined);
  return stream;
}
