import { createHash } from 'node:crypto';
import { Fault, toFault } from '@sealgate/core/faults';
import type { PhysicalBucketName } from '@sealgate/core/names';
import type { BackendDriver } from '@sealgate/core/ports';
import type { InTime } from './in-time.ts';
import {
  BACKUP_INDEX_BYTES_MAX,
  BACKUP_PART_BYTES,
  type BackupIndex,
  backupIndexKey,
  backupPartKey,
  decodeBackupIndex,
  parseBackupKey,
  type StoredPrefix,
  sha256Of,
} from './stored-backup.ts';

/** A physical bucket that may hold backups, or archives of the log. */
export interface BackupPlace {
  readonly driver: BackendDriver;
  readonly bucket: PhysicalBucketName;
}

const LIST_PAGE = 1000;

/** Ids of what lies in a place; `index`: the beginning of its index's digest, absent when it is not whole. */
export async function listBackups(
  { driver, bucket }: BackupPlace,
  inTime: InTime,
  prefix: StoredPrefix,
): Promise<ReadonlyMap<string, string | undefined>> {
  const found = new Map<string, string | undefined>();
  for (let after: string | undefined; ; ) {
    const from = after === undefined ? {} : { after };
    const page = await inTime((signal) => driver.list(bucket, { prefix, limit: LIST_PAGE, signal, ...from }));
    for (const { key } of page.blobs) {
      const parsed = parseBackupKey(key);
      if (parsed !== undefined) found.set(parsed.id, parsed.index ?? found.get(parsed.id));
    }
    after = page.blobs.at(-1)?.key;
    if (!page.truncated || after === undefined) return found;
  }
}

/** @throws Fault BackendCorrupt when it is not what was written, or as the driver */
export async function readBackupIndex(
  { driver, bucket }: BackupPlace,
  named: { readonly id: string; readonly index: string },
  inTime: InTime,
  prefix: StoredPrefix,
): Promise<BackupIndex> {
  const key = backupIndexKey(prefix, named.id, named.index);
  const bytes = await inTime((signal) => readWhole(driver, bucket, key, { bytesMax: BACKUP_INDEX_BYTES_MAX, signal }));
  const index = decodeBackupIndex(bytes, named);
  if (index === undefined) throw new Fault('BackendCorrupt', 'The index of a backup is not what was written.');
  return index;
}

/**
 * The sealed bytes of a backup, part after part, each from the first place that has a good copy of it. Nothing is given out
 * that does not match the index.
 * @throws Fault of the last place when none has a part
 */
export async function* readBackup(
  places: readonly BackupPlace[],
  index: BackupIndex,
  inTime: InTime,
  prefix: StoredPrefix,
): AsyncGenerator<Buffer> {
  const whole = createHash('sha256');
  for (const [number, part] of index.parts.entries()) {
    const key = backupPartKey(prefix, index.id, number, part.sha256);
    const bytes = await firstGood(places, async ({ driver, bucket }) => {
      const found = await inTime((signal) => readWhole(driver, bucket, key, { bytesMax: BACKUP_PART_BYTES, signal }));
      if (sha256Of(found) !== part.sha256)
        throw new Fault('BackendCorrupt', 'A part of a backup reads back different.');
      return found;
    });
    whole.update(bytes);
    yield bytes;
  }
  if (whole.digest('hex') !== index.sha256) throw new Fault('BackendCorrupt', 'A backup is not what its index says.');
}

async function firstGood(
  places: readonly BackupPlace[],
  read: (place: BackupPlace) => Promise<Buffer>,
): Promise<Buffer> {
  let failure = new Fault('BlobMissing', 'No place has this part of the backup.');
  for (const place of places) {
    try {
      return await read(place);
    } catch (error) {
      failure = toFault(error);
    }
  }
  throw failure;
}

/** A key's bytes, held whole. @throws Fault BackendCorrupt when they are more than anybody of ours would write */
export async function readWhole(
  driver: BackendDriver,
  bucket: PhysicalBucketName,
  key: string,
  { bytesMax, signal }: { readonly bytesMax: number; readonly signal: AbortSignal },
): Promise<Buffer> {
  const opened = await driver.get(bucket, key, { signal });
  if (opened.totalBytes > bytesMax) {
    opened.body.destroy();
    throw new Fault('BackendCorrupt', 'It is longer than anything that was written.');
  }
  const pieces: Buffer[] = [];
  for await (const piece of opened.body as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}
