import { Fault } from '@sealgate/core/faults';
import type { AccessKeyId } from '@sealgate/core/names';
import type { Clock, Credential, Metadata } from '@sealgate/core/ports';
import {
  anonymousPayload,
  createSigningKeyCache,
  type FormFields,
  headerValue,
  hostBucketOf,
  parseAuthorization,
  parseFormAuthorization,
  type SignedPayload,
  type SignedRequest,
  type SigningKeyCache,
  type SigV2Authorization,
  type SigV4Authorization,
  verifyForm,
  verifySignature,
  verifySignatureV2,
} from '@sealgate/s3';
import { type Attempt, type Attempts, prove } from '../net/attempts.ts';
import type { Caller, SignatureFacts } from './access/caller.ts';

export interface Identity {
  readonly caller: Caller;
  readonly payload: SignedPayload;
}

/** Who sends a request, proved by its signature when it has one. Both throw Faults as AWS answers. */
export interface Authenticate {
  /** By its headers or its query. @throws Fault of `verifySignature` and `verifySignatureV2`, AccountProblem, InvalidRequest */
  request(request: SignedRequest, address: string | undefined): Promise<Identity>;
  /** By the fields of a POST form. @throws Fault of `verifyForm`, AccountProblem, InvalidRequest */
  form(fields: FormFields, address: string | undefined): Promise<Caller>;
}

export interface AuthenticateDeps {
  readonly metadata: Pick<Metadata, 'credential'>;
  readonly clock: Clock;
  readonly region: string;
  readonly baseDomains: readonly string[];
  readonly attempts: Attempts;
  /** What requests may be signed for; `s3` when absent. */
  readonly services?: readonly ('s3' | 'sealgate')[];
}

export function createAuthenticate(deps: AuthenticateDeps): Authenticate {
  const signingKeys = createSigningKeyCache();
  return {
    async request(request, address) {
      const authorization = parseAuthorization(request);
      if (authorization.kind === 'anonymous') {
        return { caller: { kind: 'anonymous' }, payload: anonymousPayload(request.headers) };
      }
      return await prove(deps.attempts, attemptOf(authorization, address), () =>
        authorization.kind === 'sigv2'
          ? requestV2(deps, request, authorization)
          : requestV4(deps, request, { authorization, signingKeys }),
      );
    },
    async form(fields, address) {
      const authorization = parseFormAuthorization(fields);
      if (authorization.kind === 'anonymous') return { kind: 'anonymous' };
      return await prove(deps.attempts, attemptOf(authorization, address), async () => {
        const credential = await deps.metadata.credential(authorization.accessKeyId);
        const v2 = authorization.kind === 'sigv2';
        if (v2) requireLegacy(credential);
        verifyForm(authorization, { credential, nowMs: deps.clock.now(), region: deps.region, signingKeys });
        const signedAtMs = v2 ? undefined : authorization.signedAtMs;
        return callerOf(credential, { version: v2 ? 'AWS' : 'AWS4-HMAC-SHA256', via: 'post', signedAtMs });
      });
    },
  };
}

function attemptOf({ accessKeyId }: { readonly accessKeyId: AccessKeyId }, address: string | undefined): Attempt {
  return { address: address ?? '', subject: accessKeyId };
}

async function requestV4(
  deps: AuthenticateDeps,
  request: SignedRequest,
  { authorization, signingKeys }: { authorization: SigV4Authorization; signingKeys: SigningKeyCache },
): Promise<Identity> {
  const credential = await deps.metadata.credential(authorization.accessKeyId);
  const { payload } = verifySignature(request, {
    authorization,
    credential,
    nowMs: deps.clock.now(),
    region: deps.region,
    signingKeys,
    ...(deps.services === undefined ? {} : { services: deps.services }),
  });
  const { via, signedAtMs } = authorization;
  return { caller: callerOf(credential, { version: 'AWS4-HMAC-SHA256', via, signedAtMs }), payload };
}

async function requestV2(
  deps: AuthenticateDeps,
  request: SignedRequest,
  authorization: SigV2Authorization,
): Promise<Identity> {
  const credential = await deps.metadata.credential(authorization.accessKeyId);
  requireLegacy(credential);
  const host = headerValue(request.headers, 'host') ?? '';
  const { signedAtMs } = verifySignatureV2(request, {
    authorization,
    credential,
    nowMs: deps.clock.now(),
    hostBucket: hostBucketOf(host, deps.baseDomains),
  });
  const caller = callerOf(credential, { version: 'AWS', via: authorization.via, signedAtMs });
  // The signature says nothing of the body: at most what an unsigned one may announce is checked.
  return { caller, payload: anonymousPayload(request.headers) };
}

/** Version 2 is SHA-1 over half a request, so a tenant has to ask for it. An unknown key is refused later, as always. */
function requireLegacy(credential: Credential | undefined): void {
  if (credential === undefined || credential.tenant.settings.legacySignatures) return;
  throw new Fault(
    'InvalidRequest',
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  );
}

function callerOf(credential: Credential | undefined, signature: SignatureFacts): Caller {
  if (credential === undefined) throw new Fault('InternalError', 'A signature was verified without a credential.');
  if (credential.tenant.state !== 'active') {
    throw new Fault('AccountProblem', 'There is a problem with your account that prevents the operation.');
  }
  return { kind: 'credential', credential, signature };
}
