import { Fault, toFault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { Backend } from '@sealgate/core/ports';
import { admittedBackends, openPlaces } from '../backup/open-places.ts';
import { type BackupPlace, listBackups, readBackup, readBackupIndex } from '../backup/read-backup.ts';
import { ARCHIVE_PREFIX, type BackupIndex, backupIndexKey, backupTimeOf } from '../backup/stored-backup.ts';
import { type BackupTarget, writeBackup } from '../backup/write-backup.ts';
import { type ArchiveMove, type ArchivePosition, archiveBuckets, withBuckets, writtenTo } from './archive-position.ts';
import { ARCHIVE_ACTOR, type ArchiveRun } from './archive-run.ts';

/** Action 164: an archive of the log lies on other backends than before. */
const AUDIT_ARCHIVE_MOVED = 164;
const LIST_PAGE = 1000;

/** A backend that archives are to leave, and what of it is known. */
interface Leaving {
  readonly backend: Backend;
  readonly places: readonly BackupTarget[];
}

/** Backends that hold archives where none may lie any more (policy, a drain), and that it is time to look at. */
export async function placesToLeave(run: ArchiveRun, position: ArchivePosition): Promise<readonly Leaving[]> {
  const { deps, options } = run;
  const holding = deps.pool.all().filter(({ id }) => archiveBuckets(position, id).length > 0);
  if (holding.length === 0) return [];
  // Without the policy nothing is known; the next archive tells what is wrong with it.
  const legal = await admittedBackends(deps, options.policy).catch(() => undefined);
  if (legal === undefined) return [];
  const admitted = new Set(legal.map(({ id }) => id));
  return holding
    .filter((backend) => !admitted.has(backend.id) && isTime(run, backend, position.moves?.[backend.id]))
    .map((backend) => ({ backend, places: placesOf(run, position, backend.id) }))
    .filter(({ places }) => places.length > 0);
}

function isTime({ deps, nowMs }: ArchiveRun, { stateSinceMs }: Backend, move: ArchiveMove | undefined): boolean {
  if (move?.sinceMs !== stateSinceMs) return true;
  const { backupMoveMs, backupRetryMs } = deps.limits;
  if (move.left > 0) return nowMs >= move.atMs + backupMoveMs;
  return nowMs >= Math.max(move.lockedUntilMs ?? 0, move.atMs + backupRetryMs);
}

function placesOf({ deps }: ArchiveRun, position: ArchivePosition, id: BackendId): readonly BackupTarget[] {
  const driver = deps.pool.driver(id);
  if (driver === undefined) return [];
  return archiveBuckets(position, id).map((bucket) => ({ id, driver, bucket }));
}

/**
 * Copies archives to backends where they may lie, then removes them from where they may not: each one only once as many others
 * as an archive is to have were read whole, and nothing that a backend retains. The gateway bypasses no retention here.
 */
export async function moveArchives(
  run: ArchiveRun,
  known: ArchivePosition,
  leaving: readonly Leaving[],
): Promise<void> {
  const { deps, options, nowMs } = run;
  let position = known;
  for (const { backend, places } of leaving) {
    const seen: Seen = { left: 0, trouble: null, locked: 0, lockedUntilMs: null };
    const there = new Set<string>();
    let sawAll = true;
    for (const place of places) {
      const emptied = await emptyPlace(run, { position, place, seen, there });
      sawAll &&= emptied !== undefined;
      position = emptied ?? position;
    }
    if (sawAll) position = await replaceMissing(run, { position, backend: backend.id, seen, there });
    const { left, locked } = seen;
    if (left + locked === 0) position = await forget(run, position, places);
    const move: ArchiveMove = { ...seen, sinceMs: backend.stateSinceMs, atMs: nowMs };
    position = { ...position, moves: { ...position.moves, [backend.id]: move } };
    await run.save(position);
  }
  options.signal.throwIfAborted();
  await run.save(position, 0);
  deps.onSeen(position.made);
}

type Seen = { -readonly [name in 'left' | 'trouble' | 'locked' | 'lockedUntilMs']: ArchiveMove[name] };

function stays(run: ArchiveRun, seen: Seen, { backend, error }: { backend: BackendId; error: unknown }): void {
  if (toFault(error).code === 'Conflict') throw error;
  run.failed(backend, error);
  seen.left += 1;
  seen.trouble ??= toFault(error).code;
}

/**
 * Moves what lies in one bucket, and counts in `seen` what stays; `there`: ids of all that was there with its index.
 * @returns undefined when it cannot be listed
 */
async function emptyPlace(
  run: ArchiveRun,
  now: {
    readonly position: ArchivePosition;
    readonly place: BackupTarget;
    readonly seen: Seen;
    readonly there: Set<string>;
  },
): Promise<ArchivePosition | undefined> {
  const { place, seen, there } = now;
  let { position } = now;
  let listed: ReadonlyMap<string, string | undefined>;
  try {
    listed = await listBackups(place, run.inTime, ARCHIVE_PREFIX);
  } catch (error) {
    stays(run, seen, { backend: place.id, error });
    return undefined;
  }
  for (const [id, index] of listed) {
    if (index !== undefined) there.add(id);
    try {
      await run.save(position);
      if (index === undefined && isOn(position, id, place)) {
        // What is left of it goes once it was replaced.
        throw new Fault('BlobMissing', 'An archive of the audit log is not whole where it should be.');
      }
      if (index !== undefined && !hasLeft(position, id, place)) {
        position = await copyAway(run, position, { place, id, index, from: place.id });
      }
      const kept = await removeArchive(run, place, { id, index, alive: () => run.save(position) });
      if (kept === undefined) continue;
      seen.locked += 1;
      if (kept.untilMs !== null) seen.lockedUntilMs = Math.max(seen.lockedUntilMs ?? 0, kept.untilMs);
    } catch (error) {
      stays(run, seen, { backend: place.id, error });
    }
  }
  return position;
}

/** Archives that should be on the backend and are not, or are hidden there: copied from where else they are. */
async function replaceMissing(
  run: ArchiveRun,
  now: {
    readonly position: ArchivePosition;
    readonly backend: BackendId;
    readonly seen: Seen;
    readonly there: ReadonlySet<string>;
  },
): Promise<ArchivePosition> {
  const { backend, seen, there } = now;
  let { position } = now;
  for (const record of position.made.filter(({ id, places }) => places.includes(backend) && !there.has(id))) {
    try {
      const other = await findElsewhere(run, position, { id: record.id, places: record.places, backend });
      if (other === undefined) throw new Fault('BlobMissing', 'No storage location has an archive of the audit log.');
      position = await copyAway(run, position, { ...other, id: record.id, from: backend });
    } catch (error) {
      stays(run, seen, { backend, error });
    }
  }
  return position;
}

async function findElsewhere(
  run: ArchiveRun,
  position: ArchivePosition,
  wanted: { readonly id: string; readonly places: readonly BackendId[]; readonly backend: BackendId },
): Promise<Pick<Named, 'place' | 'index'> | undefined> {
  for (const other of wanted.places.filter((id) => id !== wanted.backend)) {
    for (const place of placesOf(run, position, other)) {
      const index = (await listBackups(place, run.inTime, ARCHIVE_PREFIX)).get(wanted.id);
      if (index !== undefined) return { place, index };
    }
  }
  return undefined;
}

function isOn({ made }: ArchivePosition, id: string, { id: backend }: BackupTarget): boolean {
  return made.some((record) => record.id === id && record.places.includes(backend));
}

/** It was copied elsewhere before, and kept here by its lock. */
function hasLeft({ made }: ArchivePosition, id: string, { id: backend }: BackupTarget): boolean {
  return made.some((record) => record.id === id && !record.places.includes(backend));
}

interface Named {
  readonly place: BackupTarget;
  readonly id: string;
  /** The beginning of its index's digest. */
  readonly index: string;
  /** The backend that it is to leave. */
  readonly from: BackendId;
}

/**
 * Sees to it that enough places where it may lie have it whole, read by us.
 * @throws Fault NoLegalPlacement when there are too few, BackendCorrupt when no place has it whole
 */
async function copyAway(run: ArchiveRun, position: ArchivePosition, named: Named): Promise<ArchivePosition> {
  const { deps, options, inTime } = run;
  const { place, id } = named;
  const legal = await admittedBackends(deps, options.policy);
  const holders: { readonly backend: Backend; readonly place: BackupTarget }[] = [];
  for (const backend of legal) {
    if (holders.length >= options.copies) break;
    for (const other of placesOf(run, position, backend.id)) {
      if (await isWhole(run, position, { place: other, id, index: named.index })) {
        holders.push({ backend, place: other });
        break;
      }
    }
  }
  const needed = options.copies - holders.length;
  const stayed = holders.map((holder) => holder.backend.id);
  if (needed <= 0) {
    const nothing = { locked: new Set<BackendId>(), untilMs: null, written: false };
    return await moved(run, position, { named, places: stayed, ...nothing });
  }
  const opened = await openPlaces(
    { ...deps, inTime, failed: (backend, error) => run.failed(backend, error) },
    {
      legal: legal.filter((backend) => !stayed.includes(backend.id)),
      ...{ copies: needed, beside: holders.map(({ backend }) => backend), lock: true, purpose: 'audit-archive' },
      ...{ installation: position.installation ?? '', buckets: position.buckets },
    },
  );
  if (opened.targets.length < needed) {
    throw new Fault('NoLegalPlacement', 'Too few storage locations can take an archive of the audit log.');
  }
  const targets = opened.targets.map((target) => target.id);
  const next = writtenTo(withBuckets(position, opened.buckets), targets);
  await run.save(next);
  const sources = [place, ...holders.map((holder) => holder.place)];
  const untilMs = await lockOf(run, next, named);
  const locked = untilMs === null ? new Set<BackendId>() : run.lockable(opened.targets);
  const index = await firstIndex(run, sources, named);
  const written = await writeBackup({
    ...{ prefix: ARCHIVE_PREFIX, id, targets: opened.targets, inTime, replace: true },
    content: readBackup(sources, index, inTime, ARCHIVE_PREFIX),
    async protect(target, key) {
      if (untilMs !== null && locked.has(target.id)) await run.retain(target, key, untilMs);
    },
    onFailed: (backend, fault) => run.failed(backend, fault),
    onPart: () => run.save(next),
  });
  if (written.places.length < needed) {
    throw new Fault('NoLegalPlacement', 'Too few storage locations took an archive of the audit log.');
  }
  const places = [...stayed, ...written.places];
  return await moved(run, next, { named, places, locked, untilMs, written: true });
}

/** Reads all of it from one place. */
async function isWhole(
  run: ArchiveRun,
  position: ArchivePosition,
  { place, id, index }: Omit<Named, 'from'>,
): Promise<boolean> {
  try {
    const found = await readBackupIndex(place, { id, index }, run.inTime, ARCHIVE_PREFIX);
    for await (const _part of readBackup([place], found, run.inTime, ARCHIVE_PREFIX)) await run.save(position);
    return true;
  } catch (error) {
    const { code } = toFault(error);
    if (code === 'Conflict' || run.options.signal.aborted) throw error;
    // It never had it, or lost some of it: it gets it anew, or another one does.
    if (code !== 'BlobMissing') run.failed(place.id, error);
    return false;
  }
}

async function firstIndex(run: ArchiveRun, places: readonly BackupPlace[], named: Named): Promise<BackupIndex> {
  let failure: unknown;
  for (const place of places) {
    try {
      return await readBackupIndex(place, named, run.inTime, ARCHIVE_PREFIX);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Until when a copy is to be retained: as long as any that there was. Null: it is over, or there never was one. */
async function lockOf(run: ArchiveRun, position: ArchivePosition, { place, id, index }: Named): Promise<number | null> {
  const { options, nowMs } = run;
  const known = position.made.find((record) => record.id === id)?.lockedUntilMs ?? 0;
  const told = await retainedUntil(run, place, backupIndexKey(ARCHIVE_PREFIX, id, index));
  const meant = options.lockMs === 0 ? 0 : backupTimeOf(id) + options.lockMs;
  const untilMs = Math.max(known, told ?? 0, meant);
  return untilMs > nowMs ? untilMs : null;
}

async function retainedUntil(run: ArchiveRun, place: BackupTarget, key: string): Promise<number | undefined> {
  const { driver, bucket } = place;
  return (await run.inTime(async (signal) => driver.retention?.(bucket, key, { signal })))?.untilMs;
}

/** Writes down where it lies from now on. */
async function moved(
  run: ArchiveRun,
  position: ArchivePosition,
  now: {
    readonly named: Named;
    readonly places: readonly BackendId[];
    readonly locked: ReadonlySet<BackendId>;
    readonly untilMs: number | null;
    readonly written: boolean;
  },
): Promise<ArchivePosition> {
  const { named, places, untilMs } = now;
  const record = position.made.find(({ id }) => id === named.id);
  // Nobody remembers it, and nothing changed.
  if (record === undefined && !now.written) return position;
  const others = (record?.places ?? []).filter((id) => id !== named.from && !places.includes(id));
  const all = [...places, ...others];
  const locked = all.filter((id) => now.locked.has(id) || record?.locked.includes(id) === true);
  const lockedUntilMs = locked.length === 0 ? null : Math.max(record?.lockedUntilMs ?? 0, untilMs ?? 0);
  const made = position.made.map((one) => (one === record ? { ...one, places: all, locked, lockedUntilMs } : one));
  const next = { ...position, made };
  await run.save(next);
  const detail = { archive: named.id, from: named.from, backends: all, locked };
  await run.deps.store.note(AUDIT_ARCHIVE_MOVED, detail, ARCHIVE_ACTOR);
  return next;
}

/**
 * Removes it from one place. The index sorts behind the parts and goes first: what is half removed is no archive.
 * @returns what keeps it there; undefined: it is gone
 */
async function removeArchive(
  run: ArchiveRun,
  place: BackupTarget,
  {
    id,
    index,
    alive,
  }: { readonly id: string; readonly index: string | undefined; readonly alive: () => Promise<void> },
): Promise<{ readonly untilMs: number | null } | undefined> {
  const { driver, bucket } = place;
  const prefix = `${ARCHIVE_PREFIX}${id}/`;
  const lock = async (key: string) => {
    const untilMs = await retainedUntil(run, place, key);
    return untilMs !== undefined && untilMs > run.nowMs ? { untilMs } : undefined;
  };
  const locked = index === undefined ? undefined : await lock(backupIndexKey(ARCHIVE_PREFIX, id, index));
  if (locked !== undefined) return locked;
  for (const below of [`${prefix}index-`, prefix]) {
    for (let truncated = true; truncated; ) {
      await alive();
      const page = await run.inTime((signal) => driver.list(bucket, { prefix: below, limit: LIST_PAGE, signal }));
      for (const { key } of page.blobs) {
        try {
          await run.inTime((signal) => driver.delete(bucket, key, { signal, keepRetained: true }));
        } catch (error) {
          if (toFault(error).code !== 'BackendRefused') throw error;
          return (await lock(key)) ?? { untilMs: null };
        }
      }
      ({ truncated } = page);
    }
  }
  return undefined;
}

/** Nothing of ours lies there any more. */
async function forget(
  run: ArchiveRun,
  position: ArchivePosition,
  places: readonly BackupTarget[],
): Promise<ArchivePosition> {
  const gone = new Set<string>();
  for (const { driver, bucket } of places) {
    gone.add(bucket);
    // An empty bucket that stays is no trouble to anybody.
    await run.inTime((signal) => driver.removeBucket(bucket, { signal })).catch(() => undefined);
    run.options.signal.throwIfAborted();
  }
  const buckets = Object.fromEntries(Object.entries(position.buckets).filter(([, bucket]) => !gone.has(bucket)));
  const formerBuckets = (position.formerBuckets ?? []).filter(({ bucket }) => !gone.has(bucket));
  return { ...position, buckets, formerBuckets };
}
