import { hash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { AuditSigner, Bucket, Clock, ObjectVersion, StoredCheckpoint } from '@sealgate/core/ports';
import type { Checkpoints } from '@sealgate/engine';

/** A checkpoint serves so long for heads: each says of which it is, and an older one only says less. */
const CHECKPOINT_KEPT_MS = 1000;

/** Signs what a read found, so that serving stale data can be proved. */
export interface Heads {
  /** Called before the read. */
  before(): Promise<HeadOfRead>;
}

/** Of one read. */
export type HeadOfRead = (found: { readonly bucket: Bucket; readonly version: ObjectVersion }) => Promise<string>;

export function createHeads(deps: {
  readonly checkpoints: Checkpoints;
  readonly signer: Pick<AuditSigner, 'signHead'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}): Heads {
  const { checkpoints, signer, clock } = deps;
  let kept: { readonly checkpoint: StoredCheckpoint; readonly takenMs: number } | undefined;

  async function checkpoint(): Promise<StoredCheckpoint> {
    const nowMs = clock.monotonic();
    if (kept !== undefined && nowMs - kept.takenMs < CHECKPOINT_KEPT_MS) return kept.checkpoint;
    const taken = await checkpoints.take();
    if (taken === undefined) throw new Fault('InternalError', 'The audit log has no entries yet.');
    kept = { checkpoint: taken, takenMs: nowMs };
    return taken;
  }

  return {
    async before() {
      const { note } = await checkpoint();
      return ({ bucket, version }) =>
        signer.signHead({
          bucketId: bucket.id,
          bucket: bucket.name,
          key: version.key,
          version: Number(version.seq),
          versionId: version.versionId,
          etag: version.etag,
          bytes: version.bytes,
          digest: digestOf(version),
          at: new Date(clock.now()).toISOString().replace('Z', '000Z'),
          checkpoint: note,
        });
    },
  };
}

/** Of versions put whole whose list of block digests is short enough to be at hand. */
function digestOf({ blob }: ObjectVersion): string | null {
  const digests = blob?.digests ?? null;
  return digests === null || digests.length === 0 ? null : hash('sha256', digests, 'hex');
}
