import { AuditIntegrityError } from '@sealgate/core/audit';
import { type FaultCode, isFault } from '@sealgate/core/faults';
import { SealError, type SealErrorCode } from '@sealgate/sealed/inspect';
import { CliError } from './cli-error.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** Any failure in the form in which it is shown: one line what happened, one line what to do. */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

export function describeFailure(error: unknown): Failure {
  if (error instanceof CliError) {
    return { exitCode: error.exitCode, code: 'CliError', message: error.message, hint: error.hint };
  }
  if (error instanceof AuditIntegrityError) {
    const hint = 'Keep the files as they are: they are evidence. Ask for the log again, from somebody else too.';
    return { exitCode: exitCodes.integrity, code: error.name, message: error.message, hint };
  }
  if (isFault(error)) {
    const refused = refusals.has(error.code) || error.rule === CLASS_NOT_OFFERED;
    const exitCode = refused ? exitCodes.refused : exitCodes.failed;
    const rule = error.rule === undefined ? '' : ` (rule ${error.rule})`;
    return { exitCode, code: error.code, message: `${error.message}${rule}`, hint: faultHints[error.code] };
  }
  if (error instanceof SealError) {
    const exitCode = notIntegrity.has(error.code) ? exitCodes.failed : exitCodes.integrity;
    return { exitCode, code: error.code, message: error.message, hint: sealHints[error.code] };
  }
  return { exitCode: exitCodes.failed, ...describeForeign(error) };
}

/** The request was understood and a policy says no. */
const refusals: ReadonlySet<FaultCode> = new Set([
  'EncryptionRequired',
  'ManifestRequired',
  'PolicyRefused',
  'NoLegalPlacement',
]);

/** The rule with which a policy refuses a class; the code, which S3 knows, is also that of a misspelled one. */
const CLASS_NOT_OFFERED = 'policy.classes';

const faultHints: Readonly<Partial<Record<FaultCode, string>>> = {
  AccessDenied: 'Check that these credentials belong to the tenant that owns the bucket.',
  BucketAlreadyExists: 'Bucket names are unique within a namespace: choose another one.',
  EncryptionRequired: 'Leave out --plain, so that the object is sealed.',
  GatewayUnreachable: 'Start the gateway ("sealgate serve"), or name another with --endpoint-url.',
  InvalidAccessKeyId: 'The gateway does not know these credentials. Check --profile and the AWS_* variables.',
  ManifestRequired:
    'Sign with a key that is in the keyring ("sealgate keys create --use sign", "sealgate keyring add").',
  NotAuthenticated: 'Set ADMIN_API_KEY to the operator key of the gateway.',
  PreconditionFailed: 'Somebody else wrote the object. Look at it and try again.',
  RequestTimeTooSkewed: 'Set the clock of this machine.',
  SignatureDoesNotMatch: 'The secret key does not fit the access key id. Check --profile and the AWS_* variables.',
  NoLegalPlacement: 'Ask the operator which backends the policy of this bucket admits ("sealgate backend list").',
};

/** Problems with keys and arguments; every other problem of a seal is one of integrity. */
const notIntegrity: ReadonlySet<SealErrorCode> = new Set([
  'invalid-argument',
  'key-id-mismatch',
  'malformed-key',
  'random-failure',
  'range-not-satisfiable',
  'weak-key',
  'wrong-passphrase',
]);

const sealHints: Readonly<Partial<Record<SealErrorCode, string>>> = {
  'manifest-missing':
    'Its writer signed none, or it was taken away. "sealgate writer list" shows where one is required.',
  'untrusted-writer': 'If you know the writer, take in its public key from it: sealgate writer trust FILE.',
  'revoked-writer':
    "The tenant's keyring revoked the key. If you know that the object is older, trust the key yourself: sealgate writer export <id> > key.jwk, then sealgate writer trust key.jwk",
  'rolled-back': 'The store gave an older version. If that is what you want, say so: --allow-older.',
  'bad-signature': 'Nothing was written. It is not what its writer signed: tell the operator.',
  'manifest-mismatch': 'Nothing was written. It is not what its writer signed: tell the operator.',
  'not-sealed': 'If plain bytes are what you expect, ask for them with --plain.',
  'not-for-this-object': 'The store gave the object of another name. Nothing was written. Tell the operator.',
  'wrong-key': 'None of your keys opens it. "sealgate keys list" shows them, "sealgate stat" those that would.',
  'wrong-passphrase': 'Try again, or check SEALGATE_PASSPHRASE.',
  corrupt: 'Nothing was written. The stored bytes are not what was sealed: tell the operator.',
  'keyring-forked':
    'Nothing was sent. Somebody shows different keyrings to different people: ask the owner of the root.',
  'keyring-missing': 'Nothing was sent. Publish one ("sealgate keyring publish"), or ask the operator where it is.',
  'keyring-rollback': 'Nothing was sent. The gateway hides a newer keyring: ask the operator.',
  'keyring-untrusted': 'Nothing was sent. The pinned root did not sign it: do not use the keys in it.',
  truncated: 'Nothing was written. The stored object is incomplete: tell the operator.',
};

const systemErrors: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'it exists already',
  EISDIR: 'it is a folder',
  ENOENT: 'there is no such file or folder',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is no folder',
  EROFS: 'the file system is read-only',
};

function describeForeign(error: unknown): Pick<Failure, 'code' | 'message' | 'hint'> {
  if (!(error instanceof Error)) return { code: 'Unknown', message: String(error), hint: undefined };
  const { code, path } = error as NodeJS.ErrnoException;
  const meaning = code === undefined ? undefined : systemErrors[code];
  if (code !== undefined && meaning !== undefined) {
    return { code, message: path === undefined ? meaning : `${path}: ${meaning}`, hint: undefined };
  }
  return { code: code ?? error.name, message: error.message, hint: 'Run it again with --debug for the details.' };
}
