import { Fault } from '@sealgate/core/faults';
import { headerValue, type RequestHeaders } from '../request.ts';
import {
  STREAMING_SIGNED,
  STREAMING_SIGNED_TRAILER,
  STREAMING_UNSIGNED_TRAILER,
  UNSIGNED_PAYLOAD,
} from './canonical.ts';
import type { ChunkSigning, SignedPayload } from './types.ts';

const SHA256 = /^[0-9a-f]{64}$/i;

/**
 * What a value of `x-amz-content-sha256` says about the body. `signing` is undefined for an anonymous request, which
 * cannot have signed chunks.
 * @throws Fault InvalidArgument, NotImplemented (SigV4A)
 */
export function parsePayloadHash(value: string, signing: ChunkSigning | undefined): SignedPayload {
  if (value === UNSIGNED_PAYLOAD) return { kind: 'unsigned' };
  if (value === STREAMING_UNSIGNED_TRAILER) return { kind: 'streaming-unsigned-trailer' };
  if (SHA256.test(value)) return { kind: 'signed', sha256: value.toLowerCase() };
  if (value === STREAMING_SIGNED || value === STREAMING_SIGNED_TRAILER) {
    if (signing === undefined) {
      throw new Fault('AccessDenied', 'A request with signed chunks must be signed itself.');
    }
    return { kind: 'streaming-signed', trailer: value === STREAMING_SIGNED_TRAILER, ...signing };
  }
  if (value.startsWith('STREAMING-AWS4-ECDSA-P256-SHA256')) {
    throw new Fault('NotImplemented', 'Signature version 4A is not supported. Please use AWS4-HMAC-SHA256.');
  }
  throw new Fault(
    'InvalidArgument',
    `x-amz-content-sha256 must be ${UNSIGNED_PAYLOAD}, ${STREAMING_UNSIGNED_TRAILER}, ${STREAMING_SIGNED}, ${STREAMING_SIGNED_TRAILER} or a valid sha256 value.`,
    { detail: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: value } },
  );
}

/** The payload of an anonymous request: unsigned, unless it announces a hash or an unsigned trailer. */
export function anonymousPayload(headers: RequestHeaders): SignedPayload {
  return parsePayloadHash(headerValue(headers, 'x-amz-content-sha256') ?? UNSIGNED_PAYLOAD, undefined);
}
