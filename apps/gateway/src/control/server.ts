import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { Fault, retryAfterSeconds } from '@sealgate/core/faults';
import type { Logger } from '@sealgate/runtime/log';
import { collectHeaders, splitTarget } from '@sealgate/s3';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify, LogController } from 'fastify';
import type { IsTrustedProxy } from '../net/client-address.ts';
import { requireHost } from '../net/host-header.ts';
import type { Metrics } from '../observe/metrics.ts';
import { actorOf, requireRole, withinReach } from './access.ts';
import type { ControlAuthenticate, Proved } from './authenticate.ts';
import { acceptJsonBodies, requireBodyOf } from './body.ts';
import { createFront, isAmidAnswer } from './front.ts';
import { inputParser } from './input.ts';
import { BODY_BYTES_MAX, KEEP_ALIVE_MS, PARAM_CHARS_MAX } from './limits.ts';
import type { ObjectCalls } from './objects/calls.ts';
import { faultOf, PROBLEM_TYPE, problemOf } from './problem.ts';
import type { CallContext, PlainRoute, Route } from './route.ts';
import { controlRoutes } from './routes/all.ts';
import { plainRoutes } from './routes/plain.ts';
import { safeHeaders } from './safe-headers.ts';
import type { ControlServices } from './services.ts';

export interface ControlServerDeps {
  readonly services: ControlServices;
  readonly authenticate: ControlAuthenticate;
  readonly objects: ObjectCalls;
  readonly trustsProxy: IsTrustedProxy;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'request' | 'inFlight'>;
  readonly version: string;
  readonly tls?: { readonly cert: string; readonly key: string };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What metrics call this route. */
    readonly operation?: string;
  }
}

/** The control listener, not yet listening. */
export function createControlServer(deps: ControlServerDeps): FastifyInstance {
  const app = newFastify(deps);
  const routes = controlRoutes(deps.services);
  const plain = plainRoutes(deps.services, routes, deps.version);
  const paths = [...plain.map(({ path }) => ({ method: 'GET', path })), ...routes];
  watch(app, deps);
  acceptJsonBodies(app);
  const answerNoCall = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const allowed = methodsOf(paths, request.url);
    const fault =
      allowed.length === 0
        ? new Fault('NotFound', 'There is nothing at this path. GET /docs lists all calls.')
        : new Fault('MethodNotAllowed', `This path answers to ${allowed.join(', ')}.`);
    if (allowed.length > 0) void reply.header('allow', allowed.join(', '));
    return answerFault(deps, { error: fault, request, reply });
  };
  app.setNotFoundHandler(answerNoCall);
  app.setErrorHandler((error, request, reply) =>
    // Whatever else is wrong with a request for nothing: its body is read first, and some methods must have one.
    request.is404 ? answerNoCall(request, reply) : answerFault(deps, { error, request, reply }),
  );
  for (const each of routes) addRoute(app, each, deps);
  for (const each of plain) addPlainRoute(app, each);
  return app;
}

function newFastify(deps: ControlServerDeps): FastifyInstance {
  const options = {
    loggerInstance: deps.logger,
    // Requests are logged by `watch`, at a level that a busy listener can bear.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: PARAM_CHARS_MAX, ignoreTrailingSlash: true },
    genReqId: newRequestId,
    trustProxy: deps.trustsProxy,
    exposeHeadRoutes: true,
    forceCloseConnections: 'idle' as const,
    return503OnClosing: false,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      void answerFault(deps, { error, request, reply });
    },
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => answerNoRequest(error, socket),
  };
  const late = (socket: Socket): void => answerNoRequest(new Error('The request did not arrive in time.'), socket);
  return fastify({
    ...options,
    serverFactory: (handler) => createFront(handler, { objects: deps.objects, tls: deps.tls, late }),
  }) as unknown as FastifyInstance;
}

/** Headers, metrics and the log of every request. */
function watch(app: FastifyInstance, { metrics, logger, tls }: ControlServerDeps): void {
  app.addHook('onRequest', async (request, reply) => {
    metrics.inFlight('control', 1);
    void reply.headers(safeHeaders(request.id, tls !== undefined));
    requireHost(request.raw);
  });
  app.addHook('onResponse', (request, reply, done) => {
    metrics.inFlight('control', -1);
    const operation = request.routeOptions.config.operation ?? 'unknown';
    const { statusCode: status, elapsedTime: durationMs } = reply;
    const bytesIn = Number(request.headers['content-length'] ?? 0);
    const bytesOut = Number(reply.getHeader('content-length') ?? 0);
    metrics.request({ listener: 'control', operation, status, durationMs, bytesIn, bytesOut });
    logger.debug({ requestId: request.id, operation, status, durationMs }, 'control request');
    done();
  });
}

function addRoute(app: FastifyInstance, each: Route, deps: ControlServerDeps): void {
  const { access } = each;
  const callers = new WeakMap<FastifyRequest, Proved>();
  const parse = inputParser(each);
  app.route({
    method: each.method,
    url: each.path,
    config: { operation: each.operationId },
    // Before the body is read: strangers do not get to send one.
    async onRequest(request) {
      if (access === 'public') return;
      if (access === 'agent') {
        const agent = await deps.services.agents.prove(headerOf(request, 'authorization'));
        callers.set(request, { caller: { kind: 'agent', id: agent.agent.id, grants: [], agent } });
        return;
      }
      const proved = await deps.authenticate(proofOf(request));
      requireRole(access, proved.caller);
      callers.set(request, proved);
    },
    handler: async (request, reply) => {
      const proved = callers.get(request);
      if (each.patienceMs !== undefined) waitFor(request, reply, each.patienceMs);
      requireBodyOf(request, proved?.bodySha256);
      const raw = { path: recordOf(request.params), query: recordOf(request.query), body: request.body };
      const input =
        access === 'public' || access === 'agent' || proved === undefined
          ? raw
          : await withinReach({ access, caller: proved.caller, input: raw }, deps.services.metadata);
      const answer = await each.handle(parse(input), contextOf(request, reply, proved));
      void reply.code(each.status);
      if (each.response === undefined) return reply.send();
      return reply.send(await each.response.parseAsync(answer));
    },
  });
}

/** Keeps a silent connection open until this one answer is out. */
function waitFor(request: FastifyRequest, reply: FastifyReply, ms: number): void {
  const { socket } = request.raw;
  // An injected request has none.
  if (!(socket instanceof Socket)) return;
  const before = socket.timeout ?? 0;
  socket.setTimeout(ms);
  reply.raw.once('close', () => socket.setTimeout(before));
}

/** What of a request can prove who sends it. */
function proofOf(request: FastifyRequest) {
  const { rawPath, rawQuery } = splitTarget(request.raw.url ?? '/');
  return {
    signed: { method: request.method, rawPath, rawQuery, headers: collectHeaders(request.raw.rawHeaders) },
    adminKey: headerOf(request, 'x-admin-key'),
    authorization: headerOf(request, 'authorization'),
    address: request.ip,
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return { ...(value as Record<string, unknown>) };
}

function addPlainRoute(app: FastifyInstance, each: PlainRoute): void {
  app.get(each.path, { config: { operation: each.operationId } }, async (_request, reply) => {
    const { status, type, body, headers = {} } = await each.answer();
    return reply.code(status).type(type).headers(headers).send(body);
  });
}

function contextOf(request: FastifyRequest, reply: FastifyReply, proved: Proved | undefined): CallContext {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new Fault('RequestTimeout', 'The client closed the connection.'));
  });
  const who = proved === undefined ? ({ kind: 'system', id: 'public' } as const) : actorOf(proved.caller);
  return {
    requestId: request.id,
    actor: { ...who, requestId: request.id, remoteAddress: request.ip },
    caller: proved?.caller,
    signal: gone.signal,
  };
}

interface Failed {
  readonly error: unknown;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

function answerFault(
  { logger, tls }: Pick<ControlServerDeps, 'logger' | 'tls'>,
  { error, request, reply }: Failed,
): FastifyReply {
  const fault = faultOf(error);
  const facts = { requestId: request.id, method: request.method, err: fault };
  if (fault.code === 'InternalError') logger.error(facts, 'control request failed');
  else if (fault.spec.http >= 500) logger.warn(facts, 'control request failed');
  else logger.debug(facts, 'control request refused');
  // What is no valid path never passes the hooks that set these.
  void reply.headers(safeHeaders(request.id, tls !== undefined));
  const wait = retryAfterSeconds(fault);
  if (wait !== undefined) void reply.header('retry-after', String(wait));
  if (fault.code === 'NotAuthenticated') void reply.header('www-authenticate', 'Bearer realm="sealgate"');
  return reply.code(fault.spec.http).type(PROBLEM_TYPE).send(problemOf(fault, request.id));
}

/** Methods of the routes whose path this is. */
function methodsOf(
  routes: readonly { readonly method: string; readonly path: string }[],
  url: string,
): readonly string[] {
  const segments = (url.split('?', 1)[0] ?? '').split('/');
  const matching = routes.filter(({ path }) => {
    const wanted = path.split('/');
    return wanted.length === segments.length && wanted.every((w, i) => w.startsWith(':') || w === segments[i]);
  });
  return [...new Set(matching.map(({ method }) => method))];
}

/** Bytes that are no HTTP request. There is no reply object for them, only the socket. */
function answerNoRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || isAmidAnswer(socket)) {
    socket.destroy();
    return;
  }
  const fault =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new Fault('RequestHeaderSectionTooLarge', 'The headers of the request are too large.')
      : new Fault('InvalidRequest', 'The request is not valid HTTP.');
  const body = JSON.stringify(problemOf(fault, newRequestId()));
  const head = [
    'HTTP/1.1 400 Bad Request',
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function newRequestId(): string {
  return randomBytes(8).toString('hex').toUpperCase();
}
