import { AUDIT_BATCH, createSequencer } from '@sealgate/engine';
import { type BackgroundLoop, createLoop, type LoopDeps } from '@sealgate/runtime/background';
import type { AuditServices } from './audit-services.ts';

/** An entry has its leaf about this long after its commit, twice that when others are being committed meanwhile. */
const SEQUENCE_PACE = { fullRound: AUDIT_BATCH, idleMs: 250, backoffMs: 250, backoffMaxMs: 10_000 };
/** How often a process looks whether a checkpoint is due: several times in the shortest interval that can be set. */
const CHECKPOINT_PACE = { idleMs: 1000, backoffMs: 1000, backoffMaxMs: 60_000 };

/** The loops that give entries their leaves and sign what has grown. */
export function createAuditLoops(
  deps: Pick<LoopDeps, 'clock' | 'logger' | 'metrics'> & {
    readonly audit: AuditServices;
    readonly checkpointSeconds: number;
  },
): readonly BackgroundLoop[] {
  const { audit, checkpointSeconds, ...shared } = deps;
  const sequencer = createSequencer(audit.store);
  return [
    createLoop({
      ...shared,
      name: 'audit-leaves',
      concurrency: 1,
      run: () => sequencer.sequenceDue(),
      pace: SEQUENCE_PACE,
    }),
    createLoop({
      ...shared,
      name: 'audit-checkpoints',
      concurrency: 1,
      run: () => audit.checkpoints.takeDue(checkpointSeconds * 1000),
      pace: CHECKPOINT_PACE,
    }),
  ];
}
