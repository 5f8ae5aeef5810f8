import type { ObjectKey } from '@sealgate/core/names';
import type { Bucket } from '@sealgate/core/ports';
import type { Prng } from '@sealgate/testkit';

/** Where a client does something, and with what luck. */
export interface Target {
  readonly bucket: Bucket;
  readonly key: ObjectKey;
  readonly prng: Prng;
  readonly label: string;
}
