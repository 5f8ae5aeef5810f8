// What a storage location takes by itself: blobs written through the driver of folders, so many at a time.
import { createFilesystemDriver } from '@sealgate/backends/filesystem';
import { parseBlobId, physicalBucketName } from '@sealgate/core/names';
import { answerQuestions } from '../support/helper.ts';
import { wholePayload } from '../support/payload.ts';

export interface FolderOrder {
  readonly root: string;
  readonly bytes: number;
  readonly count: number;
  readonly concurrency: number;
}

/** @returns blobs a second */
async function fill({ root, bytes, count, concurrency }: FolderOrder): Promise<number> {
  const driver = createFilesystemDriver({ root });
  const { signal } = new AbortController();
  const bucket = physicalBucketName({ tenant: 'bench', region: 'x', bucket: 'bench', backend: 'bench', counter: 0 });
  await driver.ensureBucket(bucket, { signal });
  const body = wholePayload(bytes);
  let next = 0;
  const startedMs = performance.now();
  const writer = async (): Promise<void> => {
    while (next < count) {
      const id = parseBlobId(`01900000-0000-7000-8000-${(next += 1).toString(16).padStart(12, '0')}`);
      await driver.put(bucket, `b/${id}.0`, { body, bytes, signal });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, writer));
  await driver.close();
  return (1000 * count) / (performance.now() - startedMs);
}

answerQuestions(fill);
