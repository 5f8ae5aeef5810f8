import type { Metadata } from '@sealgate/core/ports';
import type { Engine } from '@sealgate/engine';
import type { DocumentRecipient } from '@sealgate/engine/documents';
import { type BackgroundLoop, createLoop, type LoopDeps } from '@sealgate/runtime/background';
import type { Config } from '../config.ts';
import type { RecoveryMetrics } from './metrics.ts';

const BACKOFF = { backoffMs: 1000, backoffMaxMs: 60_000 };
/** Counting all buckets costs the database something. */
const COUNT_EVERY_MS = 60_000;

/**
 * The loop that writes recovery manifests. Every gateway on a database runs one; a lease lets one of them work.
 * @param deps.holder names this process among them
 */
export function createRecoveryLoop(
  deps: Pick<LoopDeps, 'clock' | 'logger' | 'metrics'> & {
    readonly engine: Pick<Engine, 'manifestsDue'>;
    readonly metadata: Pick<Metadata, 'countRecoverable'>;
    readonly recoveryMetrics: Pick<RecoveryMetrics, 'buckets'>;
    readonly config: Pick<Config, 'recoveryIntervalSeconds'>;
    readonly operatorKey: DocumentRecipient | undefined;
    readonly holder: string;
  },
): BackgroundLoop {
  const { engine, metadata, recoveryMetrics, config, operatorKey, holder, ...shared } = deps;
  let countedMs = Number.NEGATIVE_INFINITY;
  return createLoop({
    ...shared,
    name: 'recovery',
    concurrency: 1,
    async run({ signal }) {
      const done = await engine.manifestsDue({ holder, operatorKey, signal });
      const now = shared.clock.monotonic();
      if (now - countedMs >= COUNT_EVERY_MS) {
        countedMs = now;
        recoveryMetrics.buckets(await metadata.countRecoverable(), operatorKey !== undefined);
      }
      return done;
    },
    pace: { idleMs: config.recoveryIntervalSeconds * 1000, ...BACKOFF },
  });
}
