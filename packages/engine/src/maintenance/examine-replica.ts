import { Fault, isFault, toFault } from '@sealgate/core/faults';
import type { BackendPool, BlobRecord, Clock, ReplicaRecord } from '@sealgate/core/ports';
import { createShardFooter, encodeShardHeader } from '../erasure/shard-format.ts';
import type { EngineLimits } from '../limits.ts';
import type { PhysicalBuckets } from '../placement/physical-buckets.ts';
import type { DigestLists } from '../read/digest-list.ts';
import { createPieceReader } from '../read/piece-reader.ts';
import { stripOf } from '../read/strip.ts';
import { digestBlock } from '../write/block-digester.ts';

export interface ExamineDeps {
  readonly pool: BackendPool;
  readonly physical: PhysicalBuckets;
  readonly digests: DigestLists;
  readonly clock: Clock;
  readonly limits: EngineLimits;
}

/** `unread`: the backend did not answer, or is none of this process; nothing is known. */
export type Condition = 'good' | 'missing' | 'truncated' | 'corrupted' | 'unread';

interface ExamineOptions {
  readonly bucketId: number;
  readonly replica: Pick<ReplicaRecord, 'backend' | 'shard'>;
  /** Called with each piece that was read. */
  readonly onBytes: (bytes: number) => Promise<void>;
  readonly redundancyClass: string;
  readonly signal: AbortSignal;
}

/** Reads all that one backend holds of a blob, headers and footers too, and compares it with what was written. */
export async function examineReplica(deps: ExamineDeps, blob: BlobRecord, options: ExamineOptions): Promise<Condition> {
  const { backend } = options.replica;
  try {
    return await examine(deps, blob, options);
  } catch (error) {
    options.signal.throwIfAborted();
    const { code } = toFault(error);
    if (code === 'BlobMissing') return 'missing';
    if (code === 'BackendCorrupt') return 'truncated';
    // Another fault than the backend's says nothing about the copy, and must not be taken for a finding.
    if (isFault(error, 'BackendUnreachable', 'BackendTimeout', 'BackendRefused')) {
      deps.pool.report(backend, { kind: 'failed', code });
      return 'unread';
    }
    throw error;
  }
}

async function examine(deps: ExamineDeps, blob: BlobRecord, options: ExamineOptions): Promise<Condition> {
  const { bucketId, replica, signal, redundancyClass } = options;
  const driver = deps.pool.driver(replica.backend);
  if (driver === undefined) return 'unread';
  const bucket = await deps.physical.find(bucketId, replica.backend);
  if (bucket === undefined) return 'missing';
  const strip = stripOf(blob, replica.shard);
  const opened = await inTime(deps, driver.get(bucket, strip.key, { signal, redundancyClass }));
  opened.body.on('error', () => undefined);
  try {
    if (opened.totalBytes !== strip.totalBytes) return 'truncated';
    const pieces = createPieceReader(opened.body);
    const same = async (wanted: Uint8Array): Promise<boolean> => {
      const found = await inTime(deps, pieces.take(wanted.length));
      await options.onBytes(wanted.length);
      return Buffer.concat(found).equals(wanted);
    };
    const { header, footer } = frameOf(blob, replica.shard);
    if (!(await same(header))) return 'corrupted';
    for (let block = 0; block < strip.blocks; block += 1) {
      const wanted = await deps.digests.of(blob, strip.digestIndex(block));
      const digest = digestBlock(await inTime(deps, pieces.take(strip.bytes(block))));
      await options.onBytes(strip.bytes(block));
      if (!digest.equals(wanted)) return 'corrupted';
      footer?.add(wanted);
    }
    if (footer !== undefined && !(await same(footer.finish()))) return 'corrupted';
    pieces.finish();
    return 'good';
  } finally {
    opened.body.destroy();
  }
}

/** What stands around the blocks: nothing around a copy, what a shard says of itself around its cells. */
function frameOf(blob: BlobRecord, shard: number) {
  const { layout, blobId, bytes, blockBytes: cellBytes } = blob;
  if (layout.kind === 'copies') return { header: new Uint8Array(), footer: undefined };
  const header = encodeShardHeader({ blobId, bytes, k: layout.k, m: layout.m, shard, cellBytes });
  return { header, footer: createShardFooter(header) };
}

/** The same patience that a reader has for one block. */
async function inTime<T>({ clock, limits }: ExamineDeps, work: T | Promise<T>): Promise<T> {
  if (!(work instanceof Promise)) return work;
  const late = Promise.withResolvers<never>();
  const cancel = clock.schedule(limits.readBlockMs, () =>
    late.reject(new Fault('BackendTimeout', 'The storage location did not answer in time.')),
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    cancel();
  }
}
