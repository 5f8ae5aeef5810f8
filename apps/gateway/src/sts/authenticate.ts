import { hash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { Clock, Credential, Metadata } from '@sealgate/core/ports';
import { createSigningKeyCache, parseAuthorization, type SignedRequest, verifySignature } from '@sealgate/s3';
import { type Attempts, prove } from '../net/attempts.ts';

/** Who signed a call of STS. @throws (the function) Fault NotAuthenticated, AccountProblem, and as verifySignature does */
export type AuthenticateCall = (
  request: SignedRequest,
  body: Uint8Array,
  address: string | undefined,
) => Promise<Credential>;

/**
 * Signatures of calls whose body is read already. Unlike those of S3 they always cover the body, whose hash the client
 * need not send.
 */
export function createCallAuthenticator(deps: {
  readonly metadata: Pick<Metadata, 'credential'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly region: string;
  readonly attempts: Attempts;
}): AuthenticateCall {
  const signingKeys = createSigningKeyCache();
  return async (request, body, address) => {
    const authorization = parseAuthorization(request, { payloadHash: hash('sha256', body, 'hex') });
    if (authorization.kind !== 'sigv4' || authorization.via !== 'header') {
      throw new Fault(
        'NotAuthenticated',
        'Request is missing an Authorization header with an AWS4-HMAC-SHA256 signature.',
      );
    }
    const attempt = { address: address ?? '', subject: authorization.accessKeyId };
    const credential = await prove(deps.attempts, attempt, async () => {
      const found = await deps.metadata.credential(authorization.accessKeyId);
      const nowMs = deps.clock.now();
      const { region } = deps;
      const services = ['sts', 's3'] as const;
      verifySignature(request, { authorization, credential: found, nowMs, region, services, signingKeys });
      return found;
    });
    if (credential === undefined) throw new Fault('InternalError', 'A signature was verified without a credential.');
    if (credential.tenant.state !== 'active') {
      throw new Fault('AccountProblem', 'There is a problem with your account that prevents the operation.');
    }
    return credential;
  };
}
