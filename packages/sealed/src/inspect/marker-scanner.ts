import { markerBytes, sgo1 } from '../format/layout.ts';

/**
 * Picks the 4-byte marker at the start of each segment out of a stream of chunks, whatever their boundaries, and looks
 * at no other byte: the cost is per segment, not per byte.
 */
export interface MarkerScanner {
  push(chunk: Uint8Array): void;
  /** Bytes seen so far. */
  position(): number;
}

export function createMarkerScanner(options: {
  readonly firstMarkerAt: number;
  readonly onMarker: (value: number, at: number) => void;
}): MarkerScanner {
  let position = 0;
  let markerAt = options.firstMarkerAt;
  let collected = 0;
  let value = 0;
  return {
    position: () => position,
    push(chunk) {
      const end = position + chunk.length;
      while (markerAt + collected < end) {
        value = ((value << 8) | (chunk[markerAt + collected - position] ?? 0)) >>> 0;
        collected += 1;
        if (collected === markerBytes) {
          options.onMarker(value, markerAt);
          markerAt += sgo1.segmentBytes;
          collected = 0;
          value = 0;
        }
      }
      position = end;
    },
  };
}
