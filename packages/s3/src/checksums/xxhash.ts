import { createXXHash3, createXXHash64, createXXHash128, type IHasher } from 'hash-wasm';
import type { ChecksumHasher } from './hasher.ts';

export type XxHash = 'XXHASH64' | 'XXHASH3' | 'XXHASH128';

/**
 * One WebAssembly instance of each for the whole process. To make one is asynchronous and takes memory, so hashers do
 * not have their own: each keeps its state (at most 580 bytes) and lends it to the instance for a piece at a time.
 */
const [xxHash64, xxHash3, xxHash128] = await Promise.all([createXXHash64(), createXXHash3(), createXXHash128()]);
const instances: Readonly<Record<XxHash, IHasher>> = { XXHASH64: xxHash64, XXHASH3: xxHash3, XXHASH128: xxHash128 };

/** Seed 0; the digest is in the canonical form, which is big-endian. @see https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md */
export function xxHasher(name: XxHash): ChecksumHasher {
  const instance = instances[name];
  let state = instance.init().save();
  return {
    update(bytes) {
      state = instance.load(state).update(bytes).save();
    },
    digest: () => Buffer.from(instance.load(state).digest('binary')),
  };
}
