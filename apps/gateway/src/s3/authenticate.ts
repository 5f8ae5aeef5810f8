import { Fault } from '@sealgate/core/faults';
import type { Clock, Metadata } from '@sealgate/core/ports';
import {
  anonymousPayload,
  createSigningKeyCache,
  parseAuthorization,
  type SignedPayload,
  type SignedRequest,
  verifySignature,
} from '@sealgate/s3';
import type { Caller } from './access/caller.ts';

export interface Identity {
  readonly caller: Caller;
  readonly payload: SignedPayload;
}

/** Who sends a request, proved by its signature when it has one. */
export type Authenticate = (request: SignedRequest) => Promise<Identity>;

/** @throws (by the function it gives) Fault as AWS answers; AccountProblem for a suspended tenant */
export function createAuthenticate(deps: {
  readonly metadata: Pick<Metadata, 'credential'>;
  readonly clock: Clock;
  readonly region: string;
}): Authenticate {
  const signingKeys = createSigningKeyCache();
  return async (request) => {
    const authorization = parseAuthorization(request);
    if (authorization.kind === 'anonymous') {
      return { caller: { kind: 'anonymous' }, payload: anonymousPayload(request.headers) };
    }
    if (authorization.kind === 'sigv2') {
      throw new Fault(
        'InvalidRequest',
        'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
      );
    }
    const credential = await deps.metadata.credential(authorization.accessKeyId);
    const { payload } = verifySignature(request, {
      authorization,
      credential,
      nowMs: deps.clock.now(),
      region: deps.region,
      signingKeys,
    });
    if (credential === undefined) throw new Fault('InternalError', 'A signature was verified without a credential.');
    if (credential.tenant.state !== 'active') {
      throw new Fault('AccountProblem', 'There is a problem with your account that prevents the operation.');
    }
    const { via, signedAtMs } = authorization;
    return {
      caller: { kind: 'credential', credential, signature: { version: 'AWS4-HMAC-SHA256', via, signedAtMs } },
      payload,
    };
  };
}
