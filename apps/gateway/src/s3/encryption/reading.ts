import type { KeyObject } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { unwrapDataKey } from '@sealgate/core/keys';
import type { GatewayEncryption, ObjectVersion, PartRecord, UploadRecord } from '@sealgate/core/ports';
import { type CustomerKey, encryptionHeaders, refuseRequestedEncryption } from '@sealgate/s3';
import { customerKeyOf } from './customer-key.ts';
import type { EncryptionContext } from './settings.ts';

/** A version or upload whose client showed that it may use it. */
export interface Unlocked {
  /** For the engine. Costs something, so it is asked for only when bytes are read or written. */
  key(): Promise<{ readonly dataKey?: KeyObject }>;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Checks that the request brings the key of a version that was encrypted with the client's own, and none otherwise.
 * @throws Fault InvalidRequest (no key, another key, a key for nothing), InvalidArgument
 */
export function unlockVersion(
  context: EncryptionContext,
  version: Pick<ObjectVersion, 'bucketId' | 'key' | 'attributes'>,
  of: 'object' | 'copy-source' = 'object',
): Unlocked {
  if (of === 'object') refuseRequestedEncryption(context.headers);
  return unlock(context, version, {
    customerKey: customerKeyOf(context, of),
    missing:
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
    needless: 'The encryption parameters are not applicable to this object.',
  });
}

/**
 * The same for a request that adds a part to an upload.
 * @throws Fault InvalidRequest (no key, another key, a key for nothing), InvalidArgument
 */
export function unlockUpload(context: EncryptionContext, upload: UploadRecord): Unlocked {
  refuseRequestedEncryption(context.headers);
  return unlock(context, upload, {
    customerKey: customerKeyOf(context, 'object'),
    missing:
      'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.',
    needless:
      'The multipart upload initiate did not request encryption. Please resend the request without sending encryption parameters.',
  });
}

/**
 * The same for its completion, which needs the key only where checksums were asked for: tools older than those do not send
 * it. A key that is sent must be right.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
export function unlockCompletion(
  context: EncryptionContext,
  upload: UploadRecord,
  parts: readonly Pick<PartRecord, 'checksum'>[],
): Pick<Unlocked, 'headers'> {
  const { encryption } = upload.attributes;
  const sent = customerKeyOf(context, 'object') !== undefined;
  const summed = upload.checksumAlgorithm !== null || parts.some((part) => part.checksum !== null);
  if (sent || (encryption?.kind === 'SSE-C' && summed)) return unlockUpload(context, upload);
  return { headers: encryptionHeaders(encryption?.kind, undefined) };
}

function unlock(
  context: EncryptionContext,
  what: {
    readonly bucketId: number;
    readonly key: string;
    readonly attributes: { readonly encryption: GatewayEncryption | null };
  },
  request: { readonly customerKey: CustomerKey | undefined; readonly missing: string; readonly needless: string },
): Unlocked {
  const { encryption } = what.attributes;
  const { customerKey } = request;
  const place = { bucketId: what.bucketId, key: what.key };
  if (encryption?.kind !== 'SSE-C') {
    if (customerKey !== undefined) throw new Fault('InvalidRequest', request.needless);
    return {
      key: async () =>
        encryption === null ? {} : { dataKey: await context.encryption.objectKeys.unwrap(place, encryption) },
      headers: encryptionHeaders(encryption?.kind, undefined),
    };
  }
  if (customerKey === undefined) throw new Fault('InvalidRequest', request.missing);
  const dataKey = unwrapDataKey(customerKey.key, place, encryption.wrappedKey);
  if (dataKey === undefined) {
    throw new Fault('InvalidRequest', 'The provided encryption parameters did not match the ones used originally.');
  }
  return { key: () => Promise.resolve({ dataKey }), headers: encryptionHeaders('SSE-C', customerKey) };
}
