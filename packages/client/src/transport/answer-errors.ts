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
  return new Fault(codeOf(error?.code, answer), messageOf(error, answer), {
    ...(rule === null ? {} : { rule }),
    detail: {
      status,
      ...(requestId === null ? {} : { requestId }),
      ...(error === undefined ? {} : { s3Code: error.code }),
    },
  });
}

function messageOf(error: RemoteError | undefined, { status }: FailedAnswer): string {
  if (error === undefined) return `The server answered ${status} without an explanation.`;
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
