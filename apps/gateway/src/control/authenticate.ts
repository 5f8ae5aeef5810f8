import { hash, randomBytes } from 'node:crypto';
import { Fault, type FaultCode, isFault } from '@sealgate/core/faults';
import { heldGrants } from '@sealgate/core/federation';
import type { Clock, Credential, Metadata } from '@sealgate/core/ports';
import {
  createSigningKeyCache,
  parseAuthorization,
  type SignedRequest,
  type SigV4Authorization,
  verifySignature,
} from '@sealgate/s3';
import { type Attempt, type Attempts, prove } from '../net/attempts.ts';
import type { VerifyWebIdentity } from '../sts/web-identity.ts';
import type { ControlCaller } from './access.ts';
import type { CheckAdminKey } from './auth.ts';

export interface Proved {
  readonly caller: ControlCaller;
  /** SHA-256 in hex that the body must have, when the proof covers it. */
  readonly bodySha256?: string;
}

export interface ControlRequest {
  readonly signed: SignedRequest;
  readonly adminKey: string | undefined;
  readonly authorization: string | undefined;
  readonly address: string;
}

/**
 * Who calls: the operator key, a token of a registered identity provider, or a signature with an access key of a tenant.
 * @throws (the function) Fault NotAuthenticated for whatever does not prove it, in the same words for a wrong signature
 *   and for an unknown key; TooManyRequests, AccountProblem, RequestTimeTooSkewed, IdentityProviderUnavailable
 */
export type ControlAuthenticate = (request: ControlRequest) => Promise<Proved>;

export interface ControlAuthDeps {
  readonly checkAdminKey: CheckAdminKey;
  readonly verifyToken: VerifyWebIdentity;
  readonly metadata: Pick<Metadata, 'credential' | 'oidcProviderByIssuer'>;
  readonly attempts: Attempts;
  readonly clock: Pick<Clock, 'now'>;
  readonly region: string;
  readonly onFailure: (reason: string) => void;
}

const OPERATOR: ControlCaller = {
  kind: 'admin-key',
  id: 'admin-key',
  grants: [{ role: 'operator', tenants: 'all' }],
};

/** Subjects are the provider's to choose; an audit entry names them up to this length. */
const SUBJECT_CHARACTERS_MAX = 128;

export function createControlAuthenticate(deps: ControlAuthDeps): ControlAuthenticate {
  const verifyAccessKey = createAccessKeyVerifier(deps);
  return async (request) => {
    const { adminKey, authorization, address } = request;
    if (adminKey !== undefined) {
      return await proving(deps, { address, subject: fingerprint(adminKey) }, 'admin-key', () => {
        deps.checkAdminKey(adminKey);
        return { caller: OPERATOR };
      });
    }
    const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (bearer !== undefined) {
      const attempt = { address, subject: fingerprint(bearer) };
      return await proving(deps, attempt, 'token', () => byToken(deps, bearer));
    }
    if (authorization?.startsWith('AWS4-') === true) {
      const parsed = parsedSignature(request.signed);
      const attempt = { address, subject: parsed.accessKeyId };
      return await proving(deps, attempt, 'access-key', () => verifyAccessKey(request.signed, parsed));
    }
    // No guess was made, so nothing is counted against the address.
    deps.onFailure('missing');
    throw new Fault(
      'NotAuthenticated',
      'Send the operator key in X-Admin-Key, a bearer token of a registered identity provider, or a signature (AWS4-HMAC-SHA256) of an access key.',
    );
  };
}

/**
 * What a secret is counted as. Each guess is a subject of its own, so that wrong ones lock nobody out who showed the right
 * one from the same address before: behind one proxy all callers may have the same.
 */
const fingerprint = (secret: string): string => `secret ${hash('sha256', secret, 'base64')}`;

/** Failures that could be guesses. An outage or a skewed clock is none. */
const GUESSES = new Set<FaultCode>(['NotAuthenticated']);

async function proving(
  { attempts, onFailure }: Pick<ControlAuthDeps, 'attempts' | 'onFailure'>,
  attempt: Attempt,
  means: ControlCaller['kind'],
  proof: () => Proved | Promise<Proved>,
): Promise<Proved> {
  try {
    return await prove(attempts, attempt, proof, GUESSES);
  } catch (error) {
    if (isFault(error, 'ExpiredIdentityToken')) {
      throw new Fault('NotAuthenticated', 'The token expired.', { cause: error });
    }
    if (isFault(error)) onFailure(`${means}-${error.code === 'TooManyRequests' ? 'locked' : 'refused'}`);
    throw error;
  }
}

async function byToken({ verifyToken, metadata }: ControlAuthDeps, token: string): Promise<Proved> {
  const identity = await verifyToken(token).catch((error: unknown) => {
    if (isFault(error, 'InvalidIdentityToken')) {
      throw new Fault('NotAuthenticated', 'The token is not one that this gateway takes.', { cause: error });
    }
    throw error;
  });
  const provider = await metadata.oidcProviderByIssuer(identity.issuer);
  const grants = provider === undefined ? [] : heldGrants(provider.grants, identity);
  const id = `oidc/${provider?.name ?? ''}/${identity.subject.slice(0, SUBJECT_CHARACTERS_MAX)}`;
  return { caller: { kind: 'token', id, grants } };
}

/** @throws Fault NotAuthenticated, RequestTimeTooSkewed */
function parsedSignature(signed: SignedRequest): SigV4Authorization {
  const authorization = parseAuthorization(signed);
  if (authorization.kind === 'sigv4' && authorization.via === 'header') return authorization;
  throw new Fault('NotAuthenticated', 'Sign the request in its Authorization header.');
}

/** What tells a known access key from an unknown one on the S3 listener, and here must not. */
export const REFUSED_PROOFS: ReadonlySet<FaultCode> = new Set<FaultCode>([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'ExpiredToken',
]);

function createAccessKeyVerifier({ metadata, clock, region }: ControlAuthDeps) {
  const signingKeys = createSigningKeyCache();
  // Nobody knows its secret: unknown keys cost what known ones cost.
  const nobody = { secretAccessKey: randomBytes(30).toString('base64'), state: 'active', expiresAtMs: null } as const;

  return async (signed: SignedRequest, authorization: SigV4Authorization): Promise<Proved> => {
    const found = await metadata.credential(authorization.accessKeyId);
    const credential = found?.state === 'active' ? found : { ...nobody, sessionToken: authorization.sessionToken };
    const nowMs = clock.now();
    const services = ['sealgate', 's3'] as const;
    try {
      const { payload } = verifySignature(signed, { authorization, credential, nowMs, region, services, signingKeys });
      if (found?.state !== 'active') throw refusedProof();
      if (payload.kind !== 'signed') {
        throw new Fault(
          'ValidationFailed',
          'The signature must cover the body: send its SHA-256 in x-amz-content-sha256.',
        );
      }
      return { caller: callerOf(found), bodySha256: payload.sha256 };
    } catch (error) {
      if (isFault(error) && REFUSED_PROOFS.has(error.code)) throw refusedProof(error);
      throw error;
    }
  };
}

export function refusedProof(cause?: unknown): Fault {
  return new Fault('NotAuthenticated', 'The access key is not known, or the signature is not right.', { cause });
}

/**
 * @throws Fault AccountProblem; AccessDenied for a key that is bounded by a policy or by time: it could make itself one
 *   that is not
 */
function callerOf(credential: Credential): ControlCaller {
  if (credential.tenant.state !== 'active') {
    throw new Fault('AccountProblem', 'There is a problem with your account that prevents the operation.');
  }
  if (credential.kind !== 'static' || credential.policy !== null) {
    throw new Fault(
      'AccessDenied',
      'Only an access key that no policy bounds and that is not temporary may call this.',
    );
  }
  return {
    kind: 'access-key',
    id: credential.accessKeyId,
    grants: [{ role: 'tenant', tenants: [credential.tenant.name] }],
  };
}
