import type { AccessKeyId } from '@sealgate/core/names';
import type { CredentialScope } from './canonical.ts';
import type { HmacKey } from './hmac.ts';

/** What a request says about who sent it, before anything is verified. */
export type Authorization = AnonymousAuthorization | SigV4Authorization | SigV2Authorization;

interface AnonymousAuthorization {
  readonly kind: 'anonymous';
}

export interface SigV4Authorization {
  readonly kind: 'sigv4';
  /** In the Authorization header, or in the query of a presigned URL. */
  readonly via: 'header' | 'query';
  readonly accessKeyId: AccessKeyId;
  readonly scope: CredentialScope;
  /** Lower case, as the client listed them. */
  readonly signedHeaders: readonly string[];
  /** As sent; not yet known to be hexadecimal. */
  readonly signature: string;
  /** When the request was signed, `YYYYMMDDTHHMMSSZ`. */
  readonly amzDate: string;
  readonly signedAtMs: number;
  /** Of a presigned URL: seconds from `signedAtMs` to its end; null in the header form. */
  readonly expiresSeconds: number | null;
  /** The value of the payload hash that the signature covers. */
  readonly payloadHash: string;
  readonly sessionToken: string | null;
}

/** Signature version 2, which only a tenant with legacy signatures may use. */
export interface SigV2Authorization {
  readonly kind: 'sigv2';
  readonly via: 'header' | 'query';
  readonly accessKeyId: AccessKeyId;
  /** Base64. */
  readonly signature: string;
  /** Of a presigned URL: its end in seconds since 1970, as sent. */
  readonly expires: string | null;
  readonly sessionToken: string | null;
}

/** The part of a credential that verification needs; `Credential` of the core ports fits. */
export interface SigningCredential {
  readonly secretAccessKey: string;
  readonly state: 'active' | 'disabled';
  readonly expiresAtMs: number | null;
  readonly sessionToken: string | null;
}

/** What the signature says about the body. */
export type SignedPayload =
  /** The body must have this SHA-256 (hex, lower case). */
  | { readonly kind: 'signed'; readonly sha256: string }
  | { readonly kind: 'unsigned' }
  /** aws-chunked, each chunk signed, in a chain that begins with the request's own signature. */
  | (ChunkSigning & { readonly kind: 'streaming-signed'; readonly trailer: boolean })
  /** aws-chunked without signatures, its checksum in the trailer. */
  | { readonly kind: 'streaming-unsigned-trailer' };

export interface ChunkSigning {
  /** Hex. */
  readonly seedSignature: string;
  readonly signingKey: HmacKey;
  readonly scope: string;
  readonly amzDate: string;
}

export interface VerifiedRequest {
  readonly accessKeyId: AccessKeyId;
  readonly via: 'header' | 'query';
  readonly signedHeaders: readonly string[];
  readonly signedAtMs: number;
  readonly payload: SignedPayload;
}
