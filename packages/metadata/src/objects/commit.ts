import { createHash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { type BlobId, decodeVersionId, encodeVersionId, newBlobId, type VersionId } from '@sealgate/core/names';
import type { CommittedVersion, CommitVersion, MetadataObjects } from '@sealgate/core/ports';
import { packAttributes } from '../codec/attributes.ts';
import { packChecksum, packChecksumValue } from '../codec/checksum.ts';
import { packCondition, packEtag } from '../codec/etag.ts';
import { blockShift, layoutColumns } from '../codec/layout.ts';
import { owingStates, packReplicas } from '../codec/replicas.ts';
import { envelopeColumns } from '../codec/version-row.ts';
import { accepted, type Context, waitColumns } from '../context.ts';
import type { SqlValue } from '../db/database.ts';
import { INLINE_DIGEST_BYTES_MAX } from '../limits.ts';
import { type CommittedRow, createGroupCommit } from './group-commit.ts';

interface DeletedRow {
  readonly outcome: string;
  readonly seq: bigint | null;
  readonly is_null: boolean | null;
  readonly blob_id: BlobId | null;
  readonly versioned: boolean;
  readonly delete_marker: boolean;
  readonly existed: boolean;
}

export function committedOf(row: CommittedRow, blobId: BlobId): CommittedVersion {
  const versionId = row.is_null ? 'null' : encodeVersionId(row.seq, blobId);
  return { seq: row.seq, versionId, versioned: row.versioned, modifiedAtMs: row.modified_at };
}

/** The parameters of `commit_version`. */
export async function commitColumns(context: Context, version: CommitVersion): Promise<SqlValue[]> {
  const { terms } = context;
  return [
    version.bucketId,
    version.key,
    version.blobId,
    version.bytes,
    version.storedBytes,
    packEtag(version.etag),
    await terms.idOf('class', version.redundancyClass),
    version.verdict === null ? null : await terms.idOf('verdict', version.verdict),
    packChecksum(version.checksum),
    jsonOrNull(version.headers),
    version.tags === null ? null : JSON.stringify(version.tags),
    packAttributes(version.attributes),
    ...envelopeColumns(version.envelope),
    ...layoutColumns(version.layout),
    blockShift(version.blockBytes),
    await packReplicas(version.replicas, context.backends),
    version.digests,
    owingStates(version.replicas),
    packCondition(version.preconditions.ifMatch),
    packCondition(version.preconditions.ifNoneMatch),
    ...(await context.actor(version.actor)),
    ...waitColumns(context),
    version.cause ?? null,
  ];
}

/** The methods that publish and remove versions: one call of a stored function each. */
export function createCommits(
  context: Context,
): Pick<MetadataObjects, 'commitVersion' | 'commitUpload' | 'deleteObject'> {
  const { database, terms } = context;
  const commit = createGroupCommit(database);
  const termOrNull = async (verdict: string | null) => (verdict === null ? null : terms.idOf('verdict', verdict));

  return {
    async commitVersion(version) {
      const columns = await commitColumns(context, version);
      // A long digest list is a long statement, which others are not to wait for.
      const long = version.digests.length > INLINE_DIGEST_BYTES_MAX;
      const rows = await (long ? commit.alone(columns) : commit.together(columns));
      return committedOf(accepted(rows), version.blobId);
    },

    async commitUpload(upload) {
      const numbers = upload.parts.map((part) => part.partNumber);
      if (numbers.length === 0 || numbers.some((number, index) => index > 0 && number <= (numbers[index - 1] ?? 0))) {
        throw new Fault(
          'InvalidPartOrder',
          'The list of parts was not in ascending order. Parts must be ordered by part number.',
        );
      }
      const list = createHash('sha256');
      for (const part of upload.parts) list.update(`${part.partNumber}:${part.etag}\n`);
      const rows = await database.write<CommittedRow & { readonly blob_id: BlobId }>('commit-upload', [
        upload.bucketId,
        upload.key,
        upload.uploadId,
        numbers,
        upload.parts.map((part) => packEtag(part.etag)),
        upload.parts.map((part) => (part.checksum === undefined ? null : packChecksumValue(part.checksum))),
        list.digest(),
        packEtag(upload.etag),
        upload.bytes,
        packChecksum(upload.checksum),
        await termOrNull(upload.verdict),
        ...envelopeColumns(upload.envelope),
        packCondition(upload.preconditions.ifMatch),
        packCondition(upload.preconditions.ifNoneMatch),
        ...(await context.actor(upload.actor)),
        context.waits.deletionGraceMs,
        upload.manifest ?? null,
      ]);
      const row = accepted(rows);
      return committedOf(row, row.blob_id);
    },

    async deleteObject(request) {
      const named = request.versionId === undefined ? undefined : versionColumns(request.versionId);
      const rows = await database.write<DeletedRow>('delete-object', [
        request.bucketId,
        request.key,
        newBlobId(context.clock.now()),
        named?.seq ?? null,
        named?.tail ?? null,
        named?.isNull ?? false,
        packCondition(request.preconditions.ifMatch),
        packCondition(request.preconditions.ifNoneMatch),
        request.bypassGovernance ?? false,
        ...(await context.actor(request.actor)),
        context.waits.deletionGraceMs,
        request.unchanged?.bytes ?? null,
        request.unchanged?.modifiedAtMs ?? null,
      ]);
      const row = accepted(rows);
      const shown = request.versionId ?? (row.delete_marker ? madeMarker(row) : undefined);
      return {
        ...(shown === undefined ? {} : { versionId: shown }),
        deleteMarker: row.delete_marker,
        existed: row.existed,
      };
    },
  };
}

function madeMarker(row: DeletedRow): VersionId | 'null' | undefined {
  if (row.seq === null || row.blob_id === null) return undefined;
  return row.is_null === true ? 'null' : encodeVersionId(row.seq, row.blob_id);
}

/** How a version id finds its row. One that cannot be a version id finds none: no row has sequence 0. */
export function versionColumns(versionId: VersionId | 'null'): {
  seq: bigint | null;
  tail: string | null;
  isNull: boolean;
} {
  if (versionId === 'null') return { seq: null, tail: null, isNull: true };
  const decoded = decodeVersionId(versionId);
  return { seq: decoded?.seq ?? 0n, tail: decoded?.blobTail ?? '', isNull: false };
}

function jsonOrNull(headers: object): string | null {
  return Object.keys(headers).length === 0 ? null : JSON.stringify(headers);
}
