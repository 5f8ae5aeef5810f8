import { type BlobId, encodeVersionId, type ObjectKey, type VersionId } from '@sealgate/core/names';
import type { BlobRecord, EnvelopeRecord, ObjectVersion, StoredHeaders } from '@sealgate/core/ports';
import type { Terms } from '../db/terms.ts';
import { type AttributeColumns, attributesOf } from './attributes.ts';
import { unpackChecksum } from './checksum.ts';
import { unpackEtag } from './etag.ts';
import { type LayoutColumns, layoutOf } from './layout.ts';
import { type BackendNumbers, unpackReplicas } from './replicas.ts';

export interface EnvelopeColumns {
  readonly key_version: number | null;
  readonly encrypted_key: string | null;
  readonly key_id: string | null;
  readonly key_alg: string | null;
  readonly encryption_alg: string | null;
}

export interface BlobColumns extends LayoutColumns {
  readonly block_shift: number;
  readonly replicas: Buffer;
  readonly digests: Buffer | null;
}

export interface VersionRow extends EnvelopeColumns, AttributeColumns {
  readonly seq: bigint;
  readonly bytes: bigint;
  readonly modified_at: number;
  readonly bucket_id: number;
  readonly class: number;
  readonly verdict: number | null;
  readonly parts: number;
  readonly is_null: boolean;
  readonly blob_id: BlobId;
  readonly key: ObjectKey;
  readonly etag: Buffer;
  readonly checksum: Buffer | null;
  readonly headers: StoredHeaders | null;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly delete_marker: boolean;
  /** Where the bytes of a version put whole are; `blob_id` names it. */
  readonly data_blob: BlobId | null;
  readonly blob_bytes: bigint | null;
  readonly stripe_bytes: number | null;
  readonly k: number | null;
  readonly m: number | null;
  readonly block_shift: number | null;
  readonly replicas: Buffer | null;
  readonly digests: Buffer | null;
}

export interface RowDeps {
  readonly terms: Terms;
  readonly backends: BackendNumbers;
}

export function envelopeColumns(
  envelope: EnvelopeRecord | null,
): [number | null, string | null, string | null, string | null, string | null] {
  if (envelope === null) return [null, null, null, null, null];
  return [envelope.keyVersion, envelope.encryptedKey, envelope.keyId, envelope.keyAlg, envelope.encryptionAlg];
}

export function envelopeOf(row: EnvelopeColumns): EnvelopeRecord | null {
  if (row.encrypted_key === null) return null;
  return {
    encryptedKey: row.encrypted_key,
    keyId: row.key_id ?? '',
    keyVersion: row.key_version ?? 0,
    keyAlg: row.key_alg ?? '',
    encryptionAlg: row.encryption_alg ?? '',
  };
}

export function versionIdOf(row: { is_null: boolean; seq: bigint; blob_id: BlobId }): VersionId | 'null' {
  return row.is_null ? 'null' : encodeVersionId(row.seq, row.blob_id);
}

export async function blobOf(blobId: BlobId, bytes: bigint, row: BlobColumns, deps: RowDeps): Promise<BlobRecord> {
  return {
    blobId,
    bytes: Number(bytes),
    layout: layoutOf(row),
    blockBytes: 2 ** row.block_shift,
    digests: row.digests,
    replicas: await unpackReplicas(row.replicas, deps.backends),
  };
}

export async function versionOf(row: VersionRow, deps: RowDeps): Promise<ObjectVersion> {
  const { block_shift: shift, replicas } = row;
  const blob =
    row.data_blob === null || row.blob_bytes === null || shift === null || replicas === null
      ? null
      : await blobOf(row.data_blob, row.blob_bytes, { ...row, block_shift: shift, replicas }, deps);
  return {
    bucketId: row.bucket_id,
    key: row.key,
    seq: row.seq,
    versionId: versionIdOf(row),
    deleteMarker: row.delete_marker,
    bytes: Number(row.bytes),
    etag: row.delete_marker ? '' : unpackEtag(row.etag),
    modifiedAtMs: row.modified_at,
    redundancyClass: row.delete_marker ? '' : await deps.terms.valueOf(row.class),
    headers: row.headers ?? {},
    checksum: unpackChecksum(row.checksum),
    envelope: envelopeOf(row),
    verdict: row.verdict === null ? null : await deps.terms.valueOf(row.verdict),
    tags: row.tags,
    attributes: attributesOf(row),
    blob,
    parts: row.parts,
  };
}
