import { Fault } from '@sealgate/core/faults';
import type { ByteRange, Metadata, ObjectVersion, SegmentRecord } from '@sealgate/core/ports';
import { type ReadDeps, readBlob } from '../read/read-blob.ts';

export interface ReadObjectDeps extends ReadDeps {
  readonly metadata: Pick<Metadata, 'reportBadReplica' | 'readSegments'>;
}

/**
 * The bytes of a version, each block verified before it comes out. Fails with a Fault when no replica is left, with the
 * signal's reason once that aborts; ending the iteration ends all backend calls.
 *
 * @param options.range both ends included, inside the object; undefined for all of it
 */
export function readObject(
  deps: ReadObjectDeps,
  version: ObjectVersion,
  options: { readonly range?: ByteRange; readonly signal: AbortSignal },
): AsyncGenerator<Buffer> {
  const { signal } = options;
  const range = options.range ?? { start: 0, end: version.bytes - 1 };
  // Not through a generator of its own: each one on the way costs every chunk three more turns.
  if (version.blob !== null) return readBlob(deps, version.blob, { bucketId: version.bucketId, range, signal });
  return readSegments(deps, version, { range, signal });
}

async function* readSegments(
  deps: ReadObjectDeps,
  version: ObjectVersion,
  options: { readonly range: ByteRange; readonly signal: AbortSignal },
): AsyncGenerator<Buffer> {
  const { range, signal } = options;
  const { bucketId } = version;
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
