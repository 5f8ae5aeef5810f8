import type { ServerResponse } from 'node:http';
import type { Bucket, Metadata } from '@sealgate/core/ports';
import {
  CORS_VARY,
  type CorsRule,
  corsHeaders,
  headerValue,
  matchCors,
  parseAuthorization,
  type SignedRequest,
} from '@sealgate/s3';
import { ANONYMOUS_NAMESPACE } from './access/caller.ts';

/** The cross-origin side of one answer. A browser shows its page nothing of an answer without these headers, also no error. */
export interface Cors {
  /** Sets the headers that the addressed bucket's rules give. Called once the bucket is known; a second call changes nothing. */
  apply(bucket: Bucket | undefined): void;
  /** True when a browser waits for the headers and no bucket was applied yet: an error came first. */
  readonly owed: boolean;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html */
export function createCors(request: Pick<SignedRequest, 'method' | 'headers'>, response: ServerResponse): Cors {
  const origin = headerValue(request.headers, 'origin');
  let applied = false;
  return {
    get owed() {
      return origin !== undefined && !applied;
    },
    apply(bucket) {
      if (applied) return;
      applied = true;
      const rules = bucket === undefined ? undefined : corsRules(bucket);
      if (rules === undefined) return;
      response.setHeader('vary', CORS_VARY);
      // A preflight asks for more, and is answered by its own handler.
      if (origin === undefined || request.method === 'OPTIONS') return;
      const method = headerValue(request.headers, 'access-control-request-method') ?? request.method;
      const rule = matchCors(rules, { origin, method });
      if (rule === undefined) return;
      for (const [name, value] of Object.entries(corsHeaders(rule, { origin, method })))
        response.setHeader(name, value);
    },
  };
}

/** The rules of a bucket as they were put; undefined when it has none. */
export function corsRules(bucket: Bucket): readonly CorsRule[] | undefined {
  const document = bucket.configs.cors;
  return document === undefined ? undefined : (JSON.parse(document) as readonly CorsRule[]);
}

/** True for a header that {@link Cors} set: it also belongs to an error. */
export function isCorsHeader(name: string): boolean {
  return name === 'vary' || name.startsWith('access-control-');
}

/**
 * The namespace in which a request's bucket would be found if its signature, which nobody verified, were right. Preflights
 * are never signed and errors may come before a signature was checked; all that this lets anybody learn is what a
 * bucket's rules say of one origin.
 */
export async function claimedNamespace(
  metadata: Pick<Metadata, 'credential'>,
  request: SignedRequest,
): Promise<string> {
  const accessKeyId = claimedAccessKeyId(request);
  const credential = accessKeyId === undefined ? undefined : await metadata.credential(accessKeyId);
  return credential?.tenant.namespace ?? ANONYMOUS_NAMESPACE;
}

function claimedAccessKeyId(request: SignedRequest) {
  try {
    const authorization = parseAuthorization(request);
    return authorization.kind === 'anonymous' ? undefined : authorization.accessKeyId;
  } catch {
    // Not readable: then it claims nothing.
    return undefined;
  }
}
