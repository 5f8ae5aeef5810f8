import { createSecretKey, type KeyObject } from 'node:crypto';
import type { BackendId, BlobId, ObjectKey } from '@sealgate/core/names';
import { type BlobRecord, type ObjectVersion, PLAIN_ATTRIBUTES, type SegmentRecord } from '@sealgate/core/ports';
import type { ManifestBlob, SegmentLine, VersionLine } from '@sealgate/engine/recovery';
import type { WorkFile } from './work-file.ts';

type PlacesOf = Pick<WorkFile, 'placesOf'>;

/** A version as the engine reads it, its copies and shards where a listing found them. */
export function versionOf(work: PlacesOf, bucketId: number, line: VersionLine): ObjectVersion {
  const { encryption } = line;
  return {
    bucketId,
    key: line.key as ObjectKey,
    seq: BigInt(line.seq),
    versionId: line.versionId as ObjectVersion['versionId'],
    deleteMarker: false,
    bytes: line.bytes,
    etag: line.etag,
    modifiedAtMs: line.modifiedAtMs,
    redundancyClass: line.class,
    headers: line.headers,
    checksum: line.checksum,
    envelope: line.envelope,
    verdict: line.verdict,
    tags: line.tags,
    attributes: {
      ...PLAIN_ATTRIBUTES,
      encryption: encryption === null ? null : { kind: encryption.kind, wrappedKey: '', keyVersion: 0 },
    },
    blob: line.blob === null ? null : blobOf(work, line.blob),
    parts: line.parts,
  };
}

export function segmentOf(work: PlacesOf, line: SegmentLine): SegmentRecord {
  return { partNumber: line.part, offset: line.offset, bytes: line.bytes, blob: blobOf(work, line.blob) };
}

/** The data key of a version that the gateway encrypted. */
export function dataKeyOf({ encryption }: VersionLine): KeyObject | undefined {
  if (encryption?.kind !== 'SSE-S3' || encryption.dataKey === null) return undefined;
  return createSecretKey(Buffer.from(encryption.dataKey, 'base64'));
}

function blobOf(work: PlacesOf, blob: ManifestBlob): BlobRecord {
  return {
    blobId: blob.id as BlobId,
    bytes: blob.bytes,
    layout: blob.layout,
    blockBytes: blob.blockBytes,
    digests: Buffer.from(blob.digests, 'base64'),
    replicas: work.placesOf(blob.id).map(({ place, shard }) => ({
      backend: place as BackendId,
      shard,
      state: 'stored',
    })),
  };
}

/** Whether enough of a blob was listed; says nothing about its bytes. */
export function isListed(work: PlacesOf, { id, layout }: ManifestBlob): boolean {
  const shards = new Set(work.placesOf(id).map(({ shard }) => shard));
  return layout.kind === 'copies' ? shards.has(0) : shards.size >= layout.k;
}
