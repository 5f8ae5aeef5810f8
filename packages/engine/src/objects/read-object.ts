import { Readable } from 'node:stream';
import { Fault } from '@sealgate/core/faults';
import type { ByteRange, Metadata, ObjectVersion, SegmentRecord } from '@sealgate/core/ports';
import { type ReadDeps, readBlob } from '../read/read-blob.ts';

export interface ReadObjectDeps extends ReadDeps {
  readonly metadata: Pick<Metadata, 'readDigests' | 'reportBadReplica' | 'readSegments'>;
}

/** Bytes the stream holds ahead of its reader, besides the blocks that the read itself keeps. */
const STREAM_BYTES_AHEAD = 64 * 1024;

/**
 * The bytes of a version as a stream, each block verified before it goes out. The stream fails with a Fault when no
 * replica is left; destroying it ends all backend calls.
 *
 * @param options.range both ends included, inside the object; undefined for all of it
 */
export function readObject(
  deps: ReadObjectDeps,
  version: ObjectVersion,
  options: { readonly range?: ByteRange; readonly signal: AbortSignal },
): Readable {
  const range = options.range ?? { start: 0, end: version.bytes - 1 };
  if (range.end < range.start) return Readable.from([]);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const stream = Readable.from(readRange(deps, version, { range, signal }), {
    objectMode: false,
    highWaterMark: STREAM_BYTES_AHEAD,
  });
  // A generator that waits for a stalled backend does not hear of the reader's going; the signal ends its calls.
  stream.once('close', () => stop.abort(new Fault('OperationAborted', 'The reader went away.')));
  return stream;
}

async function* readRange(
  deps: ReadObjectDeps,
  version: ObjectVersion,
  options: { readonly range: ByteRange; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const { range, signal } = options;
  const { bucketId } = version;
  if (version.blob !== null) {
    yield* readBlob(deps, version.blob, { bucketId, range, signal });
    return;
  }
  for await (const segment of segmentsFrom(deps, version, range)) {
    const start = Math.max(0, range.start - segment.offset);
    const end = Math.min(segment.blob.bytes - 1, range.end - segment.offset);
    if (end >= start) yield* readBlob(deps, segment.blob, { bucketId, range: { start, end }, signal });
  }
}

async function* segmentsFrom(
  deps: ReadObjectDeps,
  version: ObjectVersion,
  range: ByteRange,
): AsyncGenerator<SegmentRecord> {
  for (let offset = range.start; offset <= range.end; ) {
    const page = await deps.metadata.readSegments(version, offset, deps.limits.segmentPage);
    for (const segment of page) {
      if (segment.offset > range.end) return;
      yield segment;
      offset = segment.offset + segment.blob.bytes;
    }
    if (page.length === 0) throw new Fault('DataUnavailable', 'The object has a hole in its parts.');
  }
}
