import type { Metadata } from '@sealgate/core/ports';
import { eraseTenants } from '@sealgate/engine';
import { type BackgroundLoop, createLoop, type LoopDeps } from '@sealgate/runtime/background';
import type { Config } from '../config.ts';

const DAY_MS = 24 * 60 * 60_000;
const PACE = { idleMs: 1000, backoffMs: 1000, backoffMaxMs: 60_000 };

/**
 * The loop that deletes tenants. Every gateway on a database runs one; a lease lets one of them work.
 * @param deps.holder names this process among them
 */
export function createTenantErasureLoop(
  deps: Pick<LoopDeps, 'clock' | 'logger' | 'metrics'> & {
    readonly metadata: Metadata;
    readonly config: Pick<Config, 'metadataBackupIntervalSeconds' | 'metadataBackupDaily' | 'metadataBackupWeekly'>;
    readonly holder: string;
  },
): BackgroundLoop {
  const { metadata, config, holder, ...shared } = deps;
  // The newest of a day or week stays until its time is over and a later one has taken its place.
  const kept = Math.max(config.metadataBackupDaily, 7 * config.metadataBackupWeekly) * DAY_MS;
  const interval = config.metadataBackupIntervalSeconds * 1000;
  const backupsKeptMs = interval === 0 ? null : kept + 7 * DAY_MS + interval;
  return createLoop({
    ...shared,
    name: 'tenant-erasures',
    concurrency: 1,
    pace: PACE,
    run: ({ signal }) => eraseTenants({ metadata }, { holder, backupsKeptMs, signal }),
  });
}
