import {
  ALGORITHM,
  type CanonicalParts,
  type CredentialScope,
  formatAmzDate,
  formatScope,
  UNSIGNED_PAYLOAD,
} from './canonical.ts';
import { uriEncode } from './encoding.ts';

/** What both signers (Node and browser) do before and after the hashing. Pure text. */

export interface SignerCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

interface SignerScope {
  readonly credentials: SignerCredentials;
  readonly region: string;
  readonly service?: string;
  readonly nowMs: number;
}

export interface SignRequest extends SignerScope {
  readonly method: string;
  /** The path as it is sent, encoded with `uriEncodePath`. */
  readonly rawPath: string;
  /** The query as it is sent; empty when there is none. */
  readonly rawQuery: string;
  /** Lower-case names, `host` among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 in hex, `UNSIGNED-PAYLOAD` or one of the `STREAMING-…` values. */
  readonly payloadHash: string;
}

export interface PresignRequest extends SignerScope {
  readonly method: string;
  /** `https://host:port`, without a path. */
  readonly origin: string;
  readonly rawPath: string;
  readonly rawQuery?: string;
  /** Headers that the user of the URL must send exactly so; `host` is added. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly expiresSeconds: number;
  /** `UNSIGNED-PAYLOAD` unless given. */
  readonly payloadHash?: string;
}

/** Proxies and HTTP clients add or change these on the way. */
const NOT_SIGNED: ReadonlySet<string> = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'expect',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-amzn-trace-id',
]);

interface PreparedHeaders {
  readonly amzDate: string;
  readonly scope: CredentialScope;
  readonly headers: Readonly<Record<string, string>>;
  readonly canonical: CanonicalParts;
  authorization(signature: string): string;
}

export function prepareHeaders(request: SignRequest): PreparedHeaders {
  const amzDate = formatAmzDate(request.nowMs);
  const scope = scopeOf(request, amzDate);
  const { sessionToken } = request.credentials;
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-date': amzDate,
    'x-amz-content-sha256': request.payloadHash,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const signedHeaders = signedHeaderNames(headers);
  const { method, rawPath, rawQuery, payloadHash } = request;
  const credential = `${request.credentials.accessKeyId}/${formatScope(scope)}`;
  return {
    amzDate,
    scope,
    headers,
    canonical: { method, rawPath, rawQuery, headers, signedHeaders, payloadHash },
    authorization: (signature) =>
      `${ALGORITHM} Credential=${credential},SignedHeaders=${signedHeaders.join(';')},Signature=${signature}`,
  };
}

interface PreparedPresign {
  readonly scope: CredentialScope;
  readonly canonical: CanonicalParts;
  url(signature: string): string;
}

export function preparePresign(request: PresignRequest): PreparedPresign {
  const amzDate = formatAmzDate(request.nowMs);
  const scope = scopeOf(request, amzDate);
  const headers = { ...request.headers, host: new URL(request.origin).host };
  const signedHeaders = signedHeaderNames(headers);
  const { accessKeyId, sessionToken } = request.credentials;
  const parameters: (readonly [string, string])[] = [
    ['X-Amz-Algorithm', ALGORITHM],
    ['X-Amz-Credential', `${accessKeyId}/${formatScope(scope)}`],
    ['X-Amz-Date', amzDate],
    ['X-Amz-Expires', String(request.expiresSeconds)],
    ...(sessionToken === undefined ? [] : [['X-Amz-Security-Token', sessionToken] as const]),
    ...(request.payloadHash === undefined ? [] : [['X-Amz-Content-Sha256', request.payloadHash] as const]),
    ['X-Amz-SignedHeaders', signedHeaders.join(';')],
  ];
  const own = parameters.map(([name, value]) => `${name}=${uriEncode(value)}`).join('&');
  const rawQuery = request.rawQuery ? `${request.rawQuery}&${own}` : own;
  const { method, rawPath, origin } = request;
  return {
    scope,
    canonical: {
      method,
      rawPath,
      rawQuery,
      headers,
      signedHeaders,
      payloadHash: request.payloadHash ?? UNSIGNED_PAYLOAD,
    },
    url: (signature) => `${origin.replace(/\/$/, '')}${rawPath}?${rawQuery}&X-Amz-Signature=${signature}`,
  };
}

function scopeOf(request: SignerScope, amzDate: string): CredentialScope {
  return { date: amzDate.slice(0, 8), region: request.region, service: request.service ?? 's3' };
}

function signedHeaderNames(headers: Readonly<Record<string, string>>): string[] {
  return Object.keys(headers)
    .filter((name) => !NOT_SIGNED.has(name))
    .sort();
}
