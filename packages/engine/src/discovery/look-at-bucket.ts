import {
  createTally,
  FRUITLESS_PAGES_MAX,
  NO_SETTINGS,
  type SnapshotBucket,
  type SnapshotFile,
  type SourceObject,
  type SourceTrouble,
  shownTime,
  type Tally,
} from '@sealgate/core/discovery';
import { LIST_KEYS_MAX } from '@sealgate/core/limits';
import type { SourcePlace } from '@sealgate/core/ports';
import type { TakeSnapshot } from './types.ts';

/** What is left of the caps of one snapshot. */
export interface Room {
  files: number;
  nameBytes: number;
}

export interface LookedAt {
  readonly bucket: SnapshotBucket;
  readonly files: readonly SnapshotFile[];
  /** What ended the look before the bucket did. */
  readonly cut: 'files' | 'time' | undefined;
}

interface Listed {
  readonly trouble: SourceTrouble | null;
  readonly cut: LookedAt['cut'];
}

/** Settings and objects of one bucket, as far as room and time go. @throws the signal's reason */
export async function lookAtBucket(
  wanted: { readonly name: string; readonly createdAtMs: number | null },
  room: Room,
  request: TakeSnapshot,
): Promise<LookedAt> {
  const { source, prefix, discretion, etags } = request;
  const { name, createdAtMs } = wanted;
  const tally = createTally({ discretion, prefix, etags });
  const files: SnapshotFile[] = [];
  const late = request.deadline.aborted;
  const [settings, { trouble, cut }] = late
    ? ([undefined, { trouble: null, cut: 'time' }] as const)
    : await Promise.all([
        inTime(request, (signal) => source.settings(name, { signal })),
        listAll(name, { room, request, tally, files }),
      ]);
  const bucket: SnapshotBucket = {
    ...NO_SETTINGS,
    ...settings,
    ...tally.result(),
    name,
    createdAtMs: createdAtMs === null ? null : shownTime(createdAtMs),
    trouble,
    truncated: cut !== undefined || trouble !== null,
  };
  return { bucket, files, cut };
}

interface Listing {
  readonly room: Room;
  readonly request: TakeSnapshot;
  readonly tally: Tally;
  readonly files: SnapshotFile[];
}

/** Some sources list in an order of their own and some repeat themselves, so what was seen is remembered: up to the cap. */
async function listAll(bucket: string, { room, request, tally, files }: Listing): Promise<Listed> {
  const { source, prefix, caps } = request;
  const seen = new Set<string>();
  const most = Math.min(caps.filesPerBucket, room.files);
  let from: SourcePlace | undefined;
  let fruitless = 0;

  const take = (object: SourceObject): boolean => {
    const nameBytes = Buffer.byteLength(object.key, 'utf8');
    if (seen.size >= most || nameBytes > room.nameBytes) return false;
    seen.add(object.key);
    room.files -= 1;
    room.nameBytes -= nameBytes;
    const file = tally.add(object);
    if (file !== undefined) files.push(file);
    return true;
  };

  for (;;) {
    // Where there is no room at all, one key tells whether that matters.
    const limit = Math.max(1, Math.min(LIST_KEYS_MAX, most - seen.size));
    const page = await inTime(request, (signal) => source.list(bucket, { prefix, from, limit, signal }));
    if (page === undefined) return { trouble: null, cut: 'time' };
    if (!page.ok) return { trouble: page.trouble, cut: undefined };
    const { objects, next } = page.value;
    const before = seen.size;
    for (const object of objects) {
      if (!object.key.startsWith(prefix)) return { trouble: 'invalid-answer', cut: undefined };
      if (!seen.has(object.key) && !take(object)) return { trouble: null, cut: 'files' };
    }
    if (next === undefined) return { trouble: null, cut: undefined };
    if (seen.size >= most) return { trouble: null, cut: 'files' };
    fruitless = seen.size === before ? fruitless + 1 : 0;
    if (fruitless >= FRUITLESS_PAGES_MAX) return { trouble: 'invalid-answer', cut: undefined };
    from = next;
  }
}

/** Undefined when the time was over first. @throws the signal's reason */
export async function inTime<T>(
  { signal, deadline }: Pick<TakeSnapshot, 'signal' | 'deadline'>,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await call(AbortSignal.any([signal, deadline]));
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) return undefined;
    throw error;
  }
}
