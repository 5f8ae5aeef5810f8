import { fewestToAck } from './classes.ts';
import type { RedundancyClass } from './types.ts';

/** What a class costs and what it survives, from its definition alone. */
export interface Survivability {
  /** Bytes stored for each byte of an object. */
  readonly storageMultiplier: number;
  /** Backends that may be lost right after the acknowledgement without losing the object. */
  readonly lossesAtAck: number;
  /** Backends that may be lost once every copy or shard is in place. */
  readonly lossesWhenComplete: number;
}

export function survivable(redundancyClass: RedundancyClass): Survivability {
  const { layout, width } = redundancyClass;
  const toRead = layout.kind === 'erasure' ? layout.k : 1;
  return {
    storageMultiplier: width / toRead,
    lossesAtAck: (fewestToAck(redundancyClass) ?? width) - toRead,
    lossesWhenComplete: width - toRead,
  };
}
