import type { BackendId } from '@sealgate/core/names';
import { BACKUP_CURSOR, type Metadata } from '@sealgate/core/ports';
import { readBackupPosition } from '../backup/position.ts';
import { goneBuckets } from '../recovery/manifests-due.ts';
import { MANIFEST_CURSORS, RECOVERY_CURSOR } from '../recovery/position.ts';

/** What lies on a backend besides copies and shards, as those who wrote it remember. */
export interface DocumentsOn {
  /** Buckets whose recovery manifest, or something of an older one, is there. */
  readonly manifests: number;
  /** Backups of the metadata. */
  readonly backups: number;
}

type Known = Pick<Metadata, 'countCursors' | 'readCursor' | 'physicalBuckets'>;

/** By what was saved, so one that could not be removed counts until it was. */
export async function documentsOn(metadata: Known, backend: BackendId): Promise<DocumentsOn> {
  const [named, log, backup] = await Promise.all([
    metadata.countCursors(MANIFEST_CURSORS, backend),
    metadata.readCursor(RECOVERY_CURSOR),
    metadata.readCursor(BACKUP_CURSOR),
  ]);
  let manifests = named;
  for (const bucketId of goneBuckets(log)) {
    if ((await metadata.physicalBuckets(bucketId)).has(backend)) manifests += 1;
  }
  const { kept, leaving } = readBackupPosition(backup);
  const backups = [...kept, ...leaving].filter(({ places }) => places.includes(backend)).length;
  return { manifests, backups };
}
