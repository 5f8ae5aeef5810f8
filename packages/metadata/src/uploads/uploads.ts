import { Fault } from '@sealgate/core/faults';
import type { BlobId } from '@sealgate/core/names';
import type { MetadataUploads, PartRecord } from '@sealgate/core/ports';
import { packAttributes } from '../codec/attributes.ts';
import { packChecksum, unpackChecksum } from '../codec/checksum.ts';
import { packEtag, unpackEtag } from '../codec/etag.ts';
import { blockShift, layoutColumns } from '../codec/layout.ts';
import { owingStates, packReplicas, unpackReplicas } from '../codec/replicas.ts';
import { envelopeColumns } from '../codec/version-row.ts';
import { accepted, type Context, waitColumns } from '../context.ts';
import { ABORT_BATCH } from '../limits.ts';
import { createUploadListing } from './list-uploads.ts';
import { type UploadRow, uploadOf } from './upload-row.ts';

interface PartRow {
  readonly part_number: number;
  readonly bytes: bigint;
  readonly etag: Buffer;
  readonly checksum: Buffer | null;
  readonly inspection: string | null;
  readonly blob_id: BlobId;
  readonly modified_at: number;
  readonly replicas: Buffer;
}

async function partOf(row: PartRow, context: Context): Promise<PartRecord> {
  const replicas = await unpackReplicas(row.replicas, context.backends);
  return {
    partNumber: row.part_number,
    bytes: Number(row.bytes),
    etag: unpackEtag(row.etag),
    checksum: unpackChecksum(row.checksum),
    inspection: row.inspection,
    blobId: row.blob_id,
    storedOn: replicas.filter((replica) => replica.state === 'stored').map((replica) => replica.backend),
    modifiedAtMs: row.modified_at,
  };
}

export function createUploads(context: Context): MetadataUploads {
  const { database, terms } = context;
  return {
    ...createUploadListing(context),

    async createUpload(upload) {
      const rows = await database.write<{ outcome: string }>('create-upload', [
        upload.bucketId,
        upload.key,
        upload.uploadId,
        await terms.idOf('class', upload.redundancyClass),
        JSON.stringify(upload.headers),
        upload.tags === null ? null : JSON.stringify(upload.tags),
        packAttributes(upload.attributes),
        upload.checksumAlgorithm,
        upload.checksumType,
        ...envelopeColumns(upload.envelope),
        upload.initiator,
        ...(await context.actor(upload.actor)),
      ]);
      accepted(rows);
    },

    async upload(bucketId, key, uploadId) {
      const [row] = await database.read<UploadRow>('upload', [bucketId, key, uploadId]);
      return row === undefined ? undefined : uploadOf(row, context);
    },

    async commitPart(part) {
      const rows = await database.write<{ outcome: string; modified_at: number }>('commit-part', [
        part.bucketId,
        part.key,
        part.uploadId,
        part.partNumber,
        part.blobId,
        part.bytes,
        part.storedBytes,
        ...layoutColumns(part.layout),
        blockShift(part.blockBytes),
        await packReplicas(part.replicas, context.backends),
        part.digests,
        owingStates(part.replicas),
        packEtag(part.etag),
        packChecksum(part.checksum),
        part.inspection,
        ...(await context.actor(part.actor)),
        ...waitColumns(context),
      ]);
      return { modifiedAtMs: accepted(rows).modified_at };
    },

    async listParts(uploadId, afterPartNumber, limit) {
      const rows = await database.read<PartRow>('list-parts', [uploadId, afterPartNumber, limit]);
      return await Promise.all(rows.map((row) => partOf(row, context)));
    },

    async abortUpload(request) {
      const rows = await database.write<{ outcome: string }>('abort-upload', [
        request.bucketId,
        request.key,
        request.uploadId,
        ...(await context.actor(request.actor)),
        context.waits.deletionGraceMs,
      ]);
      accepted(rows);
    },

    async abortUploadsOf(bucketId, _bucket, actor) {
      const columns = await context.actor(actor);
      for (;;) {
        const [row] = await database.write<{ found: number }>('abort-uploads-of', [
          bucketId,
          ABORT_BATCH,
          ...columns,
          context.waits.deletionGraceMs,
        ]);
        if (row === undefined) throw new Fault('InternalError', 'The database gave no answer.');
        if (row.found < ABORT_BATCH) return;
      }
    },
  };
}
