import { hash } from 'node:crypto';
import type { AuditEntry, EntryReplica } from '@sealgate/core/audit';
import { isFault } from '@sealgate/core/faults';
import type { BackendNumbers } from '../codec/replicas.ts';
import { auditActions } from './actions.ts';

/** A row of the view `audit_entries`. */
export interface EntryRow {
  readonly seq: bigint;
  readonly at: string;
  readonly actor: string;
  readonly action: number;
  readonly request_id: string;
  readonly remote_address: string | null;
  readonly bucket_id: number | null;
  readonly key: string | null;
  readonly version_seq: bigint | null;
  readonly blob_id: string | null;
  readonly replicas: Buffer | null;
  readonly bytes_delta: bigint | null;
  readonly versions_delta: number | null;
  readonly detail: Readonly<Record<string, unknown>> | null;
}

/** The entry of a row, whatever the row holds: a leaf that could not be made would hold up all behind it. */
export async function entryOf(row: EntryRow, backends: BackendNumbers): Promise<AuditEntry> {
  return {
    seq: Number(row.seq),
    at: row.at,
    actor: row.actor,
    action: row.action,
    requestId: row.request_id,
    ...(row.remote_address === null ? {} : { remoteAddress: row.remote_address }),
    ...(row.bucket_id === null ? {} : { bucket: row.bucket_id }),
    ...(row.key === null ? {} : { key: row.key }),
    ...(row.version_seq === null ? {} : { version: Number(row.version_seq) }),
    ...(row.blob_id === null ? {} : { blob: row.blob_id }),
    ...(row.replicas === null ? {} : { replicas: await replicasOf(row.action, row.replicas, backends) }),
    ...(row.bytes_delta === null ? {} : { bytesDelta: Number(row.bytes_delta) }),
    ...(row.versions_delta === null ? {} : { versionsDelta: row.versions_delta }),
    ...(row.detail === null ? {} : { detail: row.detail }),
  };
}

const states: Readonly<Record<string, string>> = { s: 'stored', p: 'pending', m: 'missing', l: 'leaving' };

/** Entries about copies that are gone name places, three bytes each; all others have the four bytes of `blobs.replicas`. */
async function replicasOf(action: number, packed: Buffer, backends: BackendNumbers): Promise<EntryReplica[]> {
  const width = action === auditActions.replicasRemoved || action === auditActions.replicaLeft ? 3 : 4;
  const replicas: EntryReplica[] = [];
  for (let at = 0; at + width <= packed.length; at += width) {
    const place = { backend: await backendId(packed.readUInt16BE(at), backends), shard: packed.readUInt8(at + 2) };
    const letter = width === 4 ? packed.toString('latin1', at + 3, at + 4) : undefined;
    replicas.push(letter === undefined ? place : { ...place, state: states[letter] ?? letter });
  }
  return replicas;
}

async function backendId(number: number, backends: BackendNumbers): Promise<string> {
  try {
    return await backends.idOf(number);
  } catch (error) {
    if (!isFault(error, 'InternalError')) throw error;
    return `#${number}`;
  }
}

/** What `audit_leaves` finds an entry by: its key, without one its blob, without either its bucket. */
export function subjectOf({ bucket, key, blob }: AuditEntry): number | null {
  if (bucket !== undefined && key !== undefined) return keySubject(bucket, key);
  if (blob !== undefined) return blobSubject(blob);
  return bucket === undefined ? null : keySubject(bucket, '');
}

/** No key is empty: the empty one stands for the bucket. */
export function keySubject(bucketId: number, key: string): number {
  return hash('sha256', `${bucketId}/${key}`, 'buffer').readInt32BE();
}

export function blobSubject(blobId: string): number {
  return hash('sha256', blobId, 'buffer').readInt32BE();
}
