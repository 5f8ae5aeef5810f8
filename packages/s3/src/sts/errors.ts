import { type Fault, type FaultCode, retryAfterSeconds } from '@sealgate/core/faults';
import { type S3ErrorResponse, s3ErrorCode } from '../errors/s3-error.ts';
import { createXmlWriter } from '../xml/writer.ts';
import { IAM_NAMESPACE, STS_NAMESPACE } from './namespaces.ts';

/**
 * Faults that the query protocol calls otherwise than S3 does. The rest keeps its S3 code and status.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
 */
const codes: Partial<Record<FaultCode, readonly [code: string, status: number]>> = {
  AccountProblem: ['AccessDenied', 403],
  AuthorizationHeaderMalformed: ['IncompleteSignature', 400],
  AuthorizationQueryParametersError: ['IncompleteSignature', 400],
  ExpiredToken: ['ExpiredToken', 403],
  InternalError: ['InternalFailure', 500],
  InvalidAccessKeyId: ['InvalidClientTokenId', 403],
  InvalidArgument: ['ValidationError', 400],
  InvalidRequest: ['ValidationError', 400],
  InvalidToken: ['InvalidClientTokenId', 403],
  MalformedPolicy: ['MalformedPolicyDocument', 400],
  NotAuthenticated: ['MissingAuthenticationToken', 403],
  QuotaExceeded: ['LimitExceeded', 400],
  RequestBodyTooLarge: ['RequestEntityTooLarge', 413],
  RequestTimeTooSkewed: ['SignatureDoesNotMatch', 403],
  SlowDown: ['Throttling', 400],
  ValidationFailed: ['ValidationError', 400],
};

/** The answer of the query protocol to a fault. */
export function toQueryApiError(
  fault: Fault,
  context: { readonly service: 'sts' | 'iam' | 'unknown'; readonly requestId: string },
): S3ErrorResponse {
  const [code, status] = codes[fault.code] ?? [s3ErrorCode(fault.code), fault.spec.http];
  const writer = createXmlWriter();
  writer.open('ErrorResponse', `xmlns="${context.service === 'iam' ? IAM_NAMESPACE : STS_NAMESPACE}"`);
  writer.open('Error');
  writer.leaf('Type', status < 500 ? 'Sender' : 'Receiver');
  writer.leaf('Code', code);
  writer.leaf('Message', fault.message);
  writer.close('Error');
  writer.leaf('RequestId', context.requestId);
  writer.close('ErrorResponse');
  const wait = retryAfterSeconds(fault);
  const headers = {
    'content-type': 'text/xml',
    'x-sealgate-fault': fault.code,
    ...(wait === undefined ? {} : { 'retry-after': String(wait) }),
  };
  return { status, headers, body: writer.end() };
}
