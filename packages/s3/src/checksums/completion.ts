import { Fault } from '@sealgate/core/faults';
import { type Checksum, checksumAlgorithms } from '@sealgate/core/ports';
import { headerValue, type RequestHeaders } from '../request.ts';
import { checksumBytes } from './checksum.ts';
import { checksumHeaderName, isBase64 } from './headers.ts';

/**
 * Holds what a CompleteMultipartUpload says of the whole object against what its parts give.
 * @param checksum the object's; null when the upload has none, and whatever the client claims cannot be checked
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 * @throws Fault InvalidRequest (another algorithm or type than the upload's), BadDigest (also what is no checksum)
 */
export function requireClaimedChecksum(headers: RequestHeaders, checksum: Checksum | null, parts: number): void {
  if (checksum === null) return;
  const { algorithm, type } = checksum;
  const claimedType = headerValue(headers, 'x-amz-checksum-type')?.toUpperCase();
  if (claimedType !== undefined && claimedType !== type) {
    throw new Fault(
      'InvalidRequest',
      `The upload was created using the ${type} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  for (const named of checksumAlgorithms) {
    const claimed = headerValue(headers, checksumHeaderName(named))?.trim();
    if (claimed === undefined) continue;
    if (named !== algorithm) throw checksumTypeMismatch(algorithm, named);
    requireValue(claimed, checksum, parts);
  }
}

/** S3's words for a part or an object that comes with another algorithm than its upload was begun with. */
export function checksumTypeMismatch(expected: string, actual: string): Fault {
  return new Fault(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${expected.toLowerCase()}, actual checksum Type: ${actual.toLowerCase()}`,
  );
}

/** A composite checksum may come with the number of its parts, as S3 shows it. */
function requireValue(claimed: string, { algorithm, type, value }: Checksum, parts: number): void {
  const [, digest = '', count] = /^([^-]*)(?:-(\d{1,5}))?$/.exec(claimed) ?? [];
  if (!isBase64(digest, checksumBytes[algorithm]) || (count !== undefined && type !== 'COMPOSITE')) {
    throw new Fault('BadDigest', `Value for ${checksumHeaderName(algorithm)} header is invalid.`);
  }
  if (digest === value && (count === undefined || Number(count) === parts)) return;
  throw new Fault('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
}
