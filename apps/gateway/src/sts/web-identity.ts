import { Fault, isFault } from '@sealgate/core/faults';
import type { WebIdentity } from '@sealgate/core/federation';
import type { Clock, Metadata, OidcProvider } from '@sealgate/core/ports';
import type { EndpointGuard } from '@sealgate/runtime/net';
import { decodeJwt, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { createKeySets, type KeySet, type KeySets } from './key-sets.ts';
import { KEYS_TRIED_MAX, TOKEN_LEEWAY_S } from './limits.ts';
import { createProviderDocuments } from './provider-documents.ts';

/** Public-key signatures only: `none` and shared secrets have no place between strangers. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/**
 * Verifies a token of an OpenID Connect provider that the operator registered: its signature, issuer, audience and
 * times. What it may be used for is for the trust of a role to say.
 * @throws (the function) Fault InvalidIdentityToken, ExpiredIdentityToken, IdentityProviderUnavailable
 */
export type VerifyWebIdentity = (token: string) => Promise<WebIdentity>;

/** A verifier that asks providers for their keys. `close` ends its connections to them. */
export function openTokenVerifier(deps: {
  readonly metadata: Pick<Metadata, 'oidcProviderByIssuer'>;
  readonly guard: EndpointGuard;
  readonly clock: Clock;
}): { readonly verify: VerifyWebIdentity; close(): Promise<void> } {
  const { metadata, guard, clock } = deps;
  const documents = createProviderDocuments({ guard, clock });
  const keySets = createKeySets({ documents, clock });
  return { verify: createWebIdentityVerifier({ metadata, keySets, clock }), close: () => documents.close() };
}

export function createWebIdentityVerifier(deps: {
  readonly metadata: Pick<Metadata, 'oidcProviderByIssuer'>;
  readonly keySets: KeySets;
  readonly clock: Pick<Clock, 'now'>;
}): VerifyWebIdentity {
  const { metadata, keySets, clock } = deps;

  /** The issuer that the token claims, which nothing vouches for yet: it only chooses whose keys are tried. */
  async function providerOf(token: string): Promise<OidcProvider> {
    let issuer: string | undefined;
    try {
      issuer = decodeJwt(token).iss;
    } catch (error) {
      throw invalid('The ID token is not a signed JWT.', error);
    }
    if (issuer === undefined) throw invalid('Missing a required claim: iss');
    const provider = await metadata.oidcProviderByIssuer(issuer);
    if (provider === undefined) throw invalid('No OpenIDConnect provider found for the issuer of the token.');
    return provider;
  }

  return async (token) => {
    const provider = await providerOf(token);
    const options: JWTVerifyOptions = {
      issuer: provider.issuer,
      audience: [...provider.audiences],
      algorithms: ALGORITHMS,
      clockTolerance: TOKEN_LEEWAY_S,
      currentDate: new Date(clock.now()),
      requiredClaims: ['sub', 'exp', 'iat'],
    };
    try {
      const set = await keySets.of(provider.issuer);
      const payload = await verifyWith(token, set, options).catch(async (error: unknown) => {
        const newer = error instanceof errors.JWKSNoMatchingKey ? await keySets.newer(provider.issuer, set) : undefined;
        if (newer === undefined) throw error;
        return await verifyWith(token, newer, options);
      });
      return identityOf(payload, { provider, nowMs: clock.now() });
    } catch (error) {
      throw faultOf(error);
    }
  };
}

async function verifyWith(token: string, set: KeySet, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, set.find, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    return await verifyWithAny(token, error, options);
  }
}

/** A token that names no key, of an issuer that has several: each is tried, up to a bound. */
async function verifyWithAny(
  token: string,
  keys: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let tried = 0;
  for await (const key of keys) {
    tried += 1;
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed) || tried >= KEYS_TRIED_MAX) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

function identityOf(
  payload: JWTPayload,
  { provider, nowMs }: { readonly provider: OidcProvider; readonly nowMs: number },
): WebIdentity {
  const { sub, iat, aud } = payload;
  if (typeof sub !== 'string' || sub === '') throw invalid('Missing a required claim: sub');
  if ((iat ?? 0) > nowMs / 1000 + TOKEN_LEEWAY_S) throw invalid('The token was issued in the future.');
  const named = typeof aud === 'string' ? [aud] : (aud ?? []);
  const audiences = named.filter((audience) => provider.audiences.includes(audience));
  return { issuer: provider.issuer, subject: sub, audiences, claims: payload };
}

function faultOf(error: unknown): Fault {
  if (isFault(error)) return error;
  if (error instanceof errors.JWTExpired) {
    return new Fault('ExpiredIdentityToken', 'Token expired: get a new one from the identity provider.', {
      cause: error,
    });
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim } = error;
    if (claim === 'aud') return invalid('Incorrect token audience', error);
    return invalid(`The claim ${claim.slice(0, 16)} of the token is missing or does not hold.`, error);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return invalid(`The token must be signed with one of ${ALGORITHMS.join(', ')}.`, error);
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return invalid("Couldn't retrieve verification key from your identity provider", error);
  }
  return invalid('The signature of the token could not be verified.', error);
}

function invalid(message: string, cause?: unknown): Fault {
  return new Fault('InvalidIdentityToken', message, { cause });
}
