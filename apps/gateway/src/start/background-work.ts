import { systemClock } from '@sealgate/core/ports';
import { SLOT_LOOK_MS } from '@sealgate/engine';
import { type BackgroundLoop, createLoop } from '@sealgate/runtime/background';
import type { Logger } from '@sealgate/runtime/log';
import { createArchiveLoops } from '../audit/archive-loop.ts';
import { createAuditLoops } from '../audit/loops.ts';
import { createBackupLoop } from '../background/backups.ts';
import { createJobLoop } from '../background/jobs.ts';
import { createLifecycleLoop } from '../background/lifecycle.ts';
import { createMaintenanceLoops } from '../background/maintenance.ts';
import { createSweepLoops } from '../background/sweeps.ts';
import { createTenantErasureLoop } from '../background/tenant-erasures.ts';
import type { Config } from '../config.ts';
import { createNotificationLoops } from '../notifications/loops.ts';
import type { Metrics } from '../observe/metrics.ts';
import { createRecoveryLoop } from '../recovery/loop.ts';
import { loadOperatorKey } from '../recovery/operator-key.ts';
import { createUsageLoops } from '../usage/loops.ts';
import type { Closers } from './closers.ts';
import type { CoreServices } from './core-services.ts';

export interface BackgroundDeps {
  readonly core: CoreServices;
  readonly config: Config;
  readonly databaseUrl: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly closers: Closers;
}

/** Secrets that one round seals anew after the passphrase changed. */
const RESEALED_AT_ONCE = 100;
const RESEAL_PACE = { idleMs: 60_000, backoffMs: 1000, backoffMaxMs: 10 * 60_000 };

/** Write plans that are over, in one transaction each round. */
const PLANS_ENDED_AT_ONCE = 100;
const PLANS_PACE = { idleMs: 5_000, backoffMs: 1000, backoffMaxMs: 60_000 };

const SHARE_PACE = { idleMs: SLOT_LOOK_MS, backoffMs: 1000, backoffMaxMs: SLOT_LOOK_MS };

/** Expired sessions are of no use and no harm: rows that go when there is time. */
const SESSIONS_REMOVED_AT_ONCE = 1000;
const SESSION_SWEEP_PACE = { idleMs: 10 * 60_000, backoffMs: 1000, backoffMaxMs: 10 * 60_000 };

/**
 * Starts every loop that works in the background. Loops of several processes on one database share the work: each takes
 * from a queue under leases, or holds the lease of a walk while it makes a step of it.
 * @returns the loops, which end with `closers`
 * @param options.beside the loops end together with what was opened before them
 */
export async function startBackgroundWork(
  { core, config, databaseUrl, logger, metrics, closers }: BackgroundDeps,
  options: { readonly beside: boolean },
): Promise<readonly BackgroundLoop[]> {
  const shared = { clock: systemClock, logger, metrics };
  const { metadata, webhooks } = core;
  const { holder } = core.fleet;
  const operatorKey = await loadOperatorKey(config);
  if (operatorKey === undefined)
    logger.warn(
      'SEALGATE_RECOVERY_KEY is not set: buckets of tenants without recovery keys cannot be recovered without this database, and no backup of it is made',
    );
  const loops: readonly BackgroundLoop[] = [
    // First, so that the others begin with the part that is theirs.
    createLoop({ ...shared, name: 'background-share', concurrency: 1, pace: SHARE_PACE, run: () => core.fleet.look() }),
    ...createAuditLoops({ ...shared, audit: core.audit, checkpointSeconds: config.auditCheckpointSeconds }),
    ...(await createArchiveLoops({ ...shared, core, config, holder, operatorKey, archiveMetrics: metrics.archives })),
    ...createNotificationLoops({ ...shared, metadata, webhooks, registry: metrics.registry }),
    ...createQueueLoops({ ...shared, engine: core.engine, config }),
    createJobLoop({ ...shared, metadata }),
    ...createSweepLoops({ ...shared, engine: core.engine, config, holder }),
    createLifecycleLoop({ ...shared, engine: core.engine, config, holder }),
    createRecoveryLoop({
      ...shared,
      ...{ metadata, engine: core.engine, config, operatorKey, holder },
      recoveryMetrics: metrics.recovery,
    }),
    createBackupLoop({ ...shared, engine: core.engine, config, holder, operatorKey, databaseUrl }),
    createTenantErasureLoop({ ...shared, metadata, config, holder }),
    ...createMaintenanceLoops({ ...shared, engine: core.engine, config, holder }),
    ...createUsageLoops({ ...shared, metadata, holder }),
    ...createRowLoops({ ...shared, metadata }),
  ];
  for (const loop of loops) loop.start();
  closers.add(
    'background work',
    async (graceMs) => {
      // First: what the loops cannot finish in time goes back untried, at once.
      core.engine.repairWork.stopTaking();
      await Promise.all(loops.map((loop) => loop.stop(graceMs)));
      // Walks go on elsewhere at once, not when their leases are over.
      await metadata.releaseCursors(holder).catch((error: unknown) => {
        logger.debug({ err: error }, 'walks could not be given back; their leases run out by themselves');
      });
    },
    options,
  );
  return loops;
}

/** Queues that commits fill. */
function createQueueLoops({
  engine,
  config,
  ...shared
}: Pick<BackgroundDeps, 'config' | 'logger' | 'metrics'> &
  Pick<CoreServices, 'engine'> & { readonly clock: typeof systemClock }): readonly BackgroundLoop[] {
  const { deletionConcurrency, repairConcurrency } = config;
  return [
    createLoop({ ...shared, name: 'deletions', concurrency: deletionConcurrency, run: (o) => engine.deleteDue(o) }),
    createLoop({ ...shared, name: 'repairs', concurrency: repairConcurrency, run: (o) => engine.repairDue(o) }),
    createLoop({ ...shared, name: 'locks', concurrency: 1, run: (o) => engine.pushLocksDue(o) }),
  ];
}

/** Rows that are over, or to be sealed anew. */
function createRowLoops({
  metadata,
  ...shared
}: Pick<BackgroundDeps, 'logger' | 'metrics'> &
  Pick<CoreServices, 'metadata'> & { readonly clock: typeof systemClock }): readonly BackgroundLoop[] {
  const one = { ...shared, concurrency: 1 };
  return [
    createLoop({
      ...one,
      name: 'write-plans',
      run: () => metadata.expireWritePlans(PLANS_ENDED_AT_ONCE),
      pace: PLANS_PACE,
    }),
    createLoop({
      ...one,
      name: 'secrets',
      run: () => metadata.resealSecrets(RESEALED_AT_ONCE),
      pace: RESEAL_PACE,
    }),
    createLoop({
      ...one,
      name: 'sessions',
      run: () => metadata.removeExpiredSessions(SESSIONS_REMOVED_AT_ONCE),
      pace: SESSION_SWEEP_PACE,
    }),
  ];
}
