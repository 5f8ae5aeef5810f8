import { isFault, toFault } from '@sealgate/core/faults';
import type { BackendId, PhysicalBucketName } from '@sealgate/core/names';
import type { ListedBlob } from '@sealgate/core/ports';
import type { StoredPlace } from '@sealgate/engine/recovery';
import { CALL_TIMEOUT_MS, LIST_PAGE } from './limits.ts';
import type { Source } from './sources.ts';

/** A physical bucket on a source. The id is ours: which backend it was is not needed. */
export interface PlacedBucket extends StoredPlace {
  readonly id: BackendId;
  readonly source: string;
  /** How long one call may take, milliseconds. */
  readonly timeoutMs: number;
}

export interface FoundPlaces {
  readonly places: readonly PlacedBucket[];
  /** Sources that could not be asked, and why. */
  readonly lost: readonly { readonly source: string; readonly reason: string }[];
}

/** Every physical bucket of every source that answers. */
export async function findPlaces(sources: readonly Source[], signal: AbortSignal): Promise<FoundPlaces> {
  const lost: { source: string; reason: string }[] = [];
  const found = await Promise.all(
    sources.map(async (source) => {
      try {
        const buckets = await source.listBuckets(within(signal, source.timeoutMs));
        return buckets.map((bucket) => ({ source, bucket }));
      } catch (error) {
        signal.throwIfAborted();
        lost.push({ source: source.name, reason: reasonOf(error) });
        return [];
      }
    }),
  );
  const places = found.flat().map(({ source, bucket }, index) => ({
    id: `place-${index}` as BackendId,
    source: source.name,
    driver: source.driver,
    timeoutMs: source.timeoutMs,
    bucket: bucket as PhysicalBucketName,
  }));
  return { places, lost };
}

/** All blobs of a physical bucket below a prefix, page by page. */
export async function* listPlace(
  { driver, bucket, timeoutMs }: PlacedBucket,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<readonly ListedBlob[]> {
  for (let after: string | undefined; ; ) {
    const options = { prefix, limit: LIST_PAGE, signal: within(signal, timeoutMs) };
    const page = await driver.list(bucket, after === undefined ? options : { ...options, after });
    yield page.blobs;
    after = page.blobs.at(-1)?.key;
    if (!page.truncated || after === undefined) return;
  }
}

export function within(signal: AbortSignal, timeoutMs = CALL_TIMEOUT_MS): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
}

/** What a call to a source failed with, in words. */
export function reasonOf(error: unknown): string {
  return isTimeout(error) ? 'it did not answer in time' : toFault(error).message;
}

export function isTimeout(error: unknown): boolean {
  return (error instanceof DOMException && error.name === 'TimeoutError') || isFault(error, 'BackendTimeout');
}
