import type { Bytes } from './bytes.ts';
import { concat, u32be } from './bytes.ts';
import { floeIvBytes } from './layout.ts';

/** FLOE's PARAM_ENCODE for AES-256-GCM (0), HKDF-Expand-SHA-384 (0), this segment length and a 32-byte IV. */
export function encodeFloeParams(segmentBytes: number): Bytes {
  return concat(Uint8Array.of(0, 0), u32be(segmentBytes), u32be(floeIvBytes));
}
