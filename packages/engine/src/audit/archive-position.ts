import type { BackendId, PhysicalBucketName } from '@sealgate/core/names';
import type { CursorPosition } from '@sealgate/core/ports';

/** The durable position of archiving. */
export const ARCHIVE_CURSOR = 'audit-archive';

/** An archive of the log, verified by reading on each of its places. Times are the database's, milliseconds since 1970. */
export interface ArchiveRecord {
  readonly id: string;
  readonly takenAtMs: number;
  /** Leaves: from the first to before the second. */
  readonly from: number;
  readonly to: number;
  /** As stored, of one copy. */
  readonly bytes: number;
  /** Of the stored bytes, hex. */
  readonly sha256: string;
  readonly places: readonly BackendId[];
  /** Those of them where object lock keeps it, and until when. */
  readonly locked: readonly BackendId[];
  readonly lockedUntilMs: number | null;
}

export interface ArchivePosition {
  readonly version: 1;
  /** Names this installation among those that may share a backend. */
  readonly installation: string | null;
  readonly buckets: Readonly<Record<BackendId, PhysicalBucketName>>;
  /** Leaves before this one are in archives. */
  readonly through: number;
  /** Where the one ends that is being made, or was when its process died: made again, it has the same range. */
  readonly runningTo: number | null;
  /** When the newest try began; 0: never. */
  readonly triedMs: number;
  readonly trouble: { readonly code: string; readonly retryAtMs: number } | null;
  /** The newest first; older ones are on the backends and in the log (action 128). */
  readonly made: readonly ArchiveRecord[];
}

const NOTHING: ArchivePosition = {
  version: 1,
  installation: null,
  buckets: {},
  through: 0,
  runningTo: null,
  triedMs: 0,
  trouble: null,
  made: [],
};

/** What is not understood counts as nothing: the log is archived anew, which does no harm. */
export function readArchivePosition(position: CursorPosition): ArchivePosition {
  if (typeof position !== 'object' || position === null || !('version' in position)) return NOTHING;
  return position.version === 1 ? (position as ArchivePosition) : NOTHING;
}
