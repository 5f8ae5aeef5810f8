import { sha256 } from '@noble/hashes/sha2.js';
import { concat, u32be, utf8 } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { maxNameBytes } from '../format/limits.ts';

/** What a client calls an object: never a backend's bucket or hashed key. */
export interface ObjectNames {
  readonly tenant: string;
  readonly bucket: string;
  readonly key: string;
}

const domain = 'sealgate-ctx-v1';

/**
 * SHA-256 over the object's names, each prefixed with its length. Gateway and client compute it on their own and compare
 * it with the envelope's `ctx`, so that an envelope cannot serve another object.
 * @throws SealError `invalid-argument` for an empty, too long or ill-formed (lone surrogate) name
 */
export function contextHash({ tenant, bucket, key }: ObjectNames): Uint8Array {
  const parts = [tenant, bucket, key].flatMap((name) => {
    // TextEncoder would turn different ill-formed names into the same bytes.
    if (!name.isWellFormed()) throw new SealError('invalid-argument', 'A name is not well-formed Unicode.');
    const bytes = utf8(name);
    if (bytes.length === 0 || bytes.length > maxNameBytes) {
      throw new SealError('invalid-argument', 'A name is empty or too long.');
    }
    return [u32be(bytes.length), bytes];
  });
  return sha256(concat(utf8(domain), ...parts));
}
