import type { ReplicaRecord } from '@sealgate/core/ports';
import { wantedBlob } from './blobs.ts';
import type { MemoryState, RepairJob } from './state.ts';

/** Of a repair: 100 less ten for each copy (or shard) that may still be lost before the bytes are. */
export function urgency(state: MemoryState, job: RepairJob): number {
  if (job.kind === 'replicate') return job.priority;
  const blob = wantedBlob(state, job.blobId);
  if (blob === undefined) return Number.NEGATIVE_INFINITY;
  const stored = blob.record.replicas.filter(isReadable).length;
  const need = blob.record.layout.kind === 'erasure' ? blob.record.layout.k : 1;
  return Math.max(0, 100 - 10 * Math.max(0, stored - need));
}

export function isReadable({ state }: ReplicaRecord): boolean {
  return state === 'stored' || state === 'leaving';
}
