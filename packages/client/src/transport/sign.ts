import { sha256Hex, signRequest } from '@sealgate/s3/browser';
import type { Sign } from './transport.ts';

export type { Sign } from './transport.ts';

/** A SigV4 credential. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
}

/**
 * Signs every attempt anew, so that a repetition after a long wait is not too old. The signature covers the SHA-256 of
 * the body: what arrives is what was sealed, or nothing.
 */
export function createSign(deps: {
  readonly credentials: Credentials;
  readonly region: string;
  readonly now: () => number;
}): Sign {
  const { region, now } = deps;
  const { sessionToken, ...lasting } = deps.credentials;
  const credentials = sessionToken === undefined ? lasting : { ...lasting, sessionToken };
  return async ({ method, url, headers, body }) => {
    const { host: _host, ...sent } = await signRequest({
      credentials,
      region,
      nowMs: now(),
      method,
      rawPath: url.pathname,
      rawQuery: url.search.slice(1),
      headers: { ...headers, host: url.host },
      payloadHash: await sha256Hex(body ?? new Uint8Array(0)),
    });
    // `fetch` sets it from the URL and lets nobody else do so.
    return sent;
  };
}
