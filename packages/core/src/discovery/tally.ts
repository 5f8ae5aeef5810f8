import type { Discretion } from './discretion.ts';
import {
  LARGEST_SHOWN,
  PREFIX_BYTES_MAX,
  PREFIXES_COUNTED_MAX,
  PREFIXES_SHOWN_MAX,
  SIZE_STEPS,
  STORAGE_CLASSES_MAX,
} from './limits.ts';
import { shownTime } from './shown-time.ts';
import type { Amount, SnapshotBucket, SnapshotFile, SourceObject } from './types.ts';

/** Everything about the objects of a bucket. */
export type BucketTally = Pick<
  SnapshotBucket,
  | 'objects'
  | 'bytes'
  | 'files'
  | 'withheld'
  | 'storageClasses'
  | 'newestAtMs'
  | 'oldestAtMs'
  | 'largest'
  | 'sizes'
  | 'prefixes'
  | 'otherPrefixes'
>;

export interface Tally {
  /** Counts an object; the file that is kept of it, if its name may be. */
  add(object: SourceObject): SnapshotFile | undefined;
  result(): BucketTally;
}

interface TallyOptions {
  readonly discretion: Discretion;
  /** What was asked for: folders are told apart below it. */
  readonly prefix: string;
  /** Whether files keep their ETags. */
  readonly etags: boolean;
}

interface Sum {
  objects: number;
  bytes: number;
}

const OTHER_CLASSES = 'OTHER';

/** Sums up one bucket, in memory that does not grow with it. */
export function createTally({ discretion, prefix, etags }: TallyOptions): Tally {
  const all = emptySum();
  const kept = { files: 0, withheld: 0 };
  const times: { newestAtMs: number | null; oldestAtMs: number | null } = { newestAtMs: null, oldestAtMs: null };
  const classes = createSums(STORAGE_CLASSES_MAX);
  const folders = createSums(PREFIXES_COUNTED_MAX);
  const otherFolders = emptySum();
  const sizes = [...SIZE_STEPS, null].map((upToBytes) => ({ upToBytes, ...emptySum() }));
  let largest: Pick<SnapshotFile, 'key' | 'bytes'>[] = [];

  return {
    add(object) {
      const { key, etag } = object;
      const bytes = Number.isSafeInteger(object.bytes) && object.bytes >= 0 ? object.bytes : 0;
      const modifiedAtMs = shownTime(object.modifiedAtMs);
      const storageClass = discretion.storageClass(object.storageClass);
      count(all, bytes);
      count(classes.of(storageClass) ?? classes.always(OTHER_CLASSES), bytes);
      const step = sizes.find(({ upToBytes }) => upToBytes === null || bytes <= upToBytes);
      if (step !== undefined) count(step, bytes);
      times.newestAtMs = Math.max(times.newestAtMs ?? modifiedAtMs, modifiedAtMs);
      times.oldestAtMs = Math.min(times.oldestAtMs ?? modifiedAtMs, modifiedAtMs);
      const mayKeep = discretion.mayKeepKey(key);
      const folder = mayKeep ? folderOf(key, prefix) : undefined;
      count((folder === undefined ? undefined : folders.of(folder)) ?? otherFolders, bytes);
      kept[mayKeep ? 'files' : 'withheld'] += 1;
      if (!mayKeep) return undefined;
      largest = withLargest(largest, { key, bytes });
      return { key, bytes, modifiedAtMs, storageClass, etag: etags ? discretion.etag(etag) : null };
    },

    result() {
      const ranked = folders.ranked();
      return {
        ...all,
        ...kept,
        ...times,
        storageClasses: classes.ranked().map(({ name, sum }) => ({ name, ...sum })),
        largest,
        sizes: sizes.filter(({ objects }) => objects > 0).map((step) => ({ ...step })),
        prefixes: ranked.slice(0, PREFIXES_SHOWN_MAX).map(({ name, sum }) => ({ prefix: name, ...sum })),
        otherPrefixes: added([otherFolders, ...ranked.slice(PREFIXES_SHOWN_MAX).map(({ sum }) => sum)]),
      };
    },
  };
}

const emptySum = (): Sum => ({ objects: 0, bytes: 0 });

function count(sum: Sum, bytes: number): void {
  sum.objects += 1;
  sum.bytes += bytes;
}

function added(sums: readonly Amount[]): Amount {
  return sums.reduce((a, b) => ({ objects: a.objects + b.objects, bytes: a.bytes + b.bytes }), emptySum());
}

/** Sums by name, for so many names and no more. */
function createSums(max: number) {
  const sums = new Map<string, Sum>();
  const always = (name: string): Sum => {
    const sum = sums.get(name) ?? emptySum();
    sums.set(name, sum);
    return sum;
  };
  return {
    /** Undefined when there is no room for another name. */
    of: (name: string): Sum | undefined => (sums.has(name) || sums.size < max ? always(name) : undefined),
    always,
    ranked: () =>
      [...sums]
        .map(([name, sum]) => ({ name, sum: { ...sum } }))
        .sort((a, b) => b.sum.bytes - a.sum.bytes || b.sum.objects - a.sum.objects),
  };
}

function withLargest<T extends { readonly bytes: number }>(largest: T[], file: T): T[] {
  if (largest.length >= LARGEST_SHOWN && file.bytes <= (largest.at(-1)?.bytes ?? 0)) return largest;
  return [...largest, file].sort((a, b) => b.bytes - a.bytes).slice(0, LARGEST_SHOWN);
}

/** Up to the first slash behind what was asked for; '' when there is none, undefined when it is too long to be shown. */
function folderOf(key: string, prefix: string): string | undefined {
  const end = key.indexOf('/', prefix.length);
  if (end < 0) return '';
  return Buffer.byteLength(key.slice(prefix.length, end), 'utf8') > PREFIX_BYTES_MAX
    ? undefined
    : key.slice(0, end + 1);
}
