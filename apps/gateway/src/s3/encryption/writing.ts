import type { KeyObject } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { newDataKey, wrapDataKey } from '@sealgate/core/keys';
import type { ObjectKey } from '@sealgate/core/names';
import type { Bucket, GatewayEncryption } from '@sealgate/core/ports';
import { type CustomerKey, encryptionHeaders, parseRequestedEncryption } from '@sealgate/s3';
import { refuseServerSideEncryption } from '../seal.ts';
import { requireSecrecy } from './customer-key.ts';
import { bucketEncryption, defaultEncryption, type EncryptionContext } from './settings.ts';

/** How a new object (or upload) is to be encrypted. `byDefault`: not because the request asked for it. */
export type WantedEncryption =
  | { readonly kind: 'none'; readonly byDefault: boolean }
  | { readonly kind: 'SSE-S3'; readonly byDefault: boolean }
  | { readonly kind: 'SSE-C'; readonly byDefault: false; readonly customerKey: CustomerKey };

/** Of an object that is stored as it comes. */
export const NOT_ENCRYPTED: WantedEncryption = { kind: 'none', byDefault: false };

/**
 * What the request asks for, else what the bucket does by default.
 * @throws Fault EncryptionRequired (a strict bucket), AccessDenied (the bucket blocks customer keys), NotImplemented (KMS),
 * InvalidArgument, InvalidEncryptionAlgorithmError, InvalidRequest
 */
export function wantedEncryption(context: EncryptionContext, bucket: Bucket): WantedEncryption {
  refuseServerSideEncryption(bucket, context.headers);
  const requested = parseRequestedEncryption(context.headers);
  switch (requested.kind) {
    case 'none':
      return { kind: defaultEncryption(context.encryption, bucket), byDefault: true };
    case 'SSE-S3':
      return { kind: 'SSE-S3', byDefault: false };
    case 'SSE-KMS':
      throw noKeyService(requested.algorithm);
    case 'SSE-C':
      if (bucketEncryption(bucket)?.customerKeysBlocked === true) {
        throw new Fault(
          'AccessDenied',
          'Access Denied: the bucket blocks encryption with customer-provided keys (SSE-C).',
        );
      }
      requireSecrecy(context);
      return { kind: 'SSE-C', byDefault: false, customerKey: requested.customerKey };
  }
}

export function noKeyService(algorithm: string): Fault {
  return new Fault(
    'NotImplemented',
    `${algorithm} needs a key management service, and this gateway has none. Ask for AES256 (SSE-S3), bring your own key (SSE-C), or seal the object before you send it.`,
  );
}

/** A new object's data key, and what is kept and said of it. */
export interface NewEncryption {
  /** For the version's attributes. */
  readonly record: GatewayEncryption | null;
  /** For the engine. */
  readonly key: { readonly dataKey?: KeyObject };
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes a data key for an object and wraps it as was wanted. */
export async function newEncryption(
  context: EncryptionContext,
  place: { readonly bucket: Pick<Bucket, 'id'>; readonly key: ObjectKey },
  wanted: WantedEncryption,
): Promise<NewEncryption> {
  if (wanted.kind === 'none') return { record: null, key: {}, headers: {} };
  const dataKey = newDataKey();
  const of = { bucketId: place.bucket.id, key: place.key };
  if (wanted.kind === 'SSE-S3') {
    const wrapped = await context.encryption.objectKeys.wrap(of, dataKey);
    return {
      record: { kind: 'SSE-S3', ...wrapped },
      key: { dataKey },
      headers: encryptionHeaders('SSE-S3', undefined),
    };
  }
  const { customerKey } = wanted;
  const wrappedKey = wrapDataKey(customerKey.key, of, dataKey);
  return {
    record: { kind: 'SSE-C', wrappedKey, keyVersion: 0 },
    key: { dataKey },
    headers: encryptionHeaders('SSE-C', customerKey),
  };
}
