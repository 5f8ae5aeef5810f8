import type { ObjectKey } from '@sealgate/core/names';
import type { ChecksumAlgorithm, StoredHeaders, UploadRecord } from '@sealgate/core/ports';
import { type PackedAttributes, unpackAttributes } from '../codec/attributes.ts';
import { type EnvelopeColumns, envelopeOf } from '../codec/version-row.ts';
import type { Context } from '../context.ts';

export interface UploadRow extends EnvelopeColumns {
  readonly upload_id: string;
  readonly bucket_id: number;
  readonly key: ObjectKey;
  readonly class: number;
  readonly headers: StoredHeaders | null;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly attributes: PackedAttributes | null;
  readonly checksum_algorithm: ChecksumAlgorithm | null;
  readonly checksum_type: 'FULL_OBJECT' | 'COMPOSITE' | null;
  readonly initiator: string;
  readonly state: string;
  readonly created_at: number;
}

export async function uploadOf(row: UploadRow, context: Context): Promise<UploadRecord> {
  return {
    uploadId: row.upload_id,
    bucketId: row.bucket_id,
    key: row.key,
    redundancyClass: await context.terms.valueOf(row.class),
    headers: row.headers ?? {},
    tags: row.tags,
    checksumAlgorithm: row.checksum_algorithm,
    checksumType: row.checksum_type,
    envelope: envelopeOf(row),
    attributes: unpackAttributes(row.attributes),
    initiator: row.initiator,
    state: row.state === 'o' ? 'open' : 'completed',
    createdAtMs: row.created_at,
  };
}
