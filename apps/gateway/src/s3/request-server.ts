import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault, toFault } from '@sealgate/core/faults';
import { createIdBytes } from '@sealgate/core/names';
import type { Bucket } from '@sealgate/core/ports';
import type { Logger } from '@sealgate/runtime/log';
import {
  collectHeaders,
  headerValue,
  type RequestHeaders,
  refusedOperations,
  type S3Operation,
  type SignedRequest,
  splitTarget,
  withHoistedHeaders,
} from '@sealgate/s3';
import { clientOf, type IsTrustedProxy, noteClient } from '../net/client-address.ts';
import { requireHost } from '../net/host-header.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { RequestRate } from '../usage/request-rate.ts';
import { authorizeRequest } from './access/authorize.ts';
import { type Caller, callerId, namespaceOf } from './access/caller.ts';
import { runGuarded } from './access/guard.ts';
import { type AccessServices, createAccessServices, createRequestAccess } from './access/request-access.ts';
import { answerUnread } from './answer-unread.ts';
import type { Authenticate, Identity } from './authenticate.ts';
import type { S3Context, S3Services } from './context.ts';
import { type Cors, claimedNamespace, createCors, isCorsHeader } from './cors.ts';
import type { Dialect } from './dialect.ts';
import { type ByteBudget, createByteBudget } from './forms/byte-budget.ts';
import { FORMS_HELD_BYTES_MAX } from './forms/limits.ts';
import type { FinishedRequest, RequestObserver, RequestPart } from './observer.ts';
import { handlers } from './operations/index.ts';
import { setHeaders } from './reply.ts';

export interface RequestServerDeps extends S3Services {
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'request' | 'inFlight' | 'authFailed'>;
  /** Told of every request when it is over. */
  readonly observers: readonly RequestObserver[];
  /**
   * Called for each request that its caller may make, before it is served, with the buckets that it is about when they are
   * there. What it throws is the answer.
   */
  readonly admit: (context: S3Context, about: Pick<FinishedRequest, 'bucket' | 'source'>) => Promise<void>;
  /** Requests served at one time; more are answered SlowDown. */
  readonly inFlightMax: number;
  readonly requestRate: RequestRate;
  readonly trustsProxy: IsTrustedProxy;
}

/** Serves requests for objects and buckets, whichever listener they come to. */
export interface RequestServer {
  /** Always ends the response. */
  serve(request: IncomingMessage, response: ServerResponse, dialect: Dialect): Promise<void>;
  /** Names this process in answers. */
  readonly hostId: string;
  readonly newRequestId: () => string;
}

const REQUEST_ID_BYTES = 8;

/** Parse, authenticate, authorize, dispatch; every end of a request is an answer in its dialect. */
export function createRequestServer(deps: RequestServerDeps): RequestServer {
  const access = createAccessServices(deps);
  const formMemory = createByteBudget(FORMS_HELD_BYTES_MAX);
  const hostId = randomBytes(24).toString('base64');
  const idBytes = createIdBytes();
  const newRequestId = (): string => idBytes(REQUEST_ID_BYTES).toString('hex').toUpperCase();
  const active = { requests: 0 };
  return {
    hostId,
    newRequestId,
    serve: (request, response, dialect) =>
      serve({ deps, access, formMemory, hostId, active, dialect }, { request, response, requestId: newRequestId() }),
  };
}

interface Serving {
  readonly deps: RequestServerDeps;
  readonly access: AccessServices;
  readonly formMemory: ByteBudget;
  readonly hostId: string;
  /** Of this process, over all dialects. */
  readonly active: { requests: number };
  readonly dialect: Dialect;
}

async function serve(serving: Serving, exchange: Exchange): Promise<void> {
  const { deps, active, dialect } = serving;
  const { request, response, requestId } = exchange;
  const startedMs = deps.clock.monotonic();
  const opening = dialect.opening({ requestId, hostId: serving.hostId });
  setHeaders(response, opening);
  active.requests += 1;
  deps.metrics.inFlight(dialect.listener, 1);
  noteClient(request, deps.trustsProxy);
  const progress: Progress = { parts: [] };
  try {
    requireHost(request);
    if (active.requests > deps.inFlightMax) throw new Fault('SlowDown', 'Please reduce your request rate.');
    progress.queried = await dialect.queryApi?.answer(exchange);
    if (progress.queried !== undefined) return;
    const context = await open(serving, exchange, progress);
    const { name } = context.operation;
    const handler = dialect.handlers[name] ?? handlers[name];
    if (handler === undefined) {
      throw new Fault('NotImplemented', refusedOperations.get(name) ?? `The operation ${name} is not implemented.`);
    }
    const admitted = async (allowed: S3Context): Promise<void> => {
      await deps.admit(allowed, { bucket: progress.bucket, source: progress.source });
      await handler(allowed);
    };
    await runGuarded(context, admitted, () => progress.decided === true);
  } catch (error) {
    progress.fault = toFault(error);
    await applyCors(serving, progress);
    answerFault(serving, exchange, { fault: progress.fault, opening });
  } finally {
    await ended(response);
    active.requests -= 1;
    deps.metrics.inFlight(dialect.listener, -1);
    finished(serving, exchange, { progress, durationMs: deps.clock.monotonic() - startedMs });
  }
}

/** Tells who wants to know that a request is over. */
function finished(
  serving: Serving,
  exchange: Exchange,
  { progress, durationMs }: { readonly progress: Progress; readonly durationMs: number },
): void {
  const { deps, hostId, dialect } = serving;
  const { request, response, requestId } = exchange;
  const name = progress.operation?.name ?? progress.queried ?? 'unknown';
  const bytesIn = Number(request.headers['content-length'] ?? 0);
  const bytesOut = Number(response.getHeader('content-length') ?? 0);
  const { statusCode: status } = response;
  deps.metrics.request({ listener: dialect.listener, operation: name, status, durationMs, bytesIn, bytesOut });
  deps.logger.debug({ requestId, operation: name, status, durationMs }, 'request');
  const { operation, caller, bucket, source, fault, parts } = progress;
  const facts = {
    ...exchange,
    hostId,
    endedAtMs: deps.clock.now(),
    durationMs,
    operation,
    caller,
    bucket,
    source,
    fault,
    parts,
  };
  for (const observe of deps.observers) {
    try {
      observe(facts);
    } catch (error) {
      // The answer is out; what one observer makes of it is nobody else's trouble.
      deps.logger.error({ requestId, err: error }, 'a finished request could not be recorded');
    }
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
}

/** What is known of a request so far: it can fail at any point. */
interface Progress {
  /** Of a call that is not S3's. */
  queried?: string | undefined;
  signed?: SignedRequest;
  operation?: S3Operation;
  namespace?: string;
  cors?: Cors;
  caller?: Caller;
  /** The addressed one, when it is there. */
  bucket?: Bucket | undefined;
  /** The one that a copy reads from, when it is another. */
  source?: Bucket | undefined;
  fault?: Fault;
  readonly parts: RequestPart[];
  /** True once somebody decided what the caller may do. */
  decided?: boolean;
}

/** Everything before the operation itself: address, operation, signature. */
async function open(serving: Serving, exchange: Exchange, progress: Progress): Promise<S3Context> {
  const { deps, dialect } = serving;
  const { request, response, requestId } = exchange;
  const method = request.method ?? 'GET';
  const { rawPath, rawQuery } = splitTarget(request.url ?? '/');
  const headers: RequestHeaders = collectHeaders(request.rawHeaders);
  const host = headerValue(headers, 'host') ?? '';
  const signed: SignedRequest = { method, rawPath, rawQuery, headers };
  const operation = dialect.operationOf({ ...signed, host });
  const cors = createCors(signed, response);
  Object.assign(progress, { signed, operation, cors });
  const preflight = isPreflight(operation);
  const { caller, payload } = preflight
    ? NOBODY
    : await authenticated(serving, (by) => by.request(signed, clientOf(request).address));
  if (caller.kind === 'credential') deps.requestRate.take(caller.credential.tenant);
  const namespace = preflight ? await claimedNamespace(deps.metadata, signed) : namespaceOf(caller);
  const context: S3Context = {
    engine: deps.engine,
    keyrings: deps.keyrings,
    webhooks: deps.webhooks,
    metadata: deps.metadata,
    lifecycles: deps.lifecycles,
    clock: deps.clock,
    region: deps.region,
    publicUrl: deps.publicUrl,
    encryption: deps.encryption,
    heads: deps.heads,
    request,
    response,
    requestId,
    operation,
    query: operation.query,
    headers: dialect.headersOf(isPresigned(caller) ? withHoistedHeaders(headers, operation.query) : headers),
    headersOfVersion: (version) => dialect.headersOfVersion(version),
    ...senderOf(serving, exchange, { caller, namespace, progress }),
    formMemory: serving.formMemory,
    authenticateForm: async (fields) => {
      const signer = await authenticated(serving, (by) => by.form(fields, clientOf(request).address));
      const sender = { caller: signer, namespace: namespaceOf(signer), progress };
      return { ...context, ...senderOf(serving, exchange, sender) };
    },
    authorize: authorizeRequest,
    parts: progress.parts,
    payload,
    signal: clientSignal(response),
  };
  return context;
}

/** What of a context follows from who sends the request. */
function senderOf(
  serving: Serving,
  { request, requestId }: Exchange,
  sender: { readonly caller: Caller; readonly namespace: string; readonly progress: Progress },
): Pick<S3Context, 'caller' | 'namespace' | 'access' | 'findBucket' | 'actor'> {
  const { caller, namespace, progress } = sender;
  const { operation, cors } = progress;
  const { address: remoteAddress } = clientOf(request);
  progress.namespace = namespace;
  progress.caller = caller;
  return {
    caller,
    namespace,
    access: createRequestAccess(serving.access, () => {
      progress.decided = true;
    }),
    findBucket: async (name) => {
      const bucket = await serving.deps.metadata.bucket(namespace, name);
      if (operation !== undefined && operation.level !== 'service' && operation.bucket === name) {
        progress.bucket = bucket;
        cors?.apply(bucket);
      } else if (operation?.name === 'CopyObject' || operation?.name === 'UploadPartCopy') progress.source = bucket;
      return bucket;
    },
    actor: {
      kind: 'tenant',
      id: callerId(caller),
      requestId,
      ...(remoteAddress === undefined ? {} : { remoteAddress }),
    },
  };
}

/** A preflight is never signed; a presigned URL's signature in it is that of the request to come. */
function isPreflight(operation: S3Operation): boolean {
  return operation.name === 'PreflightBucket' || operation.name === 'PreflightObject';
}

const isPresigned = (caller: Caller): boolean => caller.kind === 'credential' && caller.signature.via === 'query';

const NOBODY: Identity = { caller: { kind: 'anonymous' }, payload: { kind: 'unsigned' } };

/** A page of another origin may read an error only when the bucket's rules let it, so an early error looks them up. */
async function applyCors(serving: Serving, progress: Progress): Promise<void> {
  const { signed, operation, cors } = progress;
  if (signed === undefined || operation === undefined || operation.level === 'service' || cors?.owed !== true) return;
  const { metadata } = serving.deps;
  try {
    const namespace = progress.namespace ?? (await claimedNamespace(metadata, signed));
    cors.apply(await metadata.bucket(namespace, operation.bucket));
  } catch (error) {
    // The first failure is the one to answer.
    serving.deps.logger.debug({ err: error }, 'cross-origin rules could not be read for an error');
  }
}

async function authenticated<T>(serving: Serving, prove: (by: Authenticate) => Promise<T>): Promise<T> {
  try {
    return await prove(serving.dialect.authenticate);
  } catch (error) {
    serving.deps.metrics.authFailed(toFault(error).code);
    throw error;
  }
}

/** Aborted when the connection closes before the answer is out. */
function clientSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Fault('RequestTimeout', 'The client closed the connection.'));
  });
  return gone.signal;
}

function answerFault(
  serving: Serving,
  exchange: Exchange,
  { fault, opening }: { readonly fault: Fault; readonly opening: Readonly<Record<string, string>> },
): void {
  const { request, response, requestId } = exchange;
  const { logger } = serving.deps;
  if (fault.spec.http >= 500) logger.warn({ requestId, method: request.method, err: fault }, 'request failed');
  else logger.debug({ requestId, code: fault.code, err: fault }, 'request refused');
  if (response.headersSent || response.destroyed) {
    // Too late for an error body: a cut connection is the only honest answer to a body that cannot be finished.
    response.destroy();
    return;
  }
  const resource = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const about = { method: request.method ?? 'GET', resource, requestId, hostId: serving.hostId };
  const answer = serving.dialect.answerOf(fault, about);
  for (const name of response.getHeaderNames()) {
    if (!Object.hasOwn(opening, name) && !keepsHeader(name, answer.status)) response.removeHeader(name);
  }
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  if (answer.body !== '') response.setHeader('content-length', Buffer.byteLength(answer.body));
  if (!request.complete) answerUnread(request, response, answer);
  else response.writeHead(answer.status).end(answer.body);
}

/** What an answer to a fault may still say of the request. Headers of the object it was about would describe another body. */
const FAULT_HEADERS = new Set(['connection', 'allow', 'x-amz-delete-marker', 'x-amz-version-id']);

/** A 304 also says which version the client's copy still is (RFC 9110 15.4.5). */
function keepsHeader(name: string, status: number): boolean {
  return (
    FAULT_HEADERS.has(name) || isCorsHeader(name) || (status === 304 && (name === 'etag' || name === 'last-modified'))
  );
}

function ended(response: ServerResponse): Promise<void> {
  if (response.closed || response.writableFinished) return Promise.resolve();
  return new Promise((resolve) => {
    response.once('close', resolve);
    response.once('finish', resolve);
  });
}
