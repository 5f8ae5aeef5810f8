import { chiSquareLimit, chiSquareMinSample } from '../format/limits.ts';

/** Counts byte values of a window of the body as it streams by. */
export interface ByteHistogram {
  /** Counts what of `chunk`, whose first byte has this position in the body, lies in the window. */
  add(chunk: Uint8Array, position: number): void;
  /** True when the whole window has been counted. */
  complete(): boolean;
  /** Chi-square against the uniform distribution; undefined when the sample is too small to say anything. */
  chiSquare(): number | undefined;
}

export function createByteHistogram(window: { readonly start: number; readonly end: number }): ByteHistogram {
  const counts = new Uint32Array(256);
  let sampled = 0;
  return {
    add(chunk, position) {
      const from = Math.max(0, window.start - position);
      const to = Math.min(chunk.length, window.end - position);
      for (let i = from; i < to; i++) {
        const value = chunk[i] ?? 0;
        counts[value] = (counts[value] ?? 0) + 1;
      }
      if (to > from) sampled += to - from;
    },
    complete: () => sampled === window.end - window.start,
    chiSquare() {
      if (sampled < chiSquareMinSample) return undefined;
      const squares = counts.reduce((sum, count) => sum + count * count, 0);
      return (256 / sampled) * squares - sampled;
    },
  };
}

export function looksLikePlaintext(chiSquare: number | undefined): boolean {
  return chiSquare !== undefined && chiSquare > chiSquareLimit;
}
