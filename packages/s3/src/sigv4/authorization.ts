import { Fault, type FaultCode } from '@sealgate/core/faults';
import { parseAccessKeyId } from '@sealgate/core/names';
import { parseHttpDate } from '../conditions/http-date.ts';
import { PRESIGN_SECONDS_MAX, SIGNED_HEADERS_MAX } from '../limits.ts';
import { parseQuery, type Query } from '../query.ts';
import { headerValue, type RequestHeaders, type SignedRequest } from '../request.ts';
import { ALGORITHM, formatAmzDate, parseAmzDate, UNSIGNED_PAYLOAD } from './canonical.ts';
import type { Authorization, SigV2Authorization, SigV4Authorization } from './types.ts';

const CREDENTIAL_FORM = '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request"';
const SCOPE_DATE = /^\d{8}$/;
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** Only these make a query worth parsing for a signature. */
const QUERY_SIGNATURE = /(?:^|&)(?:X-Amz-(?:Algorithm|Credential|Signature)|Signature|AWSAccessKeyId)=/;

/** Whether a query claims to be that of a presigned URL, of either version. */
export const isSignedInQuery = (rawQuery: string): boolean => QUERY_SIGNATURE.test(rawQuery);

/**
 * Reads who a request claims to come from. Nothing is verified here; see `verifySignature`.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 * @throws Fault AuthorizationHeaderMalformed, AuthorizationQueryParametersError, InvalidArgument, InvalidRequest,
 *   AccessDenied (no date), InvalidAccessKeyId, InvalidURI
 * @param options.payloadHash SHA-256 of the body in hex, for services other than S3: their clients sign it and need not
 *   send it
 */
export function parseAuthorization(
  request: SignedRequest,
  options: { readonly payloadHash?: string } = {},
): Authorization {
  const header = headerValue(request.headers, 'authorization')?.trim() ?? '';
  const inQuery = isSignedInQuery(request.rawQuery);
  if (header !== '' && inQuery) {
    throw new Fault(
      'InvalidArgument',
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
      { detail: { ArgumentName: 'Authorization' } },
    );
  }
  if (inQuery) return parseQueryForm(request);
  if (header === '') return { kind: 'anonymous' };
  if (/^AWS4-/.test(header)) return parseHeaderForm(header, request.headers, options.payloadHash);
  if (/^AWS\s/.test(header)) return parseV2Header(header, request.headers);
  throw new Fault('InvalidArgument', 'Unsupported Authorization Type', { detail: { ArgumentName: 'Authorization' } });
}

function malformed(reason: string): Fault {
  return new Fault('AuthorizationHeaderMalformed', `The authorization header is malformed; ${reason}`);
}

function parseHeaderForm(header: string, headers: RequestHeaders, payloadHash?: string): SigV4Authorization {
  const space = header.search(/\s/);
  const algorithm = space === -1 ? header : header.slice(0, space);
  if (algorithm !== ALGORITHM) throw malformed(`the algorithm must be ${ALGORITHM}.`);
  const fields = new Map<string, string>();
  for (const piece of header.slice(algorithm.length).split(',', 8)) {
    const equals = piece.indexOf('=');
    if (equals !== -1) fields.set(piece.slice(0, equals).trim(), piece.slice(equals + 1).trim());
  }
  const field = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined || value === '') throw malformed(`${name} is missing.`);
    return value;
  };
  const { accessKeyId, scope } = parseCredential(field('Credential'), 'AuthorizationHeaderMalformed');
  const signedHeaders = parseSignedHeaders(field('SignedHeaders'), 'AuthorizationHeaderMalformed');
  const { amzDate, signedAtMs } = headerDate(headers);
  requireSameDay(scope.date, amzDate, 'AuthorizationHeaderMalformed');
  return {
    kind: 'sigv4',
    via: 'header',
    accessKeyId,
    scope,
    signedHeaders,
    signature: field('Signature'),
    amzDate,
    signedAtMs,
    expiresSeconds: null,
    payloadHash: payloadHash ?? contentSha256(headers),
    sessionToken: headerValue(headers, 'x-amz-security-token') ?? null,
  };
}

function contentSha256(headers: RequestHeaders): string {
  const value = headerValue(headers, 'x-amz-content-sha256');
  if (value !== undefined && value !== '') return value;
  throw new Fault('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
}

function headerDate(headers: RequestHeaders): { amzDate: string; signedAtMs: number } {
  const text = headerValue(headers, 'x-amz-date') ?? headerValue(headers, 'date') ?? '';
  const isoMs = parseAmzDate(text);
  if (isoMs !== undefined) return { amzDate: text, signedAtMs: isoMs };
  const httpMs = parseHttpDate(text);
  if (httpMs !== undefined) return { amzDate: formatAmzDate(httpMs), signedAtMs: httpMs };
  throw new Fault('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
}

function parseQueryForm(request: SignedRequest): Authorization {
  const query = parseQuery(request.rawQuery);
  if (query.has('AWSAccessKeyId') && !query.has('X-Amz-Algorithm')) return parseV2Query(query);
  const field = (name: string): string => {
    const value = query.get(`X-Amz-${name}`);
    if (value !== undefined && value !== '') return value;
    throw queryFault(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    );
  };
  if (field('Algorithm') !== ALGORITHM) throw queryFault(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  const [credential, signature, amzDate] = [field('Credential'), field('Signature'), field('Date')];
  const names = field('SignedHeaders');
  const expiresSeconds = parseExpires(field('Expires'));
  const { accessKeyId, scope } = parseCredential(credential, 'AuthorizationQueryParametersError');
  const signedAtMs = parseAmzDate(amzDate);
  if (signedAtMs === undefined) {
    throw queryFault("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  requireSameDay(scope.date, amzDate, 'AuthorizationQueryParametersError');
  return {
    kind: 'sigv4',
    via: 'query',
    accessKeyId,
    scope,
    signedHeaders: parseSignedHeaders(names, 'AuthorizationQueryParametersError'),
    signature,
    amzDate,
    signedAtMs,
    expiresSeconds,
    payloadHash:
      query.get('X-Amz-Content-Sha256') ?? headerValue(request.headers, 'x-amz-content-sha256') ?? UNSIGNED_PAYLOAD,
    sessionToken: query.get('X-Amz-Security-Token') ?? headerValue(request.headers, 'x-amz-security-token') ?? null,
  };
}

function queryFault(message: string): Fault {
  return new Fault('AuthorizationQueryParametersError', message);
}

function parseExpires(text: string): number {
  if (!/^-?\d+$/.test(text)) throw queryFault('X-Amz-Expires should be a number');
  const seconds = Number(text);
  if (seconds < 0) throw queryFault('X-Amz-Expires must be non-negative');
  if (seconds > PRESIGN_SECONDS_MAX) {
    throw queryFault(
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${PRESIGN_SECONDS_MAX} seconds`,
    );
  }
  return seconds;
}

type MalformedCode = Extract<FaultCode, 'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError'>;

function credentialFault(code: MalformedCode, reason: string): Fault {
  return code === 'AuthorizationHeaderMalformed'
    ? malformed(reason)
    : queryFault(`Error parsing the X-Amz-Credential parameter; ${reason}`);
}

/** @throws Fault of `code` */
export function parseCredential(text: string, code: MalformedCode): Pick<SigV4Authorization, 'accessKeyId' | 'scope'> {
  const [id, date, region, service, terminator, ...rest] = text.split('/', 6);
  const complete = date !== undefined && region !== undefined && service !== undefined && terminator !== undefined;
  if (id === undefined || !complete || rest.length > 0) {
    throw credentialFault(code, `the Credential is mal-formed; expecting ${CREDENTIAL_FORM}.`);
  }
  if (id === '') throw credentialFault(code, 'a non-empty Access Key (AKID) must be provided in the credential.');
  if (!SCOPE_DATE.test(date)) {
    throw credentialFault(
      code,
      `incorrect date format "${date}". This date in the credential must be in the format "yyyyMMdd".`,
    );
  }
  if (terminator !== 'aws4_request') {
    throw credentialFault(code, `incorrect terminal "${terminator}". This endpoint uses "aws4_request".`);
  }
  return { accessKeyId: parseAccessKeyId(id), scope: { date, region, service } };
}

function parseSignedHeaders(text: string, code: MalformedCode): string[] {
  const names = text.split(';', SIGNED_HEADERS_MAX + 1);
  if (names.length > SIGNED_HEADERS_MAX) throw credentialFault(code, 'too many SignedHeaders.');
  if (!names.every((name) => HEADER_NAME.test(name))) {
    throw credentialFault(
      code,
      'the SignedHeaders are mal-formed; expecting lower-case names separated by semicolons.',
    );
  }
  return names;
}

function requireSameDay(scopeDate: string, amzDate: string, code: MalformedCode): void {
  const day = amzDate.slice(0, 8);
  if (scopeDate === day) return;
  throw credentialFault(
    code,
    `Invalid credential date "${scopeDate}". This date is not the same as X-Amz-Date: "${day}".`,
  );
}

function parseV2Header(header: string, headers: RequestHeaders): SigV2Authorization {
  const match = /^AWS\s+([^:\s]+):(\S+)$/.exec(header);
  if (match === null) {
    throw new Fault('InvalidArgument', 'AWS authorization header is invalid.  Expected AwsAccessKeyId:signature', {
      detail: { ArgumentName: 'Authorization' },
    });
  }
  return {
    kind: 'sigv2',
    via: 'header',
    accessKeyId: parseAccessKeyId(match[1] ?? ''),
    signature: match[2] ?? '',
    expires: null,
    sessionToken: headerValue(headers, 'x-amz-security-token') ?? null,
  };
}

function parseV2Query(query: Query): SigV2Authorization {
  const [signature, expires] = [query.get('Signature'), query.get('Expires')];
  if (signature === undefined || expires === undefined) {
    throw new Fault(
      'AccessDenied',
      'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters',
    );
  }
  return {
    kind: 'sigv2',
    via: 'query',
    accessKeyId: parseAccessKeyId(query.get('AWSAccessKeyId') ?? ''),
    signature,
    expires,
    sessionToken: query.get('x-amz-security-token') ?? null,
  };
}
