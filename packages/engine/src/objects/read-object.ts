import type { KeyObject } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { BlobRecord, ByteRange, Metadata, ObjectVersion, SegmentRecord } from '@sealgate/core/ports';
import { decryptRange, hasEncryptedSize } from '../encryption/decrypt-range.ts';
import { readBlob } from '../read/read-blob.ts';
import type { ReadDeps } from '../read/read-deps.ts';

export interface ReadObjectDeps extends ReadDeps {
  readonly metadata: Pick<Metadata, 'reportBadReplica' | 'readSegments'>;
}

export interface ReadOptions {
  /** Both ends included, inside the object; undefined for all of it. */
  readonly range?: ByteRange;
  /** Of a version that the gateway encrypted. */
  readonly dataKey?: KeyObject;
  readonly signal: AbortSignal;
}

/**
 * The bytes of a version as its client put them, each block verified before it comes out. Fails with a Fault when no
 * replica is left, with the signal's reason once that aborts; ending the iteration ends all backend calls.
 *
 * @throws Fault InternalError when a version that is encrypted is read without its data key: nobody is ever given
 * stored bytes for an object's
 */
export function readObject(deps: ReadObjectDeps, version: ObjectVersion, options: ReadOptions): AsyncGenerator<Buffer> {
  if ((options.dataKey === undefined) !== (version.attributes.encryption === null)) {
    throw new Fault('InternalError', 'A version is read with a data key exactly when it is encrypted.');
  }
  const range = options.range ?? { start: 0, end: version.bytes - 1 };
  // Not through a generator of its own: each one on the way costs every chunk three more turns.
  if (version.blob !== null) {
    return readPiece(deps, version, { ...options, range, part: 0, bytes: version.bytes, blob: version.blob });
  }
  return readSegments(deps, version, { ...options, range });
}

interface Piece extends ReadOptions {
  readonly range: ByteRange;
  readonly part: number;
  /** As the client sees them. */
  readonly bytes: number;
  readonly blob: BlobRecord;
}

function readPiece(
  deps: ReadObjectDeps,
  { bucketId, redundancyClass }: ObjectVersion,
  piece: Piece,
): AsyncGenerator<Buffer> {
  const { blob, range, signal, dataKey, part, bytes } = piece;
  if (dataKey === undefined) return readBlob(deps, blob, { bucketId, range, redundancyClass, signal });
  if (!hasEncryptedSize(blob.bytes, bytes))
    throw new Fault('InternalError', 'The blob is not as long as it should be.');
  return decryptRange({ dataKey, part, plainBytes: bytes }, range, (stored) =>
    readBlob(deps, blob, { bucketId, range: stored, redundancyClass, signal }),
  );
}

async function* readSegments(
  deps: ReadObjectDeps,
  version: ObjectVersion,
  options: ReadOptions & { readonly range: ByteRange },
): AsyncGenerator<Buffer> {
  const { range } = options;
  for await (const segment of segmentsFrom(deps, version, range)) {
    const { bytes, blob, partNumber: part } = segment;
    const start = Math.max(0, range.start - segment.offset);
    const end = Math.min(bytes - 1, range.end - segment.offset);
    if (end >= start) yield* readPiece(deps, version, { ...options, range: { start, end }, part, bytes, blob });
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
      offset = segment.offset + segment.bytes;
    }
    if (page.length === 0) throw new Fault('DataUnavailable', 'The object has a hole in its parts.');
  }
}
