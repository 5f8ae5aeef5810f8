import { type ByteChunks, chunksOf } from '../streams.ts';

/**
 * What is to be uploaded.
 *
 * A `Blob` (a browser's file, or Node's `fs.openAsBlob`) or a {@link SeekableSource} has a known size and can be read
 * from any offset, so that an interrupted upload of it can be resumed. A stream can be read once.
 */
export type PutSource =
  | Uint8Array
  | Blob
  | SeekableSource
  | { readonly stream: ByteChunks; readonly bytes?: number | undefined };

export interface SeekableSource {
  /** Length in bytes. */
  readonly size: number;
  /** The bytes from `offset` to the end. */
  streamFrom(offset: number): ByteChunks;
}

/** One form for all kinds. */
export interface OpenSource {
  /** Undefined when it is not known before the end. */
  readonly bytes: number | undefined;
  /** Undefined for what can be read once only. */
  readonly seek: ((offset: number) => ByteChunks) | undefined;
  readonly whole: () => ByteChunks;
}

export function openSource(source: PutSource): OpenSource {
  if (source instanceof Uint8Array) return openSource(new Blob([new Uint8Array(source)]));
  if (source instanceof Blob) {
    return seekable(source.size, (offset) => source.slice(offset).stream());
  }
  if ('streamFrom' in source) return seekable(source.size, (offset) => source.streamFrom(offset));
  return { bytes: source.bytes, seek: undefined, whole: () => source.stream };
}

function seekable(size: number, seek: (offset: number) => ByteChunks): OpenSource {
  return { bytes: size, seek, whole: () => seek(0) };
}

/**
 * Reads a stream of unknown length up to `bytesMax`: all of it when it ends there, so that a short one needs no
 * multipart upload and its length goes into the sealed header; else what was read and the rest as one stream.
 */
export async function peekSource(source: OpenSource, bytesMax: number): Promise<OpenSource> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const iterator = chunksOf(source.whole());
  while (bytes <= bytesMax) {
    const next = await iterator.next();
    if (next.done === true) {
      const blob = new Blob(chunks.map((chunk) => new Uint8Array(chunk)));
      return seekable(bytes, (offset) => blob.slice(offset).stream());
    }
    chunks.push(next.value);
    bytes += next.value.length;
  }
  return { bytes: undefined, seek: undefined, whole: () => rejoin(chunks, iterator) };
}

async function* rejoin(chunks: Uint8Array[], iterator: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) yield chunk;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return(undefined);
  }
}
