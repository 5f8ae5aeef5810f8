import type { OpenedVersion } from './open-version.ts';
import type { FoundBucket, WorkVersion } from './work-file.ts';

/** Where recovered objects go. */
export interface RecoveryTarget {
  /** Names the place of a version; the same for the same version, always. */
  nameOf(
    bucket: FoundBucket,
    version: WorkVersion,
    how: { readonly sealed: boolean; readonly versions: boolean },
  ): string;
  /** Whether what an earlier run put there is still there. */
  has(name: string, signal: AbortSignal): Promise<boolean>;
  /** All or nothing: a body that fails leaves nothing behind. */
  write(
    name: string,
    opened: OpenedVersion,
    options: {
      readonly version: WorkVersion;
      readonly signal: AbortSignal;
      /** Bytes of this version that arrived so far. */
      readonly onBytes: (bytes: number) => void;
    },
  ): Promise<void>;
}

/** The last name of a version's path, when all versions are restored. */
export function versionName(modifiedAtMs: number, versionId: string, seq: string): string {
  const time = new Date(modifiedAtMs).toISOString().replaceAll(/[-:]/g, '');
  return `${time}-${versionId === 'null' ? `null-${seq}` : versionId}`;
}
