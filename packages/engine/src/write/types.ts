import type { BackendId, BlobId } from '@sealgate/core/names';
import type { Placement } from '@sealgate/core/placement';
import type { RedundancyClass } from '@sealgate/core/policy';
import type { BackendPool, BlobLayout, Bucket, Clock, Metadata, ReplicaRecord } from '@sealgate/core/ports';
import type { EngineEvents } from '../events.ts';
import type { EngineLimits } from '../limits.ts';
import type { PhysicalBuckets } from '../placement/physical-buckets.ts';
import type { BodyFacts, BodySource } from './body.ts';
import type { ErasureCodecs } from './shape.ts';

/** Random bytes for ids; a simulation gives its own. */
export type RandomBytes = (count: number) => Uint8Array;

export interface WriteDeps {
  readonly metadata: Metadata;
  readonly pool: BackendPool;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly physical: PhysicalBuckets;
  readonly events: EngineEvents;
  readonly random: RandomBytes;
  readonly codecs: ErasureCodecs;
}

export interface WriteRequest {
  readonly bucket: Bucket;
  readonly blobId: BlobId;
  readonly redundancyClass: RedundancyClass;
  readonly placement: Extract<Placement, { ok: true }>;
  /** Another legal choice when these backends failed, for bodies that can be sent again. */
  readonly placeWithout: (failed: ReadonlySet<BackendId>) => Placement;
  readonly body: BodySource;
  readonly signal: AbortSignal;
}

/** Bytes that satisfy the ack rule but that no version names yet. Exactly one of `published` and `discard` must follow. */
export interface WrittenBlob {
  readonly blobId: BlobId;
  readonly bytes: number;
  readonly layout: BlobLayout;
  readonly blockBytes: number;
  readonly digests: Uint8Array;
  readonly facts: BodyFacts;
  readonly replicas: readonly ReplicaRecord[];
  readonly ackedBy: readonly BackendId[];
  /** The metadata names the blob now: late copies turn their rows `stored`. Returns at once. */
  published(): void;
  /** The metadata does not name it: everything that landed is queued for deletion. Never throws. */
  discard(): Promise<void>;
}
