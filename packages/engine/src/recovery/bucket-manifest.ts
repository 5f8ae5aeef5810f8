import { Fault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import { explain } from '@sealgate/core/placement';
import type { Bucket, CursorPosition, Metadata, RecoveryKey } from '@sealgate/core/ports';
import { LRUCache } from 'lru-cache';
import { type DocumentRecipient, documentRecipient } from '../documents/index.ts';
import type { RandomBytes } from '../write/types.ts';
import { generationName } from './manifest.ts';
import { manifestTargets, sweepManifests } from './manifest-store.ts';
import {
  type ManifestBuilding,
  type ManifestChain,
  type ManifestPosition,
  manifestCursor,
  NO_MANIFEST,
  readManifestPosition,
} from './position.ts';
import {
  type ManifestOutput,
  type TouchedVersion,
  type WriteManifestDeps,
  writeBasePage,
  writeDelta,
} from './write-manifest.ts';

interface Writer {
  readonly holder: string;
  readonly operatorKey: DocumentRecipient | undefined;
  readonly signal: AbortSignal;
}

export interface BucketManifests {
  /** A whole new generation. The one before goes once this one was stored and read back. */
  rebase(bucket: Bucket, writer: Writer): Promise<void>;
  /** What changed, behind the generation there is; a new generation when there is none or it has grown old. */
  append(
    bucket: Bucket,
    change: { readonly touched: readonly TouchedVersion[]; readonly through: bigint },
    writer: Writer,
  ): Promise<void>;
  /** True when documents lie on a backend that may not hold the bucket's bytes any more, or that is being emptied. */
  isMisplaced(bucket: Bucket, saved: CursorPosition): Promise<boolean>;
  /** Removes old generations from backends that could not be reached when they were to go. */
  sweepStale(bucket: Bucket, writer: Writer): Promise<void>;
  /** Removes everything of a bucket that is gone; what is left could not be reached. */
  remove(bucketId: number, writer: Writer): Promise<readonly BackendId[]>;
}

const RECIPIENTS_CACHED_MAX = 1000;
/** A bucket's first base may have had fewer places than the bucket has now. */
const BASE_COPIES_WANTED = 3;
/** Fewer copies of a base that can be reached are made up for by another one. */
const BASE_COPIES_MIN = 2;

export function createBucketManifests(
  deps: WriteManifestDeps & {
    /** For names. */
    readonly random: RandomBytes;
    readonly metadata: Pick<Metadata, 'leaseCursor' | 'saveCursor' | 'listRecoveryKeys' | 'markLog' | 'isLogFinal'>;
  },
): BucketManifests {
  const { metadata, limits, clock } = deps;
  const recipientsOf = createRecipients(deps);

  /** The position under a lease. @throws Fault Conflict while another process has it */
  async function lease(bucketId: number, { holder }: Writer): Promise<ManifestPosition> {
    const found = await metadata.leaseCursor(manifestCursor(bucketId), holder, limits.manifestLeaseMs);
    if (found === undefined) throw new Fault('Conflict', "Another process writes the bucket's recovery manifest.");
    return readManifestPosition(found.position);
  }

  async function save(
    bucketId: number,
    { holder }: Writer,
    saved: { readonly position: ManifestPosition; readonly done: boolean },
  ): Promise<void> {
    const { position, done } = saved;
    const leaseMs = done ? 0 : limits.manifestLeaseMs;
    const kept = await metadata.saveCursor(manifestCursor(bucketId), holder, { position, leaseMs });
    if (!kept) throw new Fault('Conflict', "Another process writes the bucket's recovery manifest.");
  }

  async function outputFor(bucket: Bucket, writer: Writer) {
    const holding = new Set((await metadata.physicalBuckets(bucket.id)).keys());
    const { recipients, readers } = await recipientsOf(bucket, writer.operatorKey);
    // Nobody could read it. What was written for a key that is gone is not kept either.
    if (readers === 'nobody') return { output: undefined, readers, holding };
    const targets = await manifestTargets(deps, bucket, holding);
    const output: ManifestOutput = { bucket, recipients, targets, signal: writer.signal };
    return { output, readers, holding };
  }

  async function rebase(bucket: Bucket, writer: Writer, position: ManifestPosition): Promise<void> {
    const { output, readers, holding } = await outputFor(bucket, writer);
    if (output === undefined) {
      const stale = [...new Set([...holding, ...position.stale])];
      await sweep(bucket.id, writer, { chain: null, building: null, stale });
      return;
    }
    let building = resumable(position.building, output) ?? (await newBuilding(deps, output, readers));
    for (let done = false; !done; ) {
      ({ building, done } = await writeBasePage(deps, output, building));
      if (!done) await save(bucket.id, writer, { position: { ...position, building }, done });
    }
    const { after: _after, ...chain } = building;
    // Only now that the new generation is there and read back: what says where it is comes before the old one goes.
    const every = [...new Set([...holding, ...chain.targets, ...position.stale])];
    await save(bucket.id, writer, { position: { chain, building: null, stale: every }, done: false });
    await sweep(bucket.id, writer, { chain, building: null, stale: every });
  }

  async function sweep(bucketId: number, writer: Writer, position: ManifestPosition): Promise<void> {
    const { signal } = writer;
    const keep = position.chain;
    const stale = await sweepManifests(deps, { bucketId, backends: position.stale, keep, signal });
    await save(bucketId, writer, { position: { ...position, stale }, done: true });
  }

  return {
    async rebase(bucket, writer) {
      await rebase(bucket, writer, await lease(bucket.id, writer));
    },

    async append(bucket, { touched, through }, writer) {
      const position = await lease(bucket.id, writer);
      const { chain } = position;
      const { output } = await outputFor(bucket, writer);
      if (chain === null || output === undefined || !fits(chain, output) || isOld(chain, limits))
        return rebase(bucket, writer, position);
      const news = BigInt(chain.through) < through;
      const next = news ? await writeDelta(deps, output, { chain, touched, through }) : chain;
      await save(bucket.id, writer, { position: { ...position, chain: next }, done: true });
    },

    async isMisplaced(bucket, saved) {
      const { chain, building } = readManifestPosition(saved);
      const places = new Set([...(chain?.targets ?? []), ...(building?.targets ?? [])]);
      const policy = await deps.policies.forBucket(bucket);
      const verdicts = explain(policy, deps.pool.all(), { regionLock: bucket.regionLock });
      const allowed = new Set(verdicts.filter(({ verdict }) => verdict.ok).map(({ backend }) => backend.id));
      return [...places].some((id) => !allowed.has(id));
    },

    async sweepStale(bucket, writer) {
      const position = await lease(bucket.id, writer);
      if (position.stale.length > 0) await sweep(bucket.id, writer, position);
      else await save(bucket.id, writer, { position, done: true });
    },

    async remove(bucketId, writer) {
      const backends = [...(await metadata.physicalBuckets(bucketId)).keys()];
      const left = await sweepManifests(deps, { bucketId, backends, keep: null, signal: writer.signal });
      const found = await metadata.leaseCursor(manifestCursor(bucketId), writer.holder, limits.manifestLeaseMs);
      if (found !== undefined) await save(bucketId, writer, { position: NO_MANIFEST, done: true });
      return left;
    },
  };

  function newBuilding(
    { random }: { readonly random: RandomBytes },
    output: ManifestOutput,
    readers: ManifestChain['readers'],
  ): Promise<ManifestBuilding> {
    // Read before the walk begins; what is numbered up to it was committed, so the walk meets it or what became of it.
    return finalNumber().then((through) => ({
      generation: generationName(clock.now(), random(4)),
      documents: 0,
      last: null,
      through: through.toString(),
      baseBytes: 0,
      deltas: 0,
      deltaBytes: 0,
      recipients: recipientNames(output),
      readers,
      baseOn: output.targets.map(({ id }) => id),
      targets: output.targets.map(({ id }) => id),
      writtenAtMs: clock.now(),
      after: null,
    }));
  }

  /** A number up to which the log is final; 0, which is always true, while writers are slow. */
  async function finalNumber(): Promise<bigint> {
    const mark = await metadata.markLog();
    return (await metadata.isLogFinal(mark)) ? mark.seq : 0n;
  }
}

function recipientNames({ recipients }: Pick<ManifestOutput, 'recipients'>): string {
  return recipients.map(({ keyId }) => keyId).join(' ');
}

/** Whether documents of this generation may go on: sealed to the same keys, and enough of its backends are there. */
function fits(chain: ManifestChain, output: ManifestOutput): boolean {
  const { targets } = output;
  const ready = targets.filter(({ id }) => chain.baseOn.includes(id));
  return (
    chain.recipients === recipientNames(output) &&
    chain.baseOn.length >= Math.min(BASE_COPIES_WANTED, targets.length) &&
    ready.length >= Math.min(BASE_COPIES_MIN, targets.length)
  );
}

function resumable(building: ManifestBuilding | null, output: ManifestOutput): ManifestBuilding | undefined {
  return building !== null && fits(building, output) ? building : undefined;
}

function isOld(
  { deltas, deltaBytes, baseBytes }: ManifestChain,
  limits: Pick<WriteManifestDeps['limits'], 'manifestDeltas' | 'manifestDocumentBytes'>,
): boolean {
  return deltas >= limits.manifestDeltas || deltaBytes > Math.max(baseBytes, limits.manifestDocumentBytes);
}

function createRecipients({ metadata }: { readonly metadata: Pick<Metadata, 'listRecoveryKeys'> }) {
  const imported = new LRUCache<string, DocumentRecipient>({ max: RECIPIENTS_CACHED_MAX });
  const importKey = async ({ jwk }: RecoveryKey): Promise<DocumentRecipient> => {
    const known = imported.get(jwk) ?? (await documentRecipient(jwk));
    imported.set(jwk, known);
    return known;
  };
  /** The tenant's own keys; the operator's where it has none. */
  return async (bucket: Bucket, operatorKey: DocumentRecipient | undefined) => {
    const keys = await metadata.listRecoveryKeys(bucket.tenantId);
    const own = await Promise.all(keys.map(importKey));
    if (own.length > 0) return { recipients: own, readers: 'owner' } as const;
    if (operatorKey !== undefined) return { recipients: [operatorKey], readers: 'operator' } as const;
    return { recipients: [], readers: 'nobody' } as const;
  };
}
