import { hash } from 'node:crypto';
import { canonicalJson } from '../canonical.ts';
import { type AuditEntry, parseEntryLine } from '../entry.ts';
import { AuditIntegrityError } from '../integrity-error.ts';
import { type NoteVerifier, openCheckpoint, openNote } from '../note.ts';
import { verifyInclusion } from '../proofs.ts';
import { leafHash } from '../tree.ts';
import { createPlacementHistory, type EvidenceSubject, type PlacementReport } from './history.ts';

export const EVIDENCE_FORMAT = 'sealgate-evidence/1';

/** An entry with the proof that it is in the log. */
export interface ProvenEntry {
  readonly leaf: number;
  readonly line: string;
  /** Base64, from the leaf upwards. */
  readonly proof: readonly string[];
}

/** The document without its signature. */
export interface Evidence {
  readonly format: typeof EVIDENCE_FORMAT;
  readonly issuedAt: string;
  readonly subject: EvidenceSubject;
  /** Times as entries have them. Equal: what was there at that time. */
  readonly from: string;
  readonly to: string;
  /** The signed note of the tree that the proofs are of. */
  readonly checkpoint: string;
  readonly entries: readonly ProvenEntry[];
  readonly report: PlacementReport;
}

export interface SignedEvidence {
  readonly evidence: Evidence;
  /** A signed note about the evidence's SHA-256. */
  readonly signature: string;
}

/** The file of a document: canonical JSON in one line. */
export function evidenceFile(document: SignedEvidence): string {
  return `${canonicalJson(document)}\n`;
}

/** The text that is signed: no checkpoint, for its first line names another thing. */
export function evidenceText(evidence: Evidence): string {
  return `${EVIDENCE_FORMAT}\n${hash('sha256', canonicalJson(evidence), 'base64')}\n`;
}

/** The report of entries, which come in the order of the log. */
function reportOf(
  entries: Iterable<AuditEntry>,
  about: { readonly subject: EvidenceSubject; readonly from: string; readonly to: string },
): PlacementReport {
  const history = createPlacementHistory(about.subject);
  for (const entry of entries) history.add(entry);
  return history.report(about.from, about.to);
}

/**
 * Checks signature, checkpoint and every proof, and works the report out again from the entries.
 * @throws AuditIntegrityError
 */
export function verifyEvidence(text: string, verifiers: readonly NoteVerifier[]): Evidence & { readonly size: number } {
  const document = parsed(text);
  const { evidence, signature } = document;
  const signedText = orIntegrity(() => openNote(signature, verifiers));
  if (signedText !== evidenceText(evidence)) throw new AuditIntegrityError('The evidence is not what was signed.');
  const { size, root } = orIntegrity(() => openCheckpoint(evidence.checkpoint, verifiers));
  const entries: AuditEntry[] = [];
  let last = -1;
  for (const { leaf, line, proof } of evidence.entries) {
    const hashes = proof.map((one) => Buffer.from(one, 'base64'));
    if (leaf <= last || !verifyInclusion({ index: leaf, size, leaf: leafHash(line), root, proof: hashes })) {
      throw new AuditIntegrityError(`Entry ${leaf} of the evidence is not in the log.`);
    }
    last = leaf;
    entries.push(orIntegrity(() => parseEntryLine(line)));
  }
  if (canonicalJson(reportOf(entries, evidence)) !== canonicalJson(evidence.report)) {
    throw new AuditIntegrityError('The report does not follow from the entries.');
  }
  return { ...evidence, size };
}

function parsed(text: string): SignedEvidence {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AuditIntegrityError('The evidence is no JSON.', { cause });
  }
  if (typeof value !== 'object' || `${canonicalJson(value)}\n` !== text)
    throw new AuditIntegrityError('The evidence is not in canonical form.');
  const { evidence, signature } = (value ?? {}) as Partial<SignedEvidence>;
  const whole =
    typeof value === 'object' && value !== null && Object.keys(value).length === 2 && typeof signature === 'string';
  if (!whole || evidence?.format !== EVIDENCE_FORMAT)
    throw new AuditIntegrityError(`This is no document of the form ${EVIDENCE_FORMAT}.`);
  return { evidence, signature };
}

function orIntegrity<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new AuditIntegrityError(cause.message, { cause });
  }
}
