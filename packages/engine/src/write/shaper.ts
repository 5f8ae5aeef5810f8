import { blockBytesFor } from '@sealgate/core/limits';
import type { BlobId } from '@sealgate/core/names';
import type { BlobLayout } from '@sealgate/core/ports';
import { createStripeShaper } from '../erasure/stripe-shaper.ts';
import { createBlockDigester } from './block-digester.ts';
import type { Frame } from './frame.ts';
import type { ErasureCodecs, Shaper } from './shape.ts';

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
