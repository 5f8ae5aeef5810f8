import { blockBytesFor } from '@sealgate/core/limits';
import type { BlobId } from '@sealgate/core/names';
import type { BlobLayout } from '@sealgate/core/ports';
import type { ErasureCodec } from '@sealgate/erasure';
import { createStripeShaper } from '../erasure/stripe-shaper.ts';
import { createBlockDigester } from './block-digester.ts';
import type { Frame } from './frame.ts';

/** How the bytes of one blob become what lies on each backend, and the digests that every later read goes by. */
export interface Shaper {
  /** As it is recorded. */
  readonly layout: BlobLayout;
  readonly blockBytes: number;
  /** Bytes of each copy or shard on its backend. */
  readonly storedBytes: number;
  /** Of a body that streams; may be called once. */
  frames(source: AsyncIterable<Buffer>): AsyncIterable<Frame>;
  /** Of a body that is held whole: one frame with everything. */
  whole(body: Buffer): Frame;
  /** Told of every frame of a stream before it goes out. */
  saw(frame: Frame): void;
  /** Digests of all blocks or cells, joined; once everything was shaped. */
  digests(): Buffer;
}

export type ErasureCodecs = (k: number, m: number) => ErasureCodec;

export function createShaper(
  layout: BlobLayout,
  blob: { readonly blobId: BlobId; readonly bytes: number },
  deps: { readonly codecs: ErasureCodecs; readonly blockBytesMin: number },
): Shaper {
  const blockBytes = blockBytesFor(blob.bytes, deps.blockBytesMin);
  if (layout.kind === 'erasure') {
    return createStripeShaper(deps.codecs(layout.k, layout.m), { ...blob, blockBytes });
  }
  const digester = createBlockDigester(blockBytes);
  const saw = (frame: Frame): void => {
    if (Buffer.isBuffer(frame)) digester.push(frame);
  };
  return {
    layout,
    blockBytes,
    storedBytes: blob.bytes,
    frames: (source) => source,
    whole(body) {
      saw(body);
      return body;
    },
    saw,
    digests: () => digester.finish(),
  };
}
