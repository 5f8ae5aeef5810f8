import { Fault } from '@sealgate/core/faults';
import type { PhysicalBucketName } from '@sealgate/core/names';
import type { BackendDriver } from '@sealgate/core/ports';
import { digestBlock } from '../write/block-digester.ts';
import { createPieceReader } from './piece-reader.ts';
import { type StripOf, stripOf } from './strip.ts';

const DIGEST_BYTES = 32;

/**
 * Reads back what one backend holds of a blob, every block against its digest.
 * @throws Fault BackendCorrupt when it is not what was written; what the driver throws
 */
export async function verifyStrip(
  driver: BackendDriver,
  bucket: PhysicalBucketName,
  what: { readonly blob: StripOf; readonly shard: number; readonly digests: Buffer; readonly signal: AbortSignal },
): Promise<void> {
  const strip = stripOf(what.blob, what.shard);
  const opened = await driver.get(bucket, strip.key, { signal: what.signal });
  const corrupt = (): Fault => new Fault('BackendCorrupt', 'The stored copy is not what was sent.');
  opened.body.on('error', () => undefined);
  try {
    if (opened.totalBytes !== strip.totalBytes) throw corrupt();
    const pieces = createPieceReader(opened.body);
    if (strip.blocks > 0 && strip.offset(0) > 0) await pieces.take(strip.offset(0));
    for (let block = 0; block < strip.blocks; block += 1) {
      const at = strip.digestIndex(block) * DIGEST_BYTES;
      const digest = digestBlock(await pieces.take(strip.bytes(block)));
      if (!digest.equals(what.digests.subarray(at, at + DIGEST_BYTES))) throw corrupt();
    }
    pieces.finish();
  } catch (error) {
    opened.body.destroy();
    throw error;
  }
}
