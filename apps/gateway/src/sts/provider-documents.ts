import { Fault, isFault } from '@sealgate/core/faults';
import type { Clock } from '@sealgate/core/ports';
import type { EndpointGuard } from '@sealgate/runtime/net';
import type { JSONWebKeySet, JWK } from 'jose';
import { Agent, buildConnector, request } from 'undici';
import { PROVIDER_DOCUMENT_BYTES_MAX, PROVIDER_KEYS_MAX, PROVIDER_TIMEOUT_MS } from './limits.ts';

/** What identity providers publish. */
export interface ProviderDocuments {
  /**
   * The keys that an issuer signs tokens with, by discovery.
   * @see https://openid.net/specs/openid-connect-discovery-1_0.html
   * @throws Fault IdentityProviderUnavailable
   */
  keys(issuer: string): Promise<JSONWebKeySet>;
  close(): Promise<void>;
}

/** Signatures with these are public-key ones; a shared secret in a public document is a mistake. */
const KEY_TYPES = new Set(['RSA', 'EC', 'OKP']);

export function createProviderDocuments(deps: {
  readonly guard: Pick<EndpointGuard, 'check' | 'lookup'>;
  readonly clock: Pick<Clock, 'schedule'>;
}): ProviderDocuments {
  const agent = new Agent({
    connections: 2,
    maxResponseSize: PROVIDER_DOCUMENT_BYTES_MAX,
    connect: buildConnector({ lookup: deps.guard.lookup, timeout: PROVIDER_TIMEOUT_MS, allowH2: false }),
  });

  /** Redirects are not followed: a provider's address is what the operator registered, and what that page names. */
  async function document(url: string): Promise<Readonly<Record<string, unknown>>> {
    const late = new AbortController();
    const cancel = deps.clock.schedule(PROVIDER_TIMEOUT_MS, () =>
      late.abort(unavailable('The identity provider did not answer in time.')),
    );
    try {
      return await Promise.race([read(url, late.signal), aborted(late.signal)]);
    } catch (error) {
      throw isFault(error, 'IdentityProviderUnavailable')
        ? error
        : unavailable('The identity provider could not be asked.', error);
    } finally {
      cancel();
    }
  }

  async function read(url: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    await deps.guard.check(new URL(url).origin);
    const { statusCode, body } = await request(url, {
      dispatcher: agent,
      headers: { accept: 'application/json' },
      signal,
    });
    if (statusCode !== 200) {
      await body.dump();
      throw unavailable(`The identity provider answered ${statusCode}.`);
    }
    const value: unknown = await body.json();
    if (typeof value !== 'object' || value === null) throw unavailable('The identity provider gave no JSON object.');
    return value as Readonly<Record<string, unknown>>;
  }

  return {
    async keys(issuer) {
      const configuration = await document(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
      if (configuration['issuer'] !== issuer) throw unavailable('The identity provider gives itself another name.');
      const location = configuration['jwks_uri'];
      if (typeof location !== 'string' || !URL.canParse(location)) {
        throw unavailable('The identity provider does not say where its keys are.');
      }
      const { keys } = await document(location);
      if (!Array.isArray(keys)) throw unavailable('The identity provider gave no keys.');
      return { keys: keys.filter(isPublicKey).slice(0, PROVIDER_KEYS_MAX) };
    },
    close: () => agent.close(),
  };
}

function isPublicKey(key: unknown): key is JWK {
  return typeof key === 'object' && key !== null && 'kty' in key && KEY_TYPES.has(String(key.kty));
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

function unavailable(message: string, cause?: unknown): Fault {
  return new Fault('IdentityProviderUnavailable', message, { cause });
}

/**
 * An issuer as it may be registered: the URL below which discovery begins.
 * @throws Fault ValidationFailed, EndpointRefused
 */
export async function checkIssuer(issuer: string, guard: Pick<EndpointGuard, 'check'>): Promise<void> {
  const url = URL.parse(issuer);
  const plain = url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
  if (
    !plain ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== '' ||
    url.password !== '' ||
    /\s/.test(issuer)
  ) {
    throw new Fault('ValidationFailed', 'An issuer is a URL: https://, without query, fragment or credentials.');
  }
  await guard.check(url.origin);
}
