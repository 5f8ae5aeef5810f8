import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ChecksumAlgorithm } from '@sealgate/core/ports';
import { type CrcKernel, createCrcKernel } from './crc-kernel.ts';
import type { ChecksumHasher } from './hasher.ts';
import { CRC32C_POLYNOMIAL, CRC64NVME_POLYNOMIAL } from './polynomials.ts';
import { xxHasher } from './xxhash.ts';

/** Length of a checksum in bytes. */
export const checksumBytes: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
  XXHASH64: 8,
  XXHASH3: 8,
  XXHASH128: 16,
};

/** Kernels are constants that take a while to make, so each is made when it is first needed. */
const crc32cKernel = madeOnce(() => createCrcKernel(CRC32C_POLYNOMIAL));
const crc64Kernel = madeOnce(() => createCrcKernel(CRC64NVME_POLYNOMIAL));

function madeOnce<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

export function createChecksum(algorithm: ChecksumAlgorithm): ChecksumHasher {
  switch (algorithm) {
    case 'CRC32':
      return crc32Hasher();
    case 'CRC32C':
      return crcHasher(crc32cKernel(), 4);
    case 'CRC64NVME':
      return crcHasher(crc64Kernel(), 8);
    case 'SHA1':
    case 'SHA256':
    case 'SHA512':
    case 'MD5':
      return cryptoHasher(algorithm);
    case 'XXHASH64':
    case 'XXHASH3':
    case 'XXHASH128':
      return xxHasher(algorithm);
  }
}

function cryptoHasher(name: 'SHA1' | 'SHA256' | 'SHA512' | 'MD5'): ChecksumHasher {
  const hasher = createHash(name.toLowerCase());
  return { update: (bytes) => void hasher.update(bytes), digest: () => hasher.digest() };
}

function crc32Hasher(): ChecksumHasher {
  let value = 0;
  return {
    update(bytes) {
      value = crc32(bytes, value);
    },
    digest() {
      const digest = Buffer.alloc(4);
      digest.writeUInt32BE(value);
      return digest;
    },
  };
}

/** All of them start with every bit set and are inverted at the end. */
function crcHasher(kernel: CrcKernel, digestBytes: 4 | 8): ChecksumHasher {
  const ones = (1n << BigInt(8 * digestBytes)) - 1n;
  let register = ones;
  return {
    update(bytes) {
      register = kernel.update(register, bytes);
    },
    digest() {
      const digest = Buffer.alloc(8);
      digest.writeBigUInt64BE(register ^ ones);
      return digest.subarray(8 - digestBytes);
    },
  };
}
