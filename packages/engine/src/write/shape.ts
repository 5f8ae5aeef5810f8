import type { BlobLayout } from '@sealgate/core/ports';
import type { ErasureCodec } from '@sealgate/erasure';
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
