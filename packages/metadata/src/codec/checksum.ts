import { Fault } from '@sealgate/core/faults';
import type { Checksum, ChecksumAlgorithm } from '@sealgate/core/ports';

// One byte of algorithm and type, then the value's bytes. The numbers are stored: never change one, only add.
const codes = {
  CRC32: 1,
  CRC32C: 2,
  CRC64NVME: 3,
  SHA1: 4,
  SHA256: 5,
  SHA512: 6,
  MD5: 7,
  XXHASH64: 8,
  XXHASH3: 9,
  XXHASH128: 10,
} as const satisfies Record<ChecksumAlgorithm, number>;
const algorithms: ReadonlyMap<number, ChecksumAlgorithm> = new Map(
  Object.entries(codes).map(([name, code]) => [code, name as ChecksumAlgorithm]),
);
const COMPOSITE = 0x80;

/** @throws Fault InvalidRequest when the value is no canonical base64: it could not be given back as it came. */
export function packChecksum(checksum: Checksum | null): Buffer | null {
  if (checksum === null) return null;
  const type = checksum.type === 'COMPOSITE' ? COMPOSITE : 0;
  return Buffer.concat([Buffer.of(codes[checksum.algorithm] | type), packChecksumValue(checksum.value)]);
}

/** The bytes of a base64 checksum value. @throws Fault InvalidRequest */
export function packChecksumValue(value: string): Buffer {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.toString('base64') !== value) throw new Fault('InvalidRequest', 'The checksum is not valid base64.');
  return bytes;
}

export function unpackChecksum(packed: Buffer | null): Checksum | null {
  if (packed === null) return null;
  const algorithm = algorithms.get((packed[0] ?? 0) & ~COMPOSITE);
  if (algorithm === undefined) throw new Fault('InternalError', 'A stored checksum has an unknown algorithm.');
  const type = ((packed[0] ?? 0) & COMPOSITE) === 0 ? 'FULL_OBJECT' : 'COMPOSITE';
  return { algorithm, value: packed.toString('base64', 1), type };
}
