import { SNAPSHOT_NAME_BYTES_MAX, type SnapshotSummary, SOURCE_BUCKET_CHARS_MAX } from '@sealgate/core/discovery';
import type { SourceAnswer } from '@sealgate/core/ports';
import { inTime, type LookedAt, lookAtBucket, type Room } from './look-at-bucket.ts';
import type { TakeSnapshot } from './types.ts';

export interface SnapshotFindings extends Omit<SnapshotSummary, 'source' | 'tookMs' | 'buckets'> {
  readonly buckets: readonly Pick<LookedAt, 'bucket' | 'files'>[];
}

interface Wanted {
  readonly name: string;
  readonly createdAtMs: number | null;
}

/**
 * Looks at somebody's storage: bucket after bucket, in the order of their names, until all is seen, a cap is reached or
 * the time is over. One listing at a time, so that the source has one polite reader and the caps mean the same each time.
 * @returns what was found, or why nothing could be read at all
 * @throws the signal's reason when it is aborted
 */
export async function takeSnapshot(request: TakeSnapshot): Promise<SourceAnswer<SnapshotFindings>> {
  const { caps, discretion, signal } = request;
  const listed = await wantedBuckets(request);
  if (!listed.ok) return listed;
  // A source may say a name twice, and names that nobody can keep.
  const once = [...new Map(listed.value.map((bucket) => [bucket.name, bucket])).values()];
  const wanted = once
    .filter(({ name }) => name.length <= SOURCE_BUCKET_CHARS_MAX && discretion.mayKeepKey(name))
    .sort(byName);
  const room: Room = { files: caps.files, nameBytes: SNAPSHOT_NAME_BYTES_MAX };
  const looked: LookedAt[] = [];
  for (const bucket of wanted.slice(0, caps.buckets)) {
    signal.throwIfAborted();
    looked.push(await lookAtBucket(bucket, room, request));
    if (looked.at(-1)?.bucket.trouble === 'wrong-credentials') break;
  }
  signal.throwIfAborted();
  const buckets = looked.map(({ bucket, files }) => ({ bucket, files }));
  const sum = (of: 'objects' | 'bytes' | 'files') => buckets.reduce((all, { bucket }) => all + bucket[of], 0);
  // Where buckets were named, nothing says so far that they or the source are there at all.
  const first = buckets.length === 0 ? 'not-found' : (buckets[0]?.bucket.trouble ?? null);
  const nothing = buckets.every(({ bucket }) => bucket.trouble !== null) && sum('objects') === 0;
  if (request.buckets !== undefined && first !== null && nothing) return { ok: false, trouble: first };
  return {
    ok: true,
    value: {
      ...{ objects: sum('objects'), bytes: sum('bytes'), files: sum('files') },
      bucketsFound: once.length,
      truncated: {
        buckets: buckets.length < once.length,
        files: looked.some(({ cut }) => cut === 'files'),
        time: looked.some(({ cut }) => cut === 'time'),
      },
      buckets,
    },
  };
}

async function wantedBuckets(request: TakeSnapshot): Promise<SourceAnswer<readonly Wanted[]>> {
  const { source, buckets } = request;
  if (buckets !== undefined) {
    return { ok: true, value: buckets.map((name) => ({ name, createdAtMs: null })) };
  }
  const answer = await inTime(request, (signal) => source.listBuckets({ signal }));
  return answer ?? { ok: false, trouble: 'timeout' };
}

/** Bytewise, so that the same buckets are looked at each time. Names that count are ASCII. */
function byName(a: Wanted, b: Wanted): number {
  return a.name < b.name ? -1 : 1;
}
