import type { KeyObject } from 'node:crypto';
import type { Fault } from '@sealgate/core/faults';
import type { BackendId, PhysicalBucketName } from '@sealgate/core/names';
import {
  type BackendDriver,
  type BackendOutcome,
  type ObjectVersion,
  type SegmentRecord,
  systemClock,
} from '@sealgate/core/ports';
import { createErasureCodecs } from '@sealgate/erasure';
import { silentEvents } from '../events.ts';
import { defaultEngineLimits } from '../limits.ts';
import { readObject } from '../objects/read-object.ts';
import { createDigestLists } from '../read/digest-list.ts';
import { createHedgeBudget } from '../read/hedge-budget.ts';

/** A physical bucket somewhere; stands in for a backend where replicas are named. */
export interface StoredPlace {
  readonly driver: BackendDriver;
  readonly bucket: PhysicalBucketName;
}

export interface StoredReader {
  /** As the engine reads: copies and shards stand in for one another, and no byte comes out that was not verified. */
  read(
    version: ObjectVersion,
    options: {
      readonly dataKey?: KeyObject;
      readonly signal: AbortSignal;
      /** A copy or shard was missing or wrong; others are tried. */
      readonly onBad: (fault: Fault) => void;
    },
  ): AsyncGenerator<Buffer>;
}

/**
 * Reads versions of which everything is known but no gateway and no database are left.
 */
export function createStoredReader(deps: {
  readonly places: ReadonlyMap<BackendId, StoredPlace>;
  readonly segments: (version: ObjectVersion, offset: number, limit: number) => readonly SegmentRecord[];
}): StoredReader {
  const { places } = deps;
  const limits = defaultEngineLimits;
  // Asked last, or every object waits for them anew.
  const troubles = new Map<BackendId, number>();
  const troublesOf = (id: BackendId): number => troubles.get(id) ?? 0;
  const metadata = {
    reportBadReplica: () => Promise.resolve(),
    readSegments: (version: ObjectVersion, offset: number, limit: number) =>
      Promise.resolve(deps.segments(version, offset, limit)),
    // Manifests have all digests.
    readDigests: () => Promise.resolve(new Uint8Array()),
  };
  const readDeps = {
    metadata,
    digests: createDigestLists({ metadata, limits }),
    hedges: createHedgeBudget(limits),
    pool: {
      all: () => [],
      driver: (id: BackendId) => places.get(id)?.driver,
      writable: () => new Set<BackendId>(),
      full: () => new Set<BackendId>(),
      readOrder: (ids: Iterable<BackendId>) => [...ids].sort((a, b) => troublesOf(a) - troublesOf(b)),
      latencyMs: () => undefined,
      report(id: BackendId, { kind }: BackendOutcome) {
        if (kind === 'ok') troubles.delete(id);
        else troubles.set(id, troublesOf(id) + 1);
      },
    },
    clock: systemClock,
    limits,
    physical: {
      ensure: () => Promise.reject(new Error('Nothing is written here.')),
      find: (_bucketId: number, id: BackendId) => Promise.resolve(places.get(id)?.bucket),
      doubt: () => undefined,
    },
    codecs: createErasureCodecs(),
  };
  return {
    read(version, { onBad, ...options }) {
      const badReplica = (_blob: unknown, _place: BackendId, fault: Fault): void => onBad(fault);
      return readObject({ ...readDeps, events: { ...silentEvents, badReplica } }, version, options);
    },
  };
}
