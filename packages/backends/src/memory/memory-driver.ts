import { Fault } from '@sealgate/core/faults';
import type { BackendDriver, Clock, ListBlobsOptions, ListBlobsPage, PutBlob, PutReceipt } from '@sealgate/core/ports';
import { memoryLimits } from '../limits.ts';
import { checkAddress, checkBucket } from '../shared/address.ts';
import { streamOf } from '../shared/blob-stream.ts';
import { discardBody, exactBody } from '../shared/exact-body.ts';
import { resolveRange } from '../shared/range.ts';

interface StoredBlob {
  readonly data: Uint8Array;
  readonly modifiedAtMs: number;
}

export interface MemoryDriverOptions {
  readonly clock: Clock;
  /** All blobs together; a put beyond it is BackendFull. Default: no limit. */
  readonly capacityBytes?: number;
}

/** Keeps blobs in this process, for simulations and tests. Uses no timer and no randomness: same calls, same answers. */
export function createMemoryDriver({ clock, capacityBytes = Infinity }: MemoryDriverOptions): BackendDriver {
  const buckets = new Map<string, Map<string, StoredBlob>>();
  let usedBytes = 0;

  const find = (bucket: string, key: string): StoredBlob => {
    const blob = buckets.get(bucket)?.get(key);
    if (blob === undefined) throw new Fault('BlobMissing', 'The copy is not there.');
    return blob;
  };

  const put = async (bucket: string, key: string, blob: PutBlob): Promise<PutReceipt> => {
    const data = await collect(blob);
    const blobs = buckets.get(bucket);
    if (blobs === undefined) throw new Fault('BlobMissing', 'The bucket is not there.');
    const old = blobs.get(key);
    if (old !== undefined && blob.replace !== true)
      throw new Fault('BackendRefused', 'There is a blob under this key already.');
    const growth = data.length - (old?.data.length ?? 0);
    if (usedBytes + growth > capacityBytes) throw new Fault('BackendFull', 'The storage location is full.');
    blobs.set(key, { data, modifiedAtMs: clock.now() });
    usedBytes += growth;
    return { verified: 'flushed' };
  };

  const call = async <T>(signal: AbortSignal, run: () => T | Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    return await run();
  };

  return {
    ensureBucket: (bucket, { signal }) =>
      call(signal, () => {
        checkBucket(bucket);
        if (!buckets.has(bucket)) buckets.set(bucket, new Map());
      }),
    removeBucket: (bucket, { signal }) =>
      call(signal, () => {
        checkBucket(bucket);
        if ((buckets.get(bucket)?.size ?? 0) > 0) throw new Fault('BackendRefused', 'The bucket is not empty.');
        buckets.delete(bucket);
      }),
    async put(bucket, key, blob) {
      try {
        checkAddress(bucket, key);
        return await put(bucket, key, blob);
      } finally {
        discardBody(blob.body);
      }
    },
    get: (bucket, key, { signal, range }) =>
      call(signal, () => {
        checkAddress(bucket, key);
        const { data } = find(bucket, key);
        const { start, bytes } = resolveRange(data.length, range);
        const body = streamOf(data.subarray(start, start + bytes), { chunkBytes: memoryLimits.readChunkBytes, signal });
        return { bytes, totalBytes: data.length, body };
      }),
    head: (bucket, key, { signal }) =>
      call(signal, () => {
        checkAddress(bucket, key);
        const blob = buckets.get(bucket)?.get(key);
        return blob === undefined ? undefined : { bytes: blob.data.length };
      }),
    delete: (bucket, key, { signal }) =>
      call(signal, () => {
        checkAddress(bucket, key);
        usedBytes -= buckets.get(bucket)?.get(key)?.data.length ?? 0;
        buckets.get(bucket)?.delete(key);
      }),
    list: (bucket, options) =>
      call(options.signal, () => {
        checkBucket(bucket);
        return listPage(buckets.get(bucket) ?? new Map<string, StoredBlob>(), options);
      }),
    ping: ({ signal }) => call(signal, () => ({ ok: true, latencyMs: 0 })),
    close: () => Promise.resolve(),
  };
}

async function collect(blob: PutBlob): Promise<Uint8Array> {
  const data = new Uint8Array(blob.bytes);
  let at = 0;
  for await (const chunk of exactBody(blob)) {
    data.set(chunk, at);
    at += chunk.length;
  }
  return data;
}

function listPage(blobs: ReadonlyMap<string, StoredBlob>, options: ListBlobsOptions): ListBlobsPage {
  const { prefix = '', after = '', limit } = options;
  // Keys are ASCII, so the order of UTF-16 units is the order of bytes.
  const keys = [...blobs.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
  const count = Math.min(limit, memoryLimits.listKeysMax);
  const page = keys.slice(0, count).flatMap((key) => {
    const blob = blobs.get(key);
    return blob === undefined ? [] : [{ key, bytes: blob.data.length, modifiedAtMs: blob.modifiedAtMs }];
  });
  return { blobs: page, truncated: keys.length > count };
}
