export {
  EVIDENCE_FORMAT,
  type Evidence,
  evidenceFile,
  evidenceText,
  type ProvenEntry,
  type SignedEvidence,
  verifyEvidence,
} from './document.ts';
export {
  type CopySpan,
  createPlacementHistory,
  type EvidenceSubject,
  type PlacementHistory,
  type PlacementReport,
} from './history.ts';
export type { PlaceFacts, PlaceSpan } from './places.ts';
