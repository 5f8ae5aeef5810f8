export { canonicalJson } from './canonical.ts';
export { type AuditEntry, type EntryReplica, entryLine, parseEntryLine } from './entry.ts';
export {
  contradiction,
  createHeadCheck,
  type Head,
  signHead,
  type VerifiedHead,
  verifyHead,
} from './head.ts';
export { AuditIntegrityError } from './integrity-error.ts';
export {
  type Checkpoint,
  checkpointText,
  createSigner,
  joinSignatures,
  type NoteSigner,
  type NoteVerifier,
  newSignerSeed,
  openCheckpoint,
  openNote,
  parseVerifier,
} from './note.ts';
export { verifyConsistency, verifyInclusion } from './proofs.ts';
export { recordingOf, stricter } from './recording.ts';
export {
  createSegmentsVerifier,
  peaksBefore,
  REQUESTS_RECORDED,
  REQUESTS_REMOVED,
  requestsDigest,
  requestsLine,
  requestsRemovedBefore,
  SEGMENT_FORMAT,
  type SegmentHeader,
  type SegmentsVerifier,
  type VerifiedRange,
} from './segment.ts';
export {
  createHashTree,
  type HashTree,
  leafHash,
  nodeHash,
  openTreeEdge,
  rootOf,
  splitPoint,
  type TreeEdge,
  type TreeNode,
} from './tree.ts';
