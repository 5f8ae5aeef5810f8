import { listPlace, type PlacedBucket, reasonOf } from './places.ts';
import type { WorkFile } from './work-file.ts';

const BLOB_KEY = /^b\/([0-9a-f-]{36})\.(\d{1,3})$/;

/**
 * Notes which place holds which copy or shard. Manifests do not say it: copies move when backends are repaired or
 * emptied, and what lies there now is what counts.
 */
export async function listBlobs(
  work: Pick<WorkFile, 'addBlobs' | 'inTransaction'>,
  places: readonly PlacedBucket[],
  options: { readonly signal: AbortSignal; readonly warn: (text: string) => void },
): Promise<void> {
  const { signal, warn } = options;
  await Promise.all(
    places.map(async (place) => {
      try {
        for await (const page of listPlace(place, 'b/', signal)) {
          const blobs = page.flatMap(({ key }) => {
            const [, id, shard] = BLOB_KEY.exec(key) ?? [];
            return id === undefined ? [] : [{ id, shard: Number(shard) }];
          });
          work.inTransaction(() => work.addBlobs(place.id, blobs));
        }
      } catch (error) {
        signal.throwIfAborted();
        warn(`${place.source}: ${place.bucket} cannot be listed to its end (${reasonOf(error)})`);
      }
    }),
  );
}
