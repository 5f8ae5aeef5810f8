import { createHash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { ChecksumAlgorithm } from '@sealgate/core/ports';
import { checksumBytes, createChecksum } from './checksum.ts';
import { CRC32_POLYNOMIAL, CRC32C_POLYNOMIAL, CRC64NVME_POLYNOMIAL } from './polynomials.ts';

/** The checksum of one part. */
export interface ChecksumPiece {
  /** Base64. */
  readonly value: string;
  readonly bytes: number;
}

/**
 * The checksum of an object out of those of its parts: COMPOSITE is the checksum of the joined checksums, FULL_OBJECT
 * that of the joined bytes, which only CRCs allow. Base64, without the `-N` that a composite one is shown with.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 * @throws Fault InvalidRequest for FULL_OBJECT of a hash, InvalidPart for a piece that is no checksum
 */
export function combineChecksums(
  algorithm: ChecksumAlgorithm,
  type: 'FULL_OBJECT' | 'COMPOSITE',
  pieces: readonly ChecksumPiece[],
): string {
  const values = pieces.map((piece) => decodePiece(algorithm, piece.value));
  if (type === 'COMPOSITE') {
    const checksum = createChecksum(algorithm);
    for (const value of values) checksum.update(value);
    return checksum.digest().toString('base64');
  }
  const combiner = createCrcCombiner(toWord(polynomialOf(algorithm)));
  let whole: Word = [0, 0];
  for (const [index, piece] of pieces.entries()) {
    const value = values[index];
    if (value !== undefined) whole = combiner(whole, wordOf(value), piece.bytes);
  }
  const digest = Buffer.alloc(8);
  digest.writeInt32BE(whole[0], 0);
  digest.writeInt32BE(whole[1], 4);
  return digest.subarray(8 - checksumBytes[algorithm]).toString('base64');
}

/** 64 bits as two signed halves, the high one first: BigInt is fifty times slower here, and an upload has 10 000 parts. */
type Word = readonly [high: number, low: number];

function toWord(value: bigint): Word {
  return [Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value))];
}

function wordOf(checksum: Buffer): Word {
  return checksum.length === 4 ? [0, checksum.readInt32BE(0)] : [checksum.readInt32BE(0), checksum.readInt32BE(4)];
}

function decodePiece(algorithm: ChecksumAlgorithm, value: string): Buffer {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length === checksumBytes[algorithm]) return bytes;
  throw new Fault('InvalidPart', `A part has no valid ${algorithm} checksum.`);
}

/** Only of these does the checksum of a whole follow from those of its parts. */
const polynomials: ReadonlyMap<ChecksumAlgorithm, bigint> = new Map([
  ['CRC32', CRC32_POLYNOMIAL],
  ['CRC32C', CRC32C_POLYNOMIAL],
  ['CRC64NVME', CRC64NVME_POLYNOMIAL],
]);

export const isCrc = (algorithm: ChecksumAlgorithm): boolean => polynomials.has(algorithm);

function polynomialOf(algorithm: ChecksumAlgorithm): bigint {
  const polynomial = polynomials.get(algorithm);
  if (polynomial !== undefined) return polynomial;
  throw new Fault(
    'InvalidRequest',
    `The FULL_OBJECT checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  );
}

/**
 * crc(A then B) = crc(A) · x^(8·|B|) + crc(B) modulo the polynomial. Reflected: the top bit is the coefficient of x^0.
 * The power of x is remembered between parts, because they nearly all have the same size.
 */
function createCrcCombiner(polynomial: Word): (before: Word, after: Word, afterBytes: number) => Word {
  const one: Word = [1 << 31, 0];
  const powers: Word[] = [[1 << 30, 0]];
  let shift = one;
  let shiftBytes = 0;
  const powerOfTwo = (k: number): Word => {
    for (let last = powers.at(-1) ?? one; powers.length <= k; last = powers.at(-1) ?? one) {
      powers.push(multiply(last, last, polynomial));
    }
    return powers[k] ?? one;
  };
  const setShift = (bytes: number): void => {
    shiftBytes = bytes;
    shift = one;
    // A byte is x^8, so its power of two is the third; a length may have more than 32 bits.
    for (let rest = bytes, k = 3; rest > 0; rest = Math.floor(rest / 2), k += 1) {
      if (rest % 2 === 1) shift = multiply(shift, powerOfTwo(k), polynomial);
    }
  };
  return (before, after, afterBytes) => {
    if (afterBytes !== shiftBytes) setShift(afterBytes);
    const [high, low] = multiply(shift, before, polynomial);
    return [high ^ after[0], low ^ after[1]];
  };
}

/** a · b modulo the polynomial, 64 bits, reflected. */
function multiply(a: Word, b: Word, polynomial: Word): Word {
  let [high, low, productHigh, productLow] = [b[0], b[1], 0, 0];
  for (let bit = 63; bit >= 0; bit -= 1) {
    const set = -((bit >= 32 ? a[0] >>> (bit - 32) : a[1] >>> bit) & 1);
    productHigh ^= high & set;
    productLow ^= low & set;
    const carry = -(low & 1);
    low = ((low >>> 1) | (high << 31)) ^ (polynomial[1] & carry);
    high = (high >>> 1) ^ (polynomial[0] & carry);
  }
  return [productHigh, productLow];
}

/** The ETag of a multipart object: MD5 of the parts' MD5s, and how many there are. `etags` are hex, without quotes. */
export function multipartEtag(etags: readonly string[]): string {
  const hasher = createHash('md5');
  for (const etag of etags) hasher.update(etag, 'hex');
  return `${hasher.digest('hex')}-${etags.length}`;
}
