import { Fault } from '@sealgate/core/faults';
import { type ChecksumAlgorithm, checksumAlgorithms } from '@sealgate/core/ports';
import { announcedTrailers } from '../chunked/trailer.ts';
import { headerValue, type RequestHeaders } from '../request.ts';
import { checksumBytes } from './checksum.ts';
import { isCrc } from './combine.ts';

/** What a client says about its body's integrity. */
export interface ChecksumExpectation {
  /** Of Content-MD5. */
  readonly md5?: Buffer;
  readonly checksum?: ExpectedChecksum;
}

export interface ExpectedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64; undefined when it comes in the trailer. */
  readonly value?: string;
}

const PREFIX = 'x-amz-checksum-';
/** Headers with the prefix that are no checksum. */
const NOT_A_VALUE: ReadonlySet<string> = new Set([
  'x-amz-checksum-algorithm',
  'x-amz-checksum-mode',
  'x-amz-checksum-type',
]);

export const checksumHeaderName = (algorithm: ChecksumAlgorithm): string => PREFIX + algorithm.toLowerCase();

/** The algorithm of a header or trailer name in lower case; undefined when it is none that we know. */
export function checksumOfName(name: string): ChecksumAlgorithm | undefined {
  return checksumAlgorithms.find((algorithm) => checksumHeaderName(algorithm) === name);
}

export const isBase64 = (text: string, bytes: number): boolean =>
  /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0 && Buffer.from(text, 'base64').length === bytes;

/**
 * Reads Content-MD5, the `x-amz-checksum-*` headers, `x-amz-sdk-checksum-algorithm` and `x-amz-trailer`.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 * @throws Fault InvalidDigest, InvalidRequest, BadDigest
 */
export function parseChecksumHeaders(headers: RequestHeaders): ChecksumExpectation {
  const md5 = contentMd5(headers);
  const inHeader = checksumInHeader(headers);
  const inTrailer = checksumInTrailer(headers);
  if (inHeader !== undefined && inTrailer !== undefined) throw severalChecksums();
  const checksum = inHeader ?? inTrailer;
  requireSdkAlgorithm(headers, checksum);
  return { ...(md5 === undefined ? {} : { md5 }), ...(checksum === undefined ? {} : { checksum }) };
}

function contentMd5(headers: RequestHeaders): Buffer | undefined {
  const text = headerValue(headers, 'content-md5');
  if (text === undefined) return undefined;
  if (!isBase64(text, 16)) {
    throw new Fault('InvalidDigest', 'The Content-MD5 you specified was invalid.', { detail: { 'Content-MD5': text } });
  }
  return Buffer.from(text, 'base64');
}

function severalChecksums(): Fault {
  return new Fault(
    'InvalidRequest',
    'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
  );
}

function checksumInHeader(headers: RequestHeaders): ExpectedChecksum | undefined {
  let found: ExpectedChecksum | undefined;
  for (const name of Object.keys(headers)) {
    if (!name.startsWith(PREFIX) || NOT_A_VALUE.has(name)) continue;
    const value = headerValue(headers, name) ?? '';
    const algorithm = checksumOfName(name);
    if (algorithm === undefined) {
      throw new Fault('InvalidRequest', 'The algorithm type you specified in x-amz-checksum- header is invalid.');
    }
    if (found !== undefined) throw severalChecksums();
    // What cannot be a checksum of this algorithm is none of this body.
    if (!isBase64(value, checksumBytes[algorithm])) {
      throw new Fault('BadDigest', `Value for ${name} header is invalid.`);
    }
    found = { algorithm, value };
  }
  return found;
}

function checksumInTrailer(headers: RequestHeaders): ExpectedChecksum | undefined {
  let found: ExpectedChecksum | undefined;
  for (const name of announcedTrailers(headers)) {
    const algorithm = checksumOfName(name);
    if (algorithm === undefined) {
      throw new Fault('InvalidRequest', 'The value specified in the x-amz-trailer header is not supported');
    }
    if (found !== undefined) throw severalChecksums();
    found = { algorithm };
  }
  return found;
}

function requireSdkAlgorithm(headers: RequestHeaders, checksum: ExpectedChecksum | undefined): void {
  const text = headerValue(headers, 'x-amz-sdk-checksum-algorithm');
  if (text === undefined || text === '') return;
  const algorithm = checksumAlgorithms.find((known) => known === text.toUpperCase());
  if (algorithm === undefined || (checksum !== undefined && checksum.algorithm !== algorithm)) {
    throw new Fault('InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm header is invalid.');
  }
  // Content-MD5 satisfies AWS too where it wants any checksum.
  if (checksum === undefined && headerValue(headers, 'content-md5') === undefined) {
    throw new Fault(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
}

/** The checksum that a multipart upload is to have. */
export interface UploadChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
}

/**
 * Reads `x-amz-checksum-algorithm` and `x-amz-checksum-type` of CreateMultipartUpload and CopyObject.
 * @throws Fault InvalidRequest
 */
export function parseUploadChecksum(headers: RequestHeaders): UploadChecksum | undefined {
  const named = headerValue(headers, 'x-amz-checksum-algorithm')?.toUpperCase();
  const type = headerValue(headers, 'x-amz-checksum-type')?.toUpperCase();
  if (named === undefined) {
    if (type === undefined) return undefined;
    throw new Fault(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
  }
  const algorithm = checksumAlgorithms.find((known) => known === named);
  if (algorithm === undefined) {
    throw new Fault(
      'InvalidRequest',
      `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${checksumAlgorithms.join(', ')}]`,
    );
  }
  if (type === undefined) return { algorithm, type: algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE' };
  if (type !== 'FULL_OBJECT' && type !== 'COMPOSITE') {
    throw new Fault('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.');
  }
  const impossible = type === 'COMPOSITE' ? algorithm === 'CRC64NVME' : !isCrc(algorithm);
  if (impossible) {
    throw new Fault(
      'InvalidRequest',
      `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  }
  return { algorithm, type };
}
