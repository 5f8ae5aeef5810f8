import { createSecretKey, hash, type KeyObject } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { headerValue, type RequestHeaders } from '../request.ts';

const ENCRYPTION = 'x-amz-server-side-encryption';
const CUSTOMER = `${ENCRYPTION}-customer`;
const COPY_SOURCE_CUSTOMER = 'x-amz-copy-source-server-side-encryption-customer';
/** What only makes sense with a key of AWS KMS. */
const KMS_ONLY = [`${ENCRYPTION}-aws-kms-key-id`, `${ENCRYPTION}-context`] as const;
const KMS_ALGORITHMS = ['aws:kms', 'aws:kms:dsse'] as const;
const KEY_BYTES = 32;

/** A key that a client sent with its request (SSE-C). */
export interface CustomerKey {
  /** Does not print. */
  readonly key: KeyObject;
  /** Base64, as the client gets it back. */
  readonly keyMd5: string;
}

/** What a write asks for. `none`: nothing, so the bucket's default counts. */
export type RequestedEncryption =
  | { readonly kind: 'none' }
  | { readonly kind: 'SSE-S3' }
  | { readonly kind: 'SSE-KMS'; readonly algorithm: (typeof KMS_ALGORITHMS)[number] }
  | { readonly kind: 'SSE-C'; readonly customerKey: CustomerKey };

/**
 * Reads what a PutObject, CopyObject or CreateMultipartUpload says of encryption.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 * @throws Fault InvalidArgument, InvalidEncryptionAlgorithmError
 */
export function parseRequestedEncryption(headers: RequestHeaders): RequestedEncryption {
  const algorithm = headerValue(headers, ENCRYPTION);
  const customerKey = parseCustomerKey(headers);
  if (algorithm !== undefined && customerKey !== undefined) {
    throw invalid(
      ENCRYPTION,
      algorithm,
      'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
    );
  }
  const kms = KMS_ALGORITHMS.find((known) => known === algorithm);
  const kmsOnly = KMS_ONLY.find((name) => headerValue(headers, name) !== undefined);
  if (kmsOnly !== undefined && kms === undefined) {
    throw invalid(
      ENCRYPTION,
      algorithm ?? 'null',
      `${kmsOnly} requires HTTP header ${ENCRYPTION} : aws:kms or aws:kms:dsse`,
    );
  }
  if (kms !== undefined) return { kind: 'SSE-KMS', algorithm: kms };
  if (customerKey !== undefined) return { kind: 'SSE-C', customerKey };
  if (algorithm === undefined) return { kind: 'none' };
  if (algorithm === 'AES256') return { kind: 'SSE-S3' };
  throw invalid(ENCRYPTION, algorithm, 'The encryption method specified is not supported');
}

/**
 * The key that the request brings to write or read with, or undefined.
 * @throws Fault InvalidArgument, InvalidEncryptionAlgorithmError
 */
export function parseCustomerKey(headers: RequestHeaders): CustomerKey | undefined {
  return customerKeyOf(headers, CUSTOMER);
}

/** The key that the source of a copy is read with, or undefined. @throws Fault InvalidArgument, InvalidEncryptionAlgorithmError */
export function parseCopySourceCustomerKey(headers: RequestHeaders): CustomerKey | undefined {
  return customerKeyOf(headers, COPY_SOURCE_CUSTOMER);
}

/**
 * Operations that take no encryption of the gateway's choice: its header there is a mistake.
 * @throws Fault InvalidArgument
 */
export function refuseRequestedEncryption(headers: RequestHeaders): void {
  const algorithm = headerValue(headers, ENCRYPTION);
  if (algorithm === undefined) return;
  throw invalid(ENCRYPTION, algorithm, `${ENCRYPTION} header is not supported for this operation.`);
}

/** Headers of an answer that say how the object is encrypted. */
export function encryptionHeaders(
  kind: 'SSE-S3' | 'SSE-C' | undefined,
  customerKey: Pick<CustomerKey, 'keyMd5'> | undefined,
): Readonly<Record<string, string>> {
  if (kind === 'SSE-S3') return { [ENCRYPTION]: 'AES256' };
  if (kind !== 'SSE-C') return {};
  const shown = { [`${CUSTOMER}-algorithm`]: 'AES256' };
  return customerKey === undefined ? shown : { ...shown, [`${CUSTOMER}-key-md5`]: customerKey.keyMd5 };
}

function customerKeyOf(headers: RequestHeaders, prefix: string): CustomerKey | undefined {
  const of = (name: string): string | undefined => headerValue(headers, `${prefix}-${name}`);
  const [algorithm, key, keyMd5] = [of('algorithm'), of('key'), of('key-md5')];
  if (algorithm === undefined && key === undefined && keyMd5 === undefined) return undefined;
  const must = (what: string): string =>
    `Requests specifying Server Side Encryption with Customer provided keys must provide ${what}.`;
  if (algorithm === undefined) throw invalid(`${prefix}-algorithm`, 'null', must('a valid encryption algorithm'));
  if (algorithm !== 'AES256') {
    throw new Fault(
      'InvalidEncryptionAlgorithmError',
      'The encryption request that you specified is not valid. The valid value is AES256.',
      { detail: { ArgumentName: `${prefix}-algorithm`, ArgumentValue: algorithm.slice(0, 64) } },
    );
  }
  if (key === undefined) throw invalid(`${prefix}-key`, 'null', must('an appropriate secret key'));
  if (keyMd5 === undefined) {
    throw invalid(`${prefix}-key-md5`, 'null', must('the client calculated MD5 of the secret key'));
  }
  const bytes = Buffer.from(key, 'base64');
  // No fault of ours repeats the key itself: answers end in logs.
  if (bytes.length !== KEY_BYTES || bytes.toString('base64') !== key) {
    throw invalid(`${prefix}-key`, '***', 'The secret key was invalid for the specified algorithm.');
  }
  if (hash('md5', bytes, 'base64') !== keyMd5) {
    const message = 'The calculated MD5 hash of the key did not match the hash that was provided.';
    throw invalid(`${prefix}-key-md5`, keyMd5, message);
  }
  return { key: createSecretKey(bytes), keyMd5 };
}

function invalid(name: string, value: string, message: string): Fault {
  return new Fault('InvalidArgument', message, {
    detail: { ArgumentName: name, ArgumentValue: value.slice(0, 64) },
  });
}
