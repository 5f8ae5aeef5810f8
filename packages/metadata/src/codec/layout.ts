import { Fault } from '@sealgate/core/faults';
import type { BlobLayout } from '@sealgate/core/ports';

export interface LayoutColumns {
  readonly stripe_bytes: number | null;
  readonly k: number | null;
  readonly m: number | null;
}

export function layoutColumns(layout: BlobLayout): [stripeBytes: number | null, k: number | null, m: number | null] {
  return layout.kind === 'copies' ? [null, null, null] : [layout.stripeBytes, layout.k, layout.m];
}

export function layoutOf(row: LayoutColumns): BlobLayout {
  if (row.k === null || row.m === null || row.stripe_bytes === null) return { kind: 'copies' };
  return { kind: 'erasure', k: row.k, m: row.m, stripeBytes: row.stripe_bytes };
}

/** Block sizes are powers of two, kept as their exponent. */
export function blockShift(blockBytes: number): number {
  const shift = Math.log2(blockBytes);
  if (!Number.isInteger(shift)) throw new Fault('InternalError', 'The size of a block must be a power of two.');
  return shift;
}
