import { Fault, isFault, retryAfterSeconds } from '@sealgate/core/faults';
import {
  type ObjectOperationName,
  parseAuthorization,
  parseOperation,
  parseQuery,
  type S3ErrorContext,
  type S3ErrorResponse,
  type S3Operation,
  type SignedRequest,
  withHoistedHeaders,
} from '@sealgate/s3';
import { type Authenticate, type AuthenticateDeps, createAuthenticate } from '../../s3/authenticate.ts';
import type { Dialect } from '../../s3/dialect.ts';
import { REFUSED_PROOFS, refusedProof } from '../authenticate.ts';
import { PROBLEM_TYPE, problemOf } from '../problem.ts';
import { safeHeaders } from '../safe-headers.ts';
import { fromVersion, isObjectHeader, toS3Headers } from './object-headers.ts';
import { rewrapObject } from './rewrap.ts';

/** Under it lie the objects: `/objects/{bucket}/{key}`. */
const PREFIX = '/objects';

/** The S3 operation that a method is. */
const objectMethods = {
  PUT: 'PutObject',
  GET: 'GetObject',
  HEAD: 'HeadObject',
  DELETE: 'DeleteObject',
  // S3 has no such call; access keys and policies know its action.
  PATCH: 'UpdateObjectEncryption',
} as const satisfies Readonly<Record<string, ObjectOperationName>>;

/** True for the target of a request that this dialect understands. */
export const isObjectPath = (target: string): boolean =>
  target.startsWith(PREFIX) && /^[/?]|^$/.test(target.slice(PREFIX.length));

/**
 * `/objects/{bucket}/{key}` on the control listener: S3's object operations, without its sub-resources, in the words of
 * the REST interface.
 */
export function createObjectDialect(deps: AuthenticateDeps, options: { readonly encrypted: boolean }): Dialect {
  return {
    listener: 'control',
    authenticate: createObjectAuthenticate(deps),
    operationOf,
    headersOf: toS3Headers,
    handlers: { UpdateObjectEncryption: rewrapObject },
    headersOfVersion: fromVersion,
    opening: ({ requestId }) => ({ ...safeHeaders(requestId, options.encrypted), ...NO_PAGE }),
    answerOf: toProblem,
  };
}

/** An object is no page of this origin, whatever it says of itself: a presigned link to it would open one. */
const NO_PAGE = { 'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox" };

function operationOf({ method, rawPath, rawQuery, headers }: SignedRequest): S3Operation {
  const query = parseQuery(rawQuery);
  for (const name of query.keys()) {
    if (name !== 'versionId' && !name.toLowerCase().startsWith('x-amz-')) {
      throw new Fault('ValidationFailed', `Objects know no query parameter "${name.slice(0, 64)}".`);
    }
  }
  if (withHoistedHeaders(headers, query)['x-amz-copy-source'] !== undefined) {
    throw new Fault('NotImplemented', 'Copies are made over S3 (x-amz-copy-source).');
  }
  const name = Object.hasOwn(objectMethods, method) ? objectMethods[method as keyof typeof objectMethods] : undefined;
  // The sub-resources of S3 are parameters of its query, which is not read here.
  const about = parseOperation({
    method: 'GET',
    host: '',
    rawPath: rawPath.slice(PREFIX.length) || '/',
    rawQuery: '',
    headers,
  });
  if (about.level !== 'object') {
    throw new Fault('NotFound', 'Name an object: /objects/{bucket}/{key}. Buckets are at /proxy/buckets and on S3.');
  }
  if (name === undefined) {
    throw new Fault('MethodNotAllowed', `Objects answer to ${Object.keys(objectMethods).join(', ')}.`);
  }
  return { ...about, name, query };
}

/**
 * Signatures with an access key only: whoever has roles here runs the gateway, and reads no objects of tenants. What
 * tells a known access key from an unknown one is said on no call of this listener.
 */
function createObjectAuthenticate(deps: AuthenticateDeps): Authenticate {
  const proofs = createAuthenticate({ ...deps, services: ['s3', 'sealgate'] });
  return {
    form: (fields, address) => proofs.form(fields, address),
    async request(request, address) {
      requireCovered(request);
      try {
        return await proofs.request(request, address);
      } catch (error) {
        if (isFault(error) && REFUSED_PROOFS.has(error.code)) throw refusedProof(error);
        throw error;
      }
    },
  };
}

/** @throws Fault NotAuthenticated, AccessDenied for a header that anybody on the way could have added */
function requireCovered(request: SignedRequest): void {
  const authorization = signatureOf(request);
  if (authorization?.kind !== 'sigv4') {
    throw new Fault(
      'NotAuthenticated',
      'Sign the request (AWS4-HMAC-SHA256) with an access key of the tenant. For a token of an identity provider, STS gives one.',
    );
  }
  const loose = Object.keys(request.headers).filter(
    (name) => isObjectHeader(name) && !authorization.signedHeaders.includes(name),
  );
  if (loose.length > 0) throw new Fault('AccessDenied', `The signature must cover ${loose.join(', ')}.`);
}

/** Undefined for other schemes: bearer tokens, passwords. @throws Fault of a signature that cannot be read */
function signatureOf(request: SignedRequest) {
  const { authorization } = request.headers;
  if (typeof authorization === 'string' && !authorization.startsWith('AWS')) return undefined;
  return parseAuthorization(request);
}

function toProblem(fault: Fault, { method, requestId }: S3ErrorContext): S3ErrorResponse {
  const { http: status } = fault.spec;
  const wait = retryAfterSeconds(fault);
  const headers = {
    'x-sealgate-fault': fault.code,
    ...(wait === undefined ? {} : { 'retry-after': String(wait) }),
    ...(fault.code === 'NotAuthenticated' ? { 'www-authenticate': 'AWS4-HMAC-SHA256' } : {}),
    ...(fault.code === 'MethodNotAllowed' ? { allow: Object.keys(objectMethods).join(', ') } : {}),
  };
  if (method === 'HEAD' || status === 304) return { status, headers, body: '' };
  const body = JSON.stringify(problemOf(fault, requestId));
  return { status, headers: { ...headers, 'content-type': PROBLEM_TYPE }, body };
}
