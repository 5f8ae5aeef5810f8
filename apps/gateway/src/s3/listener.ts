import { Fault } from '@sealgate/core/faults';
import {
  isSignedInQuery,
  parseOperation,
  parseQuery,
  type RequestHeaders,
  type SignedRequest,
  toS3Error,
  withHoistedHeaders,
} from '@sealgate/s3';
import type { Attempts } from '../net/attempts.ts';
import type { QueryApi } from '../sts/serve.ts';
import { createAuthenticate } from './authenticate.ts';
import type { S3Services } from './context.ts';
import type { Dialect } from './dialect.ts';
import { createHttpServer, defaultHttpLimits, type HttpServer } from './http-server.ts';
import { manifestHeaders } from './manifest.ts';
import type { RequestServer } from './request-server.ts';
import { envelopeHeaders } from './seal.ts';

export interface S3ListenerDeps extends Pick<S3Services, 'metadata' | 'clock' | 'region'> {
  readonly requests: RequestServer;
  /** Answers what is not S3 but comes to the same address. */
  readonly queryApi: QueryApi;
  /** Domains whose sub-domains are buckets. */
  readonly baseDomains: readonly string[];
  readonly attempts: Attempts;
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** The S3 listener: requests and answers as S3 spells them. */
export function createS3Listener(deps: S3ListenerDeps): HttpServer {
  const { requests, tls } = deps;
  const dialect = createS3Dialect(deps);
  return createHttpServer(
    {
      handle: (request, response) => requests.serve(request, response, dialect),
      malformed: (code) => malformedAnswer(code, requests),
    },
    { limits: defaultHttpLimits, ...(tls === undefined ? {} : { tls }) },
  );
}

function createS3Dialect(deps: S3ListenerDeps): Dialect {
  const { baseDomains, queryApi } = deps;
  return {
    listener: 's3',
    authenticate: createAuthenticate(deps),
    queryApi,
    // What a signer moved from the headers into its URL tells the operation too: a copy is a PUT with a source.
    operationOf: (request) => parseOperation({ ...request, headers: allHeaders(request), baseDomains }),
    headersOf: (headers) => headers,
    handlers: {},
    headersOfVersion: ({ envelope, headers }) => ({ ...envelopeHeaders(envelope), ...manifestHeaders(headers) }),
    opening: ({ requestId, hostId }) => ({ 'x-amz-request-id': requestId, 'x-amz-id-2': hostId, server: 'Sealgate' }),
    answerOf: toS3Error,
  };
}

function allHeaders({ headers, rawQuery }: SignedRequest): RequestHeaders {
  return isSignedInQuery(rawQuery) ? withHoistedHeaders(headers, parseQuery(rawQuery)) : headers;
}

/** Bytes that never became a request: a header that is too large, or no HTTP at all. */
function malformedAnswer(code: string | undefined, { hostId, newRequestId }: RequestServer): string {
  const fault =
    code === 'HPE_HEADER_OVERFLOW'
      ? new Fault('RequestHeaderSectionTooLarge', 'Your request header section exceeds the maximum allowed size.')
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new Fault('RequestTimeout', 'Your socket connection to the server was not read from or written to in time.')
        : new Fault('InvalidRequest', 'The request is not valid HTTP.');
  const requestId = newRequestId();
  const { status, body } = toS3Error(fault, { method: 'GET', resource: '', requestId, hostId });
  const lines = [
    `HTTP/1.1 ${status} Bad Request`,
    'content-type: application/xml',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-amz-request-id: ${requestId}`,
    'connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
