import type { LifecycleSubject } from './due.ts';

/** A row of a walk over all versions of a bucket: by key, of one key the newest first. */
export interface WalkedVersion {
  readonly key: string;
  readonly seq: bigint;
  readonly deleteMarker: boolean;
  readonly bytes: number;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly modifiedAtMs: number;
  readonly redundancyClass: string;
}

/** How far a walk has come, with what is needed to place the next version of the same key. */
export interface WalkPosition {
  readonly key: string;
  readonly seq: bigint;
  readonly modifiedAtMs: number;
  /** Noncurrent versions of the key so far, delete markers not counted. */
  readonly noncurrent: number;
}

/**
 * Places the versions of one page among those of their keys, as far as the page tells: of a delete marker at its end
 * nobody knows yet whether it stands alone, so it is left to the next page.
 *
 * @param page at least two rows when `more`, so that a walk always goes on
 * @param options.after where the page begins; null at the start
 * @param options.more whether rows follow behind the page
 */
export function placeVersions<Row extends WalkedVersion>(
  page: readonly Row[],
  options: { readonly after: WalkPosition | null; readonly more: boolean; readonly versioned: boolean },
): {
  readonly placed: readonly { readonly row: Row; readonly subject: LifecycleSubject }[];
  readonly position: WalkPosition | null;
} {
  const placed: { row: Row; subject: LifecycleSubject }[] = [];
  let position = options.after;
  for (const [index, row] of page.entries()) {
    const newer: WalkPosition | undefined = position?.key === row.key ? position : undefined;
    const next = page[index + 1];
    if (newer === undefined && row.deleteMarker) {
      if (next === undefined && options.more) break;
      if (next?.key !== row.key) placed.push({ row, subject: { ...facts(row), place: 'lone-marker' } });
    } else if (newer === undefined) {
      placed.push({ row, subject: { ...facts(row), place: 'current', versioned: options.versioned } });
    } else {
      placed.push({
        row,
        subject: {
          ...facts(row),
          place: 'noncurrent',
          deleteMarker: row.deleteMarker,
          noncurrentSinceMs: newer.modifiedAtMs,
          newerNoncurrent: newer.noncurrent,
        },
      });
    }
    const counts = newer !== undefined && !row.deleteMarker;
    const noncurrent = (newer?.noncurrent ?? 0) + (counts ? 1 : 0);
    position = { key: row.key, seq: row.seq, modifiedAtMs: row.modifiedAtMs, noncurrent };
  }
  return { placed, position };
}

function facts({ key, bytes, tags, modifiedAtMs, redundancyClass }: WalkedVersion) {
  return { key, bytes, tags, modifiedAtMs, redundancyClass };
}
