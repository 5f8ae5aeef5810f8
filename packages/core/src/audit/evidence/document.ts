import { canonicalJson } from '../canonical.ts';
import type { AuditEntry } from '../entry.ts';
import { AuditIntegrityError } from '../integrity-error.ts';
import type { NoteVerifier } from '../note.ts';
import { createPlacementHistory, type EvidenceSubject, type PlacementReport } from './history.ts';
import { documentFile, openDocument, type ProvenContent, signedText } from './signed.ts';

export const EVIDENCE_FORMAT = 'sealgate-evidence/1';

/** The document without its signature. */
export interface Evidence extends ProvenContent {
  readonly format: typeof EVIDENCE_FORMAT;
  readonly issuedAt: string;
  readonly subject: EvidenceSubject;
  /** Times as entries have them. Equal: what was there at that time. */
  readonly from: string;
  readonly to: string;
  readonly report: PlacementReport;
}

export interface SignedEvidence {
  readonly evidence: Evidence;
  /** A signed note about the evidence's SHA-256. */
  readonly signature: string;
}

/** The file of a document: canonical JSON in one line. */
export const evidenceFile = (document: SignedEvidence): string => documentFile(document);

/** The text that is signed. */
export const evidenceText = (evidence: Evidence): string => signedText(evidence);

/** The report of entries, which come in the order of the log. */
function reportOf(
  entries: Iterable<AuditEntry>,
  about: { readonly subject: EvidenceSubject; readonly from: string; readonly to: string },
): PlacementReport {
  const history = createPlacementHistory(about.subject);
  for (const entry of entries) history.add(entry);
  return history.report(about.from, about.to);
}

const KIND = { member: 'evidence', format: EVIDENCE_FORMAT, name: 'evidence' } as const;

/**
 * Checks signature, checkpoint and every proof, and works the report out again from the entries.
 * @throws AuditIntegrityError
 */
export function verifyEvidence(text: string, verifiers: readonly NoteVerifier[]): Evidence & { readonly size: number } {
  const { content: opened, entries, size } = openDocument(text, KIND, verifiers);
  const content = opened as Evidence;
  if (canonicalJson(reportOf(entries, content)) !== canonicalJson(content.report)) {
    throw new AuditIntegrityError('The report does not follow from the entries.');
  }
  return { ...content, size };
}
