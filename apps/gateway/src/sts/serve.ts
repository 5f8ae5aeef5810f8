import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault, type FaultCode, isFault, toFault } from '@sealgate/core/faults';
import type { Logger } from '@sealgate/runtime/log';
import {
  collectHeaders,
  headerValue,
  parseQueryApiCall,
  parseStsRequest,
  type QueryApiCall,
  type S3ErrorResponse,
  type SignedRequest,
  splitTarget,
  toQueryApiError,
  unknownAction,
} from '@sealgate/s3';
import { clientOf } from '../net/client-address.ts';
import type { Metrics } from '../observe/metrics.ts';
import { answerUnread } from '../s3/answer-unread.ts';
import type { PerformSts } from './actions.ts';
import type { AuthenticateCall } from './authenticate.ts';
import { STS_BODY_BYTES_MAX } from './limits.ts';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
}

/** The query protocol on the S3 listener: STS, and clear refusals of IAM and of everything else. */
export interface QueryApi {
  /**
   * Answers a request that speaks the protocol: a form to the service itself, which is nothing that S3 knows. Gives a
   * name for metrics, from a closed list; undefined when the request is another one and was left alone.
   * @throws Fault InvalidURI
   */
  answer(exchange: Exchange): Promise<string | undefined>;
}

const FORM = /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i;

/** What counts as a failed proof of who calls. */
const AUTH_FAULTS = new Set<FaultCode>([
  'ExpiredIdentityToken',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidIdentityToken',
  'InvalidToken',
  'NotAuthenticated',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
]);

export function createQueryApi(deps: {
  readonly authenticate: AuthenticateCall;
  readonly perform: PerformSts;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'authFailed'>;
}): QueryApi {
  async function perform(signed: SignedRequest, exchange: Exchange, noted: Noted): Promise<string> {
    const { request, requestId } = exchange;
    const body = await readBody(request);
    const call = parseQueryApiCall(body.toString('utf8'));
    noted.service = call.service;
    if (call.service === 'iam') throw unknownAction(call);
    const sts = parseStsRequest(call);
    noted.operation = `sts:${sts.action}`;
    const caller =
      sts.action === 'AssumeRoleWithWebIdentity'
        ? undefined
        : await deps.authenticate(signed, body, clientOf(request).address);
    return await deps.perform(sts, { caller, requestId, remoteAddress: clientOf(request).address });
  }

  return {
    async answer(exchange) {
      const { request } = exchange;
      const { rawPath, rawQuery } = splitTarget(request.url ?? '/');
      if (request.method !== 'POST' || rawPath !== '/') return undefined;
      const headers = collectHeaders(request.rawHeaders);
      if (!FORM.test(headerValue(headers, 'content-type') ?? '')) return undefined;
      const noted: Noted = { operation: 'query-api', service: 'unknown' };
      try {
        const body = await perform({ method: 'POST', rawPath, rawQuery, headers }, exchange, noted);
        reply(exchange, { status: 200, body });
      } catch (error) {
        const fault = toFault(error);
        const { requestId } = exchange;
        const level = fault.spec.http >= 500 ? 'warn' : 'debug';
        deps.logger[level]({ requestId, operation: noted.operation, err: fault }, 'request refused');
        if (AUTH_FAULTS.has(fault.code)) deps.metrics.authFailed(fault.code);
        reply(exchange, toQueryApiError(fault, { service: noted.service, requestId }));
      }
      return noted.operation;
    },
  };
}

/** What is known of a call so far: it can fail at any point. */
interface Noted {
  operation: string;
  service: QueryApiCall['service'];
}

function reply(
  { request, response }: Exchange,
  { status, body, headers }: Pick<S3ErrorResponse, 'status' | 'body'> & Partial<S3ErrorResponse>,
): void {
  for (const [name, value] of Object.entries({ 'content-type': 'text/xml', ...headers })) {
    response.setHeader(name, value);
  }
  response.setHeader('content-length', Buffer.byteLength(body));
  // Credentials are in it.
  response.setHeader('cache-control', 'no-store');
  if (!request.complete) answerUnread(request, response, { status, body });
  else response.writeHead(status).end(body);
}

/** @throws Fault RequestBodyTooLarge, IncompleteBody */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    // Not destroyed when it is too long: the client is to read why.
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > STS_BODY_BYTES_MAX) throw new Fault('RequestBodyTooLarge', 'The body of the request is too large.');
      pieces.push(piece);
    }
  } catch (error) {
    throw isFault(error) ? error : new Fault('IncompleteBody', 'The body broke off.', { cause: error });
  }
  return Buffer.concat(pieces, bytes);
}
