import type { BackendId } from '@sealgate/core/names';
import type { Placement } from '@sealgate/core/placement';
import type { BlobLayout } from '@sealgate/core/ports';

/** Which shard of a blob each backend of a write gets. Copies are all shard 0. */
export interface ShardMap {
  of(backend: BackendId): number;
  /** The backend failed: who takes its place takes its shard. */
  release(backend: BackendId): void;
  /** Gives a stand-in the shard that was released first. False when there is none. */
  takeOver(backend: BackendId): boolean;
}

export function createShardMap(layout: BlobLayout, placement: Extract<Placement, { ok: true }>): ShardMap {
  if (layout.kind === 'copies') return { of: () => 0, release: () => undefined, takeOver: () => true };
  const shards = new Map([...placement.write, ...placement.owed].map((backend, index) => [backend.id, index]));
  const free: number[] = [];
  return {
    of: (backend) => shards.get(backend) ?? 0,
    release(backend) {
      const shard = shards.get(backend);
      if (shard !== undefined) free.push(shard);
    },
    takeOver(backend) {
      const shard = free.shift();
      if (shard === undefined) return false;
      shards.set(backend, shard);
      return true;
    },
  };
}
