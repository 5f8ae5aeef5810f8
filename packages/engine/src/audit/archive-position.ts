import type { BackendId, PhysicalBucketName } from '@sealgate/core/names';
import type { Backend, CursorPosition } from '@sealgate/core/ports';

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

/** What became of the archives of a backend that they are to leave, when they were last looked at. */
export interface ArchiveMove {
  /** Since when the backend was in its state then. */
  readonly sinceMs: number;
  readonly atMs: number;
  /** Not on enough other places yet, or not removed yet. */
  readonly left: number;
  /** What keeps the first of them there. */
  readonly trouble: string | null;
  /** On enough other places, and still there because they are retained. */
  readonly locked: number;
  /** Until when the last of those is retained; null: there is none, or the backend does not say. */
  readonly lockedUntilMs: number | null;
}

export interface ArchivePosition {
  readonly version: 1;
  /** Names this installation among those that may share a backend. */
  readonly installation: string | null;
  readonly buckets: Readonly<Record<BackendId, PhysicalBucketName>>;
  /** That hold archives and get no more: made before their backends were known to lock. Absent: none. */
  readonly formerBuckets?: readonly { readonly backend: BackendId; readonly bucket: PhysicalBucketName }[];
  /** Leaves before this one are in archives. */
  readonly through: number;
  /** Where the one ends that is being made, or was when its process died: made again, it has the same range. */
  readonly runningTo: number | null;
  /** When the newest try began; 0: never. */
  readonly triedMs: number;
  readonly trouble: { readonly code: string; readonly retryAtMs: number } | null;
  /** The newest first; older ones are on the backends and in the log (action 128). */
  readonly made: readonly ArchiveRecord[];
  /** Of backends that archives are to leave. Absent: none. */
  readonly moves?: Readonly<Record<BackendId, ArchiveMove>>;
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

/** Buckets of a backend that may hold archives. */
export function archiveBuckets(
  { buckets, formerBuckets = [] }: ArchivePosition,
  backend: BackendId,
): readonly PhysicalBucketName[] {
  const former = formerBuckets.filter((one) => one.backend === backend).map(({ bucket }) => bucket);
  const current = buckets[backend];
  return current === undefined ? former : [current, ...former];
}

/** With the buckets that new archives go to from now on; what is in others is not forgotten. */
export function withBuckets(position: ArchivePosition, buckets: ArchivePosition['buckets']): ArchivePosition {
  const left = Object.entries(position.buckets)
    .filter(([id, bucket]) => buckets[id as BackendId] !== bucket)
    .map(([id, bucket]) => ({ backend: id as BackendId, bucket }));
  if (left.length === 0) return { ...position, buckets };
  return { ...position, buckets, formerBuckets: [...(position.formerBuckets ?? []), ...left] };
}

/** What is on these backends is not what was seen there: something was written to them. */
export function writtenTo(position: ArchivePosition, backends: readonly BackendId[]): ArchivePosition {
  const moves = Object.entries(position.moves ?? {}).filter(([id]) => !backends.includes(id as BackendId));
  return { ...position, moves: Object.fromEntries(moves) };
}

/** Archives that lie on a backend that is being emptied, as its last look said or, before one, as is known. */
export function archivesOn(
  position: ArchivePosition,
  { id, stateSinceMs }: Pick<Backend, 'id' | 'stateSinceMs'>,
): Pick<ArchiveMove, 'left' | 'locked' | 'lockedUntilMs' | 'trouble'> {
  const none = { left: 0, locked: 0, lockedUntilMs: null, trouble: null };
  if (archiveBuckets(position, id).length === 0) return none;
  const move = position.moves?.[id];
  if (move?.sinceMs === stateSinceMs) return move;
  // There may be others than the newest ones, which are remembered.
  return { ...none, left: Math.max(1, position.made.filter(({ places }) => places.includes(id)).length) };
}
