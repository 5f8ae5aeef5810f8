import { entryLine, leafHash } from '@sealgate/core/audit';
import {
  backendOfFacts,
  createPlacementHistory,
  EVIDENCE_FORMAT,
  type Evidence,
  type EvidenceSubject,
  evidenceText,
  type ProvenEntry,
  type SignedEvidence,
} from '@sealgate/core/evidence';
import { Fault } from '@sealgate/core/faults';
import type { AuditSigner, AuditStore } from '@sealgate/core/ports';
import { EVIDENCE_ENTRIES_MAX } from '../limits.ts';
import type { Checkpoints } from './checkpoints.ts';

/** Signed reports of where copies were. */
export interface EvidenceIssuer {
  /**
   * What the log says up to now about the time between two times, the same twice for one moment; milliseconds since 1970.
   * @throws Fault InvalidRequest when it is too much for one document, InternalError when the log was changed
   */
  issue(request: {
    readonly subject: EvidenceSubject;
    readonly fromMs: number;
    readonly toMs: number;
  }): Promise<SignedEvidence>;
}

export function createEvidenceIssuer(deps: {
  readonly store: AuditStore;
  readonly signer: AuditSigner;
  readonly checkpoints: Checkpoints;
  readonly now: () => number;
}): EvidenceIssuer {
  const { store, signer, checkpoints, now } = deps;

  async function prove(leaf: number, line: string, size: number): Promise<ProvenEntry> {
    const proof = await checkpoints.tree.inclusion(leaf, size);
    return { leaf, line, proof: proof.map((hash) => Buffer.from(hash).toString('base64')) };
  }

  return {
    async issue({ subject, fromMs, toMs }) {
      const checkpoint = await checkpoints.take();
      if (checkpoint === undefined) throw new Fault('NotFound', 'The log has no entries yet.');
      const { size } = checkpoint;
      const [own, backends] = await Promise.all([store.entriesOf(subject), store.entriesOfBackends()]);
      const history = createPlacementHistory(subject);
      const entries: ProvenEntry[] = [];
      // A bucket's owner is told of the backends that had its bytes, and of no others.
      const holders = new Set(own.flatMap(({ entry }) => entry.replicas ?? []).map(({ backend }) => backend));
      const places = backends.filter(({ entry }) => holders.has(backendOfFacts(entry) ?? ''));
      for (const { leaf, hash, entry } of [...own, ...places].sort((a, b) => a.leaf - b.leaf)) {
        if (leaf >= size || !history.add(entry)) continue;
        const line = entryLine(entry);
        if (Buffer.compare(hash, leafHash(line)) !== 0) {
          throw new Fault('InternalError', `Entry ${leaf} of the audit log is not what it was when it got its leaf.`);
        }
        entries.push(await prove(leaf, line, size));
        if (entries.length > EVIDENCE_ENTRIES_MAX) {
          throw new Fault(
            'InvalidRequest',
            `More than ${EVIDENCE_ENTRIES_MAX} entries. Ask for one key, or use an export of the log.`,
          );
        }
      }
      const [from, to] = [entryTime(fromMs), entryTime(toMs)];
      const report = history.report(from, to);
      const issuedAt = new Date(now()).toISOString();
      const about = { subject, from, to, checkpoint: checkpoint.note };
      const evidence: Evidence = { format: EVIDENCE_FORMAT, issuedAt, ...about, entries, report };
      return { evidence, signature: await signer.sign(evidenceText(evidence)) };
    },
  };
}

/** A time as entries have it. */
function entryTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
