export { createDiscretion, type Discretion } from './discretion.ts';
export { FRUITLESS_PAGES_MAX, SNAPSHOT_NAME_BYTES_MAX, SOURCE_BUCKET_CHARS_MAX, TAG_NAMES_MAX } from './limits.ts';
export { shownTime } from './shown-time.ts';
export { type BucketTally, createTally, type Tally } from './tally.ts';
export {
  type BucketSettings,
  type DefaultRetention,
  NO_SETTINGS,
  type SnapshotBucket,
  type SnapshotCaps,
  type SnapshotFile,
  type SnapshotSource,
  type SnapshotSummary,
  type SourceBucket,
  type SourceObject,
  type SourceTrouble,
  type Unread,
} from './types.ts';
