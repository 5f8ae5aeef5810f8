import { BACKUP_CURSOR, type Backend, type Metadata } from '@sealgate/core/ports';
import { ARCHIVE_CURSOR, type ArchiveMove, archivesOn, readArchivePosition } from '../audit/archive-position.ts';
import { readBackupPosition } from '../backup/position.ts';
import { goneBuckets } from '../recovery/manifests-due.ts';
import { MANIFEST_CURSORS, RECOVERY_CURSOR } from '../recovery/position.ts';

/** What lies on a backend besides copies and shards, as those who wrote it remember. */
export interface DocumentsOn {
  /** Buckets whose recovery manifest, or something of an older one, is there. */
  readonly manifests: number;
  /** Backups of the metadata. */
  readonly backups: number;
  /** Archives of the audit log: those that are to leave, and those that are elsewhere too and kept here by their lock. */
  readonly archives: Pick<ArchiveMove, 'left' | 'locked' | 'lockedUntilMs' | 'trouble'>;
}

type Known = Pick<Metadata, 'countCursors' | 'readCursor' | 'physicalBuckets'>;

/** By what was saved, so one that could not be removed counts until it was. */
export async function documentsOn(
  metadata: Known,
  { id: backend, stateSinceMs }: Pick<Backend, 'id' | 'stateSinceMs'>,
): Promise<DocumentsOn> {
  const [named, log, backup, archive] = await Promise.all([
    metadata.countCursors(MANIFEST_CURSORS, backend),
    metadata.readCursor(RECOVERY_CURSOR),
    metadata.readCursor(BACKUP_CURSOR),
    metadata.readCursor(ARCHIVE_CURSOR),
  ]);
  let manifests = named;
  for (const bucketId of goneBuckets(log)) {
    if ((await metadata.physicalBuckets(bucketId)).has(backend)) manifests += 1;
  }
  const { kept, leaving } = readBackupPosition(backup);
  const backups = [...kept, ...leaving].filter(({ places }) => places.includes(backend)).length;
  return { manifests, backups, archives: archivesOn(readArchivePosition(archive), { id: backend, stateSinceMs }) };
}
