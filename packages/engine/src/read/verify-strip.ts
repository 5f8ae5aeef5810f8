import { Fault } from '@sealgate/core/faults';
import type { PhysicalBucketName } from '@sealgate/core/names';
import type { BackendDriver, OpenedBlob } from '@sealgate/core/ports';
import { createShardFooter, encodeShardHeader } from '../erasure/shard-format.ts';
import { digestBlock } from '../write/block-digester.ts';
import { createPieceReader } from './piece-reader.ts';
import { type StripOf, stripOf } from './strip.ts';

const DIGEST_BYTES = 32;

/** What is wrong with the bytes that a backend holds of a blob. */
export type Damage = 'truncated' | 'corrupted';

interface Comparison {
  readonly blob: StripOf;
  /** 0 for a copy. */
  readonly shard: number;
  /** The digest at this place of the blob's list. */
  readonly digestOf: (index: number) => Uint8Array | Promise<Uint8Array>;
  /** Called with each piece that was read. */
  readonly onBytes?: (bytes: number) => Promise<void>;
  /** Bounds each wait for bytes. */
  readonly inTime?: <T>(work: T | Promise<T>) => T | Promise<T>;
}

/**
 * Reads all that one backend holds of a blob, headers and footers of shards too, and compares it with what was written.
 * Undefined: it is that. The body is read to its end or destroyed.
 * @throws Fault BackendCorrupt when the body ends too early, else what it fails with
 */
export async function findDamage(opened: OpenedBlob, comparison: Comparison): Promise<Damage | undefined> {
  const { blob, shard, digestOf, onBytes = () => Promise.resolve(), inTime = atOnce } = comparison;
  const strip = stripOf(blob, shard);
  opened.body.on('error', () => undefined);
  const pieces = createPieceReader(opened.body);
  const take = async (bytes: number): Promise<readonly Buffer[]> => {
    const taken = await inTime(pieces.take(bytes));
    await onBytes(bytes);
    return taken;
  };
  const compare = async (): Promise<Damage | undefined> => {
    if (opened.totalBytes !== strip.totalBytes) return 'truncated';
    const { header, footer } = frameOf(blob, shard);
    if (!Buffer.concat(await take(header.length)).equals(header)) return 'corrupted';
    for (let block = 0; block < strip.blocks; block += 1) {
      const wanted = await digestOf(strip.digestIndex(block));
      if (!digestBlock(await take(strip.bytes(block))).equals(wanted)) return 'corrupted';
      footer?.add(wanted);
    }
    const end = footer?.finish() ?? Buffer.alloc(0);
    return Buffer.concat(await take(end.length)).equals(end) ? undefined : 'corrupted';
  };
  let damage: Damage | 'unknown' | undefined = 'unknown';
  try {
    damage = await compare();
    return damage;
  } finally {
    if (damage === undefined) pieces.finish();
    else opened.body.destroy();
  }
}

function atOnce<T>(work: T): T {
  return work;
}

/** What stands around the blocks: nothing around a copy, what a shard says of itself around its cells. */
function frameOf({ layout, blobId, bytes, blockBytes: cellBytes }: StripOf, shard: number) {
  if (layout.kind === 'copies') return { header: Buffer.alloc(0), footer: undefined };
  const header = encodeShardHeader({ blobId, bytes, k: layout.k, m: layout.m, shard, cellBytes });
  return { header, footer: createShardFooter(header) };
}

/**
 * Reads back what one backend was given of a blob.
 * @throws Fault BackendCorrupt when it is not what was written; what the driver throws
 */
export async function verifyStrip(
  driver: BackendDriver,
  bucket: PhysicalBucketName,
  what: { readonly blob: StripOf; readonly shard: number; readonly digests: Buffer; readonly signal: AbortSignal },
): Promise<void> {
  const { blob, shard, digests, signal } = what;
  const opened = await driver.get(bucket, stripOf(blob, shard).key, { signal });
  const digestOf = (index: number): Buffer => digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
  if ((await findDamage(opened, { blob, shard, digestOf })) === undefined) return;
  throw new Fault('BackendCorrupt', 'The stored copy is not what was sent.');
}
