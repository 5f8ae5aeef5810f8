import type { BlobId } from '@sealgate/core/names';
import type { MetadataObjects, SegmentRecord } from '@sealgate/core/ports';
import { unpackChecksum } from '../codec/checksum.ts';
import {
  type BlobColumns,
  blobOf,
  type RowDeps,
  type VersionRow,
  versionIdOf,
  versionOf,
} from '../codec/version-row.ts';
import type { Context } from '../context.ts';
import { INLINE_DIGEST_BYTES_MAX } from '../limits.ts';
import { versionColumns } from './commit.ts';

export interface SegmentRow extends BlobColumns {
  readonly part_number: number;
  readonly start_offset: bigint;
  readonly bytes: bigint;
  readonly blob_bytes: bigint;
  readonly blob_id: BlobId;
}

interface PartColumns {
  readonly part_number: number;
  readonly bytes: bigint;
  readonly checksum: Buffer | null;
}

const DIGEST_BYTES = 32;

export async function segmentOf(row: SegmentRow, deps: RowDeps): Promise<SegmentRecord> {
  return {
    partNumber: row.part_number,
    offset: Number(row.start_offset),
    bytes: Number(row.bytes),
    blob: await blobOf(row.blob_id, row.blob_bytes, row, deps),
  };
}

export function createReads(
  context: Context,
): Pick<
  MetadataObjects,
  'currentVersion' | 'version' | 'currentSeq' | 'readDigests' | 'readSegments' | 'readSegmentOfPart' | 'readParts'
> {
  const { database } = context;

  return {
    async currentVersion(bucketId, key) {
      const [row] = await database.read<VersionRow>('current-version', [bucketId, key, INLINE_DIGEST_BYTES_MAX]);
      return row === undefined ? undefined : versionOf(row, context);
    },

    async version(bucketId, key, versionId) {
      const { seq } = versionColumns(versionId);
      const [row] = await database.read<VersionRow>('version', [bucketId, key, seq, INLINE_DIGEST_BYTES_MAX]);
      // The tail makes ids unguessable, so it must be right too.
      return row === undefined || versionIdOf(row) !== versionId ? undefined : versionOf(row, context);
    },

    async currentSeq(bucketId, key) {
      const [row] = await database.read<{ seq: bigint }>('current-seq', [bucketId, key]);
      return row?.seq;
    },

    async readDigests(blobId, first, count) {
      const [row] = await database.read<{ digests: Buffer }>('read-digests', [
        blobId,
        first * DIGEST_BYTES,
        count * DIGEST_BYTES,
      ]);
      return row?.digests ?? new Uint8Array();
    },

    async readSegments(version, offset, limit) {
      const rows = await database.read<SegmentRow>('read-segments', [
        version.seq,
        offset,
        limit,
        INLINE_DIGEST_BYTES_MAX,
      ]);
      return Promise.all(rows.map((row) => segmentOf(row, context)));
    },

    async readSegmentOfPart(version, partNumber) {
      const [row] = await database.read<SegmentRow>('read-segment-of-part', [
        version.seq,
        partNumber,
        INLINE_DIGEST_BYTES_MAX,
      ]);
      return row === undefined ? undefined : segmentOf(row, context);
    },

    async readParts(version, afterPartNumber, limit) {
      const rows = await database.read<PartColumns>('read-parts', [version.seq, afterPartNumber, limit]);
      return rows.map((row) => ({
        partNumber: row.part_number,
        bytes: Number(row.bytes),
        checksum: unpackChecksum(row.checksum),
      }));
    },
  };
}
