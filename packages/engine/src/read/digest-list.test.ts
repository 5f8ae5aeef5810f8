import { newBlobId } from '@sealgate/core/names';
import type { BlobRecord } from '@sealgate/core/ports';
import { expect, test } from 'vitest';
import { createDigestLists } from './digest-list.ts';

const DIGESTS = Buffer.from(Array.from({ length: 10 * 32 }, (_, index) => Math.floor(index / 32)));

function lists(read: () => Promise<Uint8Array> | undefined = () => undefined) {
  const asked: number[] = [];
  const digests = createDigestLists({
    limits: { digestPage: 4, digestPagesKept: 2 },
    metadata: {
      readDigests: (_blob, first, count) => {
        asked.push(first);
        return read() ?? Promise.resolve(DIGESTS.subarray(first * 32, (first + count) * 32));
      },
    },
  });
  return { digests, asked };
}

function blob(digests: Uint8Array | null): BlobRecord {
  return { blobId: newBlobId(0), bytes: 10, layout: { kind: 'copies' }, blockBytes: 1, digests, replicas: [] };
}

test('a list that came with the blob answers at once', () => {
  const { digests, asked } = lists();
  expect(digests.of(blob(DIGESTS), 7)).toEqual(Buffer.alloc(32, 7));
  expect(asked).toEqual([]);
});

test('a long list is fetched in pages, each once while it is kept', async () => {
  const { digests, asked } = lists();
  const long = blob(null);
  for (const index of [0, 3, 9, 8, 1]) expect(await digests.of(long, index)).toEqual(Buffer.alloc(32, index));
  expect(asked).toEqual([0, 8]);
  await digests.of(long, 5);
  await digests.of(long, 9);
  expect(asked).toEqual([0, 8, 4, 8]);
});

test('pages of two blobs are kept apart', async () => {
  const { digests, asked } = lists();
  await digests.of(blob(null), 0);
  await digests.of(blob(null), 0);
  expect(asked).toEqual([0, 0]);
});

test('what failed, or was not there, is asked for again', async () => {
  const answers = [Promise.reject(new Error('down')), Promise.resolve(new Uint8Array()), undefined];
  const { digests, asked } = lists(() => answers.shift());
  const long = blob(null);
  await expect(digests.of(long, 0)).rejects.toThrow('down');
  await expect(digests.of(long, 0)).rejects.toMatchObject({ code: 'DataUnavailable' });
  expect(await digests.of(long, 0)).toEqual(Buffer.alloc(32, 0));
  expect(asked).toHaveLength(3);
});
