import { Fault } from '@sealgate/core/faults';
import { type AccessKeyId, parseAccessKeyId } from '@sealgate/core/names';
import { computeSignatureV2, signatureV2Equals } from '../sigv2/verify.ts';
import { parseCredential } from '../sigv4/authorization.ts';
import { ALGORITHM, type CredentialScope, parseAmzDate } from '../sigv4/canonical.ts';
import { computeSignature, type SigningKeyCache } from '../sigv4/signing-keys.ts';
import type { SigningCredential } from '../sigv4/types.ts';
import { requireScope, requireSession, signatureEquals, unknownAccessKey } from '../sigv4/verify.ts';

/** Fields of a form by lower-case name. */
export type FormFields = ReadonlyMap<string, string>;

/** Who a form claims to come from. Its signature covers the policy and nothing else; the policy covers the rest. */
export type FormAuthorization = AnonymousForm | SignedFormV4 | SignedFormV2;

interface AnonymousForm {
  readonly kind: 'anonymous';
}

interface SignedForm {
  readonly accessKeyId: AccessKeyId;
  /** As sent: what is signed. */
  readonly policy: string;
  readonly signature: string;
  readonly sessionToken: string | null;
}

export interface SignedFormV4 extends SignedForm {
  readonly kind: 'sigv4';
  readonly scope: CredentialScope;
  readonly signedAtMs: number;
}

export interface SignedFormV2 extends SignedForm {
  readonly kind: 'sigv2';
}

/**
 * Reads who a form claims to come from. Nothing is verified here.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
 * @throws Fault InvalidArgument (a field is missing), AuthorizationQueryParametersError (credential), InvalidAccessKeyId
 */
export function parseFormAuthorization(fields: FormFields): FormAuthorization {
  const v4 = V4_FIELDS.some((name) => fields.has(name));
  const v2 = fields.has('awsaccesskeyid') || fields.has('signature');
  if (!v4 && !v2 && !fields.has('policy')) return { kind: 'anonymous' };
  const sessionToken = fields.get('x-amz-security-token') ?? null;
  if (!v4) {
    const [id, policy, signature] = [
      requireField(fields, 'AWSAccessKeyId'),
      requireField(fields, 'policy'),
      requireField(fields, 'signature'),
    ];
    return { kind: 'sigv2', accessKeyId: parseAccessKeyId(id), policy, signature, sessionToken };
  }
  const algorithm = requireField(fields, 'X-Amz-Algorithm');
  if (algorithm !== ALGORITHM) {
    throw invalid('X-Amz-Algorithm', algorithm, `X-Amz-Algorithm only supports "${ALGORITHM}"`);
  }
  const credential = requireField(fields, 'X-Amz-Credential');
  const { accessKeyId, scope } = parseCredential(credential, 'AuthorizationQueryParametersError');
  const date = requireField(fields, 'X-Amz-Date');
  const signedAtMs = parseAmzDate(date);
  if (signedAtMs === undefined || date.slice(0, 8) !== scope.date) {
    throw invalid('X-Amz-Date', date, 'X-Amz-Date must be "yyyyMMddTHHmmssZ", of the day that the credential names.');
  }
  const [policy, signature] = [requireField(fields, 'policy'), requireField(fields, 'X-Amz-Signature')];
  return { kind: 'sigv4', accessKeyId, scope, signedAtMs, policy, signature, sessionToken };
}

const V4_FIELDS = ['x-amz-algorithm', 'x-amz-credential', 'x-amz-signature', 'x-amz-date'];

function invalid(name: string, value: string, message: string): Fault {
  return new Fault('InvalidArgument', message, { detail: { ArgumentName: name, ArgumentValue: value.slice(0, 128) } });
}

/** @throws Fault InvalidArgument when the form has no such field in front of its file */
export function requireField(fields: FormFields, name: string): string {
  const value = fields.get(name.toLowerCase());
  if (value !== undefined) return value;
  throw invalid(
    name,
    '',
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
  );
}

export interface VerifyFormOptions {
  readonly credential: SigningCredential | undefined;
  readonly nowMs: number;
  readonly region: string;
  readonly signingKeys: SigningKeyCache;
}

/**
 * Verifies the signature of a form's policy.
 * @throws Fault AuthorizationQueryParametersError (wrong region), InvalidAccessKeyId, SignatureDoesNotMatch,
 *   InvalidToken, ExpiredToken
 */
export function verifyForm(form: SignedFormV4 | SignedFormV2, options: VerifyFormOptions): void {
  const { credential, nowMs } = options;
  if (form.kind === 'sigv4') requireScope({ via: 'query', scope: form.scope }, options);
  if (credential === undefined || credential.state !== 'active') throw unknownAccessKey(form.accessKeyId);
  const matches = form.kind === 'sigv4' ? matchesV4(form, credential, options) : matchesV2(form, credential);
  if (!matches) {
    throw new Fault(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      {
        detail: { AWSAccessKeyId: form.accessKeyId, StringToSign: form.policy, SignatureProvided: form.signature },
      },
    );
  }
  requireSession(form.sessionToken, credential, nowMs);
}

function matchesV4(form: SignedFormV4, credential: SigningCredential, { signingKeys }: VerifyFormOptions): boolean {
  const key = signingKeys.get({ secretAccessKey: credential.secretAccessKey, scope: form.scope });
  return signatureEquals(computeSignature(key, form.policy), form.signature);
}

function matchesV2(form: SignedFormV2, credential: SigningCredential): boolean {
  return signatureV2Equals(computeSignatureV2(credential.secretAccessKey, form.policy), form.signature);
}
