export {
  EVIDENCE_FORMAT,
  type Evidence,
  evidenceFile,
  evidenceText,
  type SignedEvidence,
  verifyEvidence,
} from './document.ts';
export {
  createErasureCheck,
  ERASURE_FORMAT,
  type ErasureContent,
  type ErasureReport,
  erasureFile,
  erasureReport,
  erasureText,
  reportDigest,
  type SignedErasure,
  verifyErasure,
} from './erasure.ts';
export {
  type CopySpan,
  createPlacementHistory,
  type EvidenceSubject,
  type PlacementHistory,
  type PlacementReport,
} from './history.ts';
export { backendOfFacts, type PlaceFacts, type PlaceSpan } from './places.ts';
export type { ProvenEntry } from './signed.ts';
