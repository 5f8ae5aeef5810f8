import { Fault } from '@sealgate/core/faults';
import type { BlobLayout } from '@sealgate/core/ports';
import { FOOTER_DIGESTS, HEADER_BYTES } from './shard-format.ts';

export type ErasureLayout = Extract<BlobLayout, { kind: 'erasure' }>;

/**
 * Where the bytes of an erasure-coded blob are. The blob is cut into stripes of `k` cells; each stripe gets `m` parity
 * cells; a shard is a header, its cell of every stripe, and a footer. Cells are `cellBytes` long, but for those of the
 * last stripe, which divide what is left evenly, the last one padded with zeros.
 */
export interface StripeGeometry {
  readonly k: number;
  readonly m: number;
  readonly stripes: number;
  /** Data bytes of every stripe but the last. */
  readonly stripeBytes: number;
  /** Data bytes of one stripe, padding not counted. */
  dataBytes(stripe: number): number;
  cellBytes(stripe: number): number;
  /** Offset of the stripe's cell in every shard. */
  cellOffset(stripe: number): number;
  /** Stored bytes of every shard. */
  readonly shardBytes: number;
  /** Place of a cell's digest in the blob's list. */
  digestIndex(stripe: number, shard: number): number;
}

/** @param cellBytes of a full stripe: the blob's `blockBytes` */
export function stripeGeometry(layout: ErasureLayout, bytes: number, cellBytes: number): StripeGeometry {
  const { k, m } = layout;
  const stripeBytes = k * cellBytes;
  if (layout.stripeBytes !== stripeBytes) {
    throw new Fault('InternalError', 'The stripes of a blob are not as long as their cells together.');
  }
  const stripes = Math.ceil(bytes / stripeBytes);
  const dataBytes = (stripe: number): number => Math.min(stripeBytes, bytes - stripe * stripeBytes);
  const lengthOf = (stripe: number): number => Math.ceil(dataBytes(stripe) / k);
  const cells = stripes === 0 ? 0 : (stripes - 1) * cellBytes + lengthOf(stripes - 1);
  return {
    k,
    m,
    stripes,
    stripeBytes,
    dataBytes,
    cellBytes: lengthOf,
    cellOffset: (stripe) => HEADER_BYTES + stripe * cellBytes,
    shardBytes: HEADER_BYTES + cells + FOOTER_DIGESTS(stripes),
    digestIndex: (stripe, shard) => stripe * (k + m) + shard,
  };
}
