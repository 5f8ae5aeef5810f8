import { toFault } from '@sealgate/core/faults';
import type { BackupRetention } from '@sealgate/core/housekeeping';
import { backupsToKeep } from '@sealgate/core/housekeeping';
import type { BackendId } from '@sealgate/core/names';
import type { BackupChange } from '@sealgate/core/ports';
import type { InTime } from './in-time.ts';
import type { BackupPosition, BackupRecord } from './position.ts';
import { listBackups, readBackup, readBackupIndex } from './read-backup.ts';
import { BACKUP_PREFIX, backupBytes, backupTimeOf } from './stored-backup.ts';
import type { BackupTarget } from './write-backup.ts';

export interface TendBackups {
  /** Places that answer and what they are; others are left for the next time. */
  readonly targets: readonly BackupTarget[];
  /** Backends that are registered, whether they answer or not: what lies on others is none of ours any more. */
  readonly registered: ReadonlySet<BackendId>;
  /** Backends where backups may lie. */
  readonly admitted: ReadonlySet<BackendId>;
  readonly retention: BackupRetention;
  /** As many places make a found backup a full one. */
  readonly copies: number;
  /** Nothing is removed: this database may not know the newest backups. */
  readonly held: boolean;
  readonly inTime: InTime;
  readonly onFailed: (target: BackendId, error: unknown) => void;
  /** Called before what takes long. @throws to give up */
  readonly alive: () => Promise<void>;
}

export interface TendedBackups {
  readonly position: BackupPosition;
  readonly changes: readonly BackupChange[];
}

type Listings = ReadonlyMap<BackendId, ReadonlyMap<string, string | undefined>>;

/**
 * Makes what is known and what lies on backends one. Whole backups that nobody knew are verified and taken in: a database
 * that was restored does not know the one that it was restored from. Half ones go; so do those that retention lets go of,
 * which is decided anew each time and never touches the newest full one.
 */
export async function tendBackups(request: TendBackups, before: BackupPosition): Promise<TendedBackups> {
  const listings = await listAll(request);
  const { records: found, damaged } = await adopt(request, before, listings);
  const present = found.flatMap((record) => withoutLost(record, request, listings));
  const { kept, leaving, changes } = retain(request, { ...before, kept: present });
  const left = request.held ? leaving : await removeAll(request, { kept, leaving, listings, damaged });
  return { position: { ...before, kept, leaving: left }, changes };
}

async function listAll({ targets, inTime, onFailed }: TendBackups): Promise<Listings> {
  const listings = new Map<BackendId, ReadonlyMap<string, string | undefined>>();
  for (const target of targets) {
    try {
      listings.set(target.id, await listBackups(target, inTime, BACKUP_PREFIX));
    } catch (error) {
      onFailed(target.id, error);
    }
  }
  return listings;
}

/** Those that are known, with the whole ones that lie where nobody knew it, once they were read; and what is damaged. */
async function adopt(request: TendBackups, { kept, leaving }: BackupPosition, listings: Listings) {
  const damaged = new Set<string>();
  const records = new Map(kept.map((record) => [record.id, record]));
  const isLeaving = (id: string, target: BackendId): boolean =>
    leaving.some((one) => one.id === id && one.places.includes(target));
  for (const target of request.targets) {
    for (const [id, index] of listings.get(target.id) ?? []) {
      const known = records.get(id);
      if (index === undefined || known?.places.includes(target.id) === true || isLeaving(id, target.id)) continue;
      const read = await verify(request, target, { id, index });
      if (read === 'damaged') damaged.add(placeOf(id, target.id));
      if (typeof read === 'string' || (known !== undefined && known.sha256 !== read.sha256)) continue;
      const places = [...(known?.places ?? []), target.id];
      const full = known?.full === true || places.length >= request.copies;
      records.set(id, { ...read, full, places });
    }
  }
  return { records: [...records.values()].sort((a, b) => b.takenAtMs - a.takenAtMs), damaged };
}

function placeOf(id: string, backend: BackendId): string {
  return `${id}/${backend}`;
}

async function verify(
  { inTime, alive, onFailed }: TendBackups,
  target: BackupTarget,
  named: { readonly id: string; readonly index: string },
): Promise<Omit<BackupRecord, 'full' | 'places'> | 'damaged' | 'unread'> {
  try {
    const index = await readBackupIndex(target, named, inTime, BACKUP_PREFIX);
    for await (const _part of readBackup([target], index, inTime, BACKUP_PREFIX)) await alive();
    const { id, sha256, parts } = index;
    return { id, takenAtMs: backupTimeOf(id), bytes: backupBytes(index), parts: parts.length, sha256 };
  } catch (error) {
    onFailed(target.id, error);
    const { code } = toFault(error);
    return code === 'BackendCorrupt' || code === 'BlobMissing' ? 'damaged' : 'unread';
  }
}

/** Without places that are gone, or have lost it. */
function withoutLost(record: BackupRecord, { registered }: TendBackups, listings: Listings): readonly BackupRecord[] {
  const places = record.places.filter((place) => {
    const listing = listings.get(place);
    return registered.has(place) && (listing === undefined || listing.get(record.id) !== undefined);
  });
  return places.length === 0 ? [] : [{ ...record, places }];
}

function retain(
  { retention, admitted, held, registered }: TendBackups,
  position: BackupPosition,
): Pick<BackupPosition, 'kept' | 'leaving'> & Pick<TendedBackups, 'changes'> {
  if (held) return { kept: position.kept, leaving: position.leaving, changes: [] };
  const staying = backupsToKeep(position.kept, retention);
  const [newest] = position.kept.filter(({ full }) => full);
  // Where backups may not lie any more they go as soon as a full one lies where they may.
  const moved = newest?.places.every((place) => admitted.has(place)) === true;
  const kept: BackupRecord[] = [];
  const leaving = position.leaving.map((one) => ({ ...one, places: one.places.filter((id) => registered.has(id)) }));
  const changes: BackupChange[] = [];
  for (const record of position.kept) {
    const places = staying.has(record.id) ? record.places.filter((id) => !moved || admitted.has(id)) : [];
    if (places.length > 0) kept.push({ ...record, places });
    else changes.push({ kind: 'removed', id: record.id, bytes: record.bytes, backends: record.places });
    const from = record.places.filter((id) => !places.includes(id));
    if (from.length > 0) leaving.push({ id: record.id, places: from });
  }
  return { kept, leaving: leaving.filter(({ places }) => places.length > 0), changes };
}

/** Removes what is to go, and what is half or damaged. What is left to remove. */
async function removeAll(
  request: TendBackups,
  now: Pick<BackupPosition, 'leaving' | 'kept'> & {
    readonly listings: Listings;
    readonly damaged: ReadonlySet<string>;
  },
): Promise<BackupPosition['leaving']> {
  const gone = new Set<string>();
  for (const target of request.targets) {
    const listing = now.listings.get(target.id);
    if (listing === undefined) continue;
    const leavingHere = now.leaving.filter(({ places }) => places.includes(target.id)).map(({ id }) => id);
    const keptHere = new Set(now.kept.filter(({ places }) => places.includes(target.id)).map(({ id }) => id));
    const useless = ([id, index]: readonly [string, string | undefined]): boolean =>
      !keptHere.has(id) && (index === undefined || now.damaged.has(placeOf(id, target.id)));
    const half = [...listing].filter(useless).map(([id]) => id);
    for (const id of new Set([...leavingHere, ...half])) {
      try {
        await removeBackup(request, target, { id, listed: listing.has(id) });
        gone.add(placeOf(id, target.id));
      } catch (error) {
        request.onFailed(target.id, error);
      }
    }
  }
  return now.leaving
    .map(({ id, places }) => ({ id, places: places.filter((place) => !gone.has(placeOf(id, place))) }))
    .filter(({ places }) => places.length > 0);
}

async function removeBackup(
  { inTime, alive }: TendBackups,
  { driver, bucket }: BackupTarget,
  { id, listed }: { readonly id: string; readonly listed: boolean },
): Promise<void> {
  if (!listed) return;
  const prefix = `${BACKUP_PREFIX}${id}/`;
  // The index sorts behind the parts and goes first: what is half removed is no backup.
  for (const below of [`${prefix}index-`, prefix]) {
    for (let truncated = true; truncated; ) {
      await alive();
      const page = await inTime((signal) => driver.list(bucket, { prefix: below, limit: 1000, signal }));
      for (const { key } of page.blobs) await inTime((signal) => driver.delete(bucket, key, { signal }));
      ({ truncated } = page);
    }
  }
}
