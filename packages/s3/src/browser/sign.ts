import {
  type CredentialScope,
  canonicalRequest,
  formatAmzDate,
  formatScope,
  stringToSign,
} from '../sigv4/canonical.ts';
import { type PresignRequest, prepareHeaders, preparePresign, type SignRequest } from '../sigv4/prepare.ts';

/** The signers of `@sealgate/s3` on WebCrypto, for browsers. Nothing here may import Node. */

const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const;

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Header values are one character a byte, as `fetch` sends them. */
function latin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

async function hmac(key: BufferSource, text: string): Promise<ArrayBuffer> {
  const cryptoKey = await crypto.subtle.importKey('raw', key, HMAC, false, ['sign']);
  return crypto.subtle.sign(HMAC, cryptoKey, latin1(text));
}

/** SHA-256 in hex, for `payloadHash`. */
export async function sha256Hex(bytes: BufferSource): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', bytes));
}

async function signatureOf(secretAccessKey: string, scope: CredentialScope, toSign: string): Promise<string> {
  let key = await hmac(new TextEncoder().encode(`AWS4${secretAccessKey}`), scope.date);
  for (const piece of [scope.region, scope.service, 'aws4_request']) key = await hmac(key, piece);
  return hex(await hmac(key, toSign));
}

/** As `signRequest` of `@sealgate/s3`: all headers to send. */
export async function signRequest(request: SignRequest): Promise<Readonly<Record<string, string>>> {
  const prepared = prepareHeaders(request);
  const canonicalHash = await sha256Hex(latin1(canonicalRequest(prepared.canonical)));
  const toSign = stringToSign(prepared.amzDate, formatScope(prepared.scope), canonicalHash);
  const signature = await signatureOf(request.credentials.secretAccessKey, prepared.scope, toSign);
  return { ...prepared.headers, authorization: prepared.authorization(signature) };
}

/** As `presignUrl` of `@sealgate/s3`. */
export async function presignUrl(request: PresignRequest): Promise<string> {
  const prepared = preparePresign(request);
  const canonicalHash = await sha256Hex(latin1(canonicalRequest(prepared.canonical)));
  const toSign = stringToSign(formatAmzDate(request.nowMs), formatScope(prepared.scope), canonicalHash);
  return prepared.url(await signatureOf(request.credentials.secretAccessKey, prepared.scope, toSign));
}
