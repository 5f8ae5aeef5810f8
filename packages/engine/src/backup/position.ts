import type { BackendId, PhysicalBucketName } from '@sealgate/core/names';
import type { CursorPosition } from '@sealgate/core/ports';

/** A backup of the metadata that was verified by reading, on each of its places. */
export interface BackupRecord {
  readonly id: string;
  /** Milliseconds since 1970, of the database's clock. */
  readonly takenAtMs: number;
  /** As stored, of one copy. */
  readonly bytes: number;
  readonly parts: number;
  /** Of the stored bytes, hex. */
  readonly sha256: string;
  /** It came to as many places as were wanted. */
  readonly full: boolean;
  readonly places: readonly BackendId[];
}

/** What is durable about backups; times are the database's, milliseconds since 1970. */
export interface BackupPosition {
  readonly version: 1;
  /** Names this installation among those that may share a backend; goes with the database into every backup. */
  readonly installation: string | null;
  /** The physical bucket of each backend that ever got a backup. */
  readonly buckets: Readonly<Record<BackendId, PhysicalBucketName>>;
  /** One that is being made, or was when its process died. */
  readonly running: { readonly id: string; readonly startedMs: number; readonly bytes: number } | null;
  /** The newest first. */
  readonly kept: readonly BackupRecord[];
  /** To be removed, and from where. */
  readonly leaving: readonly { readonly id: string; readonly places: readonly BackendId[] }[];
  /** When the newest try began; 0: never. */
  readonly triedMs: number;
  readonly trouble: { readonly code: string; readonly retryAtMs: number } | null;
  /** The operator has no key: none is made. */
  readonly keyless: boolean;
  /** When what is to go was last tried; absent: never. */
  readonly tendedMs?: number;
}

const NO_BACKUPS: BackupPosition = {
  version: 1,
  installation: null,
  buckets: {},
  running: null,
  kept: [],
  leaving: [],
  triedMs: 0,
  trouble: null,
  keyless: false,
};

/** What is not understood counts as nothing: backups that lie on known backends are found again. */
export function readBackupPosition(position: CursorPosition): BackupPosition {
  if (typeof position !== 'object' || position === null || !('version' in position)) return NO_BACKUPS;
  return position.version === 1 ? (position as BackupPosition) : NO_BACKUPS;
}
