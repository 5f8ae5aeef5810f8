import { createHash } from 'node:crypto';
import { Fault, toFault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { InTime } from './in-time.ts';
import { type BackupPlace, readWhole } from './read-backup.ts';
import {
  BACKUP_PART_BYTES,
  BACKUP_PARTS_MAX,
  type BackupPart,
  backupIndexKey,
  backupPartKey,
  encodeBackupIndex,
  type StoredPrefix,
  sha256Of,
} from './stored-backup.ts';

/** A place of a backup and whose it is. */
export interface BackupTarget extends BackupPlace {
  readonly id: BackendId;
}

export interface WriteBackup {
  readonly prefix: StoredPrefix;
  readonly id: string;
  readonly targets: readonly BackupTarget[];
  /** Sealed. */
  readonly content: AsyncIterable<Uint8Array>;
  readonly inTime: InTime;
  readonly onFailed: (target: BackendId, fault: Fault) => void;
  /** Called for each key that a target has, read back. @throws when the target is to be left out */
  readonly protect?: (target: BackupTarget, key: string) => Promise<void>;
  /** What a target has of it already is written anew: for one that was begun before. */
  readonly replace?: boolean;
  /** A part is where it should be. @throws to give up */
  readonly onPart: (progress: { readonly bytes: number; readonly parts: number }) => Promise<void>;
}

export interface WrittenBackup {
  readonly bytes: number;
  readonly parts: number;
  readonly sha256: string;
  /** Each of them has all of it, read back. */
  readonly places: readonly BackendId[];
}

/**
 * Stores a backup on all targets, part after part, each read back before the next one, the index at the end. A target that
 * fails is left out from there on; what it holds has no index and so is none. One part is held.
 *
 * @throws Fault of the last target that failed when none is left; whatever the content throws
 */
export async function writeBackup(request: WriteBackup): Promise<WrittenBackup> {
  const { id, prefix } = request;
  const whole = createHash('sha256');
  const parts: BackupPart[] = [];
  let targets = request.targets;
  let bytes = 0;
  for await (const part of partsOf(request.content)) {
    if (parts.length === BACKUP_PARTS_MAX)
      throw new Fault('QuotaExceeded', 'The backup has more parts than one may have.');
    const sha256 = sha256Of(part);
    targets = await storeOnAll(request, targets, backupPartKey(prefix, id, parts.length, sha256), part);
    whole.update(part);
    parts.push({ bytes: part.length, sha256 });
    bytes += part.length;
    await request.onPart({ bytes, parts: parts.length });
  }
  const sha256 = whole.digest('hex');
  const index = encodeBackupIndex({ id, sha256, parts });
  targets = await storeOnAll(request, targets, backupIndexKey(prefix, id, sha256Of(index)), index);
  return { bytes, parts: parts.length, sha256, places: targets.map((target) => target.id) };
}

async function storeOnAll(
  { inTime, onFailed, protect, replace = false }: WriteBackup,
  targets: readonly BackupTarget[],
  key: string,
  body: Buffer,
): Promise<readonly BackupTarget[]> {
  const sha256 = createHash('sha256').update(body).digest();
  const md5 = createHash('md5').update(body).digest();
  let failure = new Fault('NoLegalPlacement', 'No storage location can take the backup.');
  const stored = await Promise.all(
    targets.map(async (target) => {
      const { id, driver, bucket } = target;
      try {
        await inTime((signal) => driver.put(bucket, key, { body, bytes: body.length, md5, sha256, replace, signal }));
        const found = await inTime((signal) => readWhole(driver, bucket, key, { bytesMax: body.length, signal }));
        if (!found.equals(body)) throw new Fault('BackendCorrupt', 'A part of a backup reads back different.');
        await protect?.(target, key);
        return true;
      } catch (error) {
        failure = toFault(error);
        onFailed(id, failure);
        return false;
      }
    }),
  );
  const left = targets.filter((_, index) => stored[index] === true);
  if (left.length === 0) throw failure;
  return left;
}

async function* partsOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let pieces: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + BACKUP_PART_BYTES - held);
      pieces.push(piece);
      held += piece.length;
      at += piece.length;
      if (held < BACKUP_PART_BYTES) continue;
      yield Buffer.concat(pieces);
      pieces = [];
      held = 0;
    }
  }
  if (held > 0) yield Buffer.concat(pieces);
}
