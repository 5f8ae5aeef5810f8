import { entryLine, leafHash } from '@sealgate/core/audit';
import {
  ERASURE_FORMAT,
  type ErasureContent,
  type ErasureReport,
  erasureText,
  type SignedErasure,
} from '@sealgate/core/evidence';
import { Fault } from '@sealgate/core/faults';
import type { AuditSigner, AuditStore, Erasure } from '@sealgate/core/ports';
import type { Checkpoints } from '../audit/checkpoints.ts';

/**
 * The signed report of a tenant's deletion, with the proofs that the log vouches for it. Undefined until everything that was
 * known is removed and the entry of that has its place in the log's tree.
 * @throws Fault InternalError when the log was changed
 */
export async function issueErasure(
  deps: {
    readonly store: AuditStore;
    readonly signer: AuditSigner;
    readonly checkpoints: Checkpoints;
    readonly now: () => number;
  },
  erasure: Erasure,
): Promise<SignedErasure | undefined> {
  const { store, signer, checkpoints, now } = deps;
  if (erasure.report === null) return undefined;
  const sequenced = await store.entriesNumbered(erasure.entries);
  const checkpoint = await checkpoints.take();
  if (checkpoint === undefined || sequenced.length < erasure.entries.length) return undefined;
  const { size } = checkpoint;
  const entries = await Promise.all(
    sequenced.map(async ({ leaf, hash, entry }) => {
      const line = entryLine(entry);
      if (Buffer.compare(hash, leafHash(line)) !== 0) {
        throw new Fault('InternalError', `Entry ${leaf} of the audit log is not what it was when it got its leaf.`);
      }
      const proof = await checkpoints.tree.inclusion(leaf, size);
      return { leaf, line, proof: proof.map((one) => Buffer.from(one).toString('base64')) };
    }),
  );
  const content: ErasureContent = {
    format: ERASURE_FORMAT,
    issuedAt: new Date(now()).toISOString(),
    report: JSON.parse(erasure.report) as ErasureReport,
    checkpoint: checkpoint.note,
    entries,
  };
  return { erasure: content, signature: await signer.sign(erasureText(content)) };
}
