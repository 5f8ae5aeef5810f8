import { Fault, type FaultCode, faultTable } from '@sealgate/core/faults';
import { parseErrorResponse, type RemoteError } from '@sealgate/s3/browser';

/** What is known of an answer that reports a failure. */
export interface FailedAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The body; empty for HEAD. */
  readonly text: string;
  /** What the request addressed, to name a bare 404. */
  readonly target: 'service' | 'bucket' | 'object';
}

/**
 * An S3 error answer as a Fault. The server's message is kept: a gateway writes it for the caller. Which fault it was a
 * gateway says in a header, because several share one S3 code; from other servers the S3 code or the status tells.
 * `detail` holds `status`, and `requestId` and `s3Code` when there are any.
 */
export function faultOfAnswer(answer: FailedAnswer): Fault {
  const { status, headers } = answer;
  const error = parseErrorResponse(answer.text);
  const requestId = headers.get('x-amz-request-id');
  const rule = headers.get('x-sealgate-rule');
  const code = codeOf(error?.code, answer);
  return new Fault(code, error === undefined ? bareMessage(code, answer) : messageOf(error), {
    ...(rule === null ? {} : { rule }),
    detail: {
      status,
      ...(requestId === null ? {} : { requestId }),
      ...(error === undefined ? {} : { s3Code: error.code }),
    },
  });
}

/** The answer to a HEAD has no body to say it in. */
const BARE: Readonly<Partial<Record<FaultCode, string>>> = {
  AccessDenied: 'Access is denied.',
  AccountProblem: 'There is a problem with the account that prevents the operation.',
  DatabaseUnavailable: 'The gateway does not reach its database.',
  InvalidAccessKeyId: 'The access key id is not known there.',
  InvalidRange: 'The object has none of the bytes of the range.',
  NoSuchBucket: 'The bucket does not exist.',
  NoSuchKey: 'The object does not exist.',
  NoSuchVersion: 'The version does not exist.',
  PreconditionFailed: 'The object is not what the request supposed.',
  RequestTimeTooSkewed: 'The clocks of the server and of this machine are too far apart.',
  SignatureDoesNotMatch: 'The signature is not right.',
  SlowDown: 'The server has too much to do now.',
};

function bareMessage(code: FaultCode, { status }: FailedAnswer): string {
  return BARE[code] ?? `The server answered ${status} without an explanation.`;
}

function messageOf(error: RemoteError): string {
  if (error.message === '') return `The server answered ${error.code}.`;
  return isFaultCode(error.code) ? error.message : `${error.code}: ${error.message}`;
}

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(faultTable, code);
}

function codeOf(s3Code: string | undefined, { status, target, headers }: FailedAnswer): FaultCode {
  const exact = headers.get('x-sealgate-fault');
  if (exact !== null && isFaultCode(exact)) return exact;
  if (s3Code !== undefined && isFaultCode(s3Code)) return s3Code;
  if (s3Code === 'ServiceUnavailable') return 'SlowDown';
  if (status === 404) return target === 'bucket' ? 'NoSuchBucket' : target === 'object' ? 'NoSuchKey' : 'NotFound';
  const known: Readonly<Record<number, FaultCode>> = {
    301: 'PermanentRedirect',
    304: 'NotModified',
    307: 'PermanentRedirect',
    308: 'PermanentRedirect',
    401: 'NotAuthenticated',
    403: 'AccessDenied',
    405: 'MethodNotAllowed',
    409: 'Conflict',
    411: 'MissingContentLength',
    412: 'PreconditionFailed',
    416: 'InvalidRange',
    429: 'TooManyRequests',
    501: 'NotImplemented',
    502: 'SlowDown',
    503: 'SlowDown',
    504: 'SlowDown',
  };
  return known[status] ?? (status >= 500 ? 'InternalError' : 'InvalidRequest');
}
