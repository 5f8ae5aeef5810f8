import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import {
  CONNECTIONS_MAX,
  HEADER_BYTES_MAX,
  HEADERS_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  PROBE_TIMEOUT_MS,
  REQUEST_TIMEOUT_MS,
} from './limits.ts';
import type { ObjectCalls } from './objects/calls.ts';

/**
 * The server below the control listener. Calls about objects part here from those with JSON bodies: their paths go
 * through no router, which would read `//` and `..` its own way, and their bodies take the time they take.
 */
export function createFront(
  json: RequestListener,
  options: {
    readonly objects: ObjectCalls;
    readonly tls?: { readonly cert: string; readonly key: string } | undefined;
    /** What to do with a request that did not arrive in time. */
    readonly late: (socket: Socket) => void;
  },
): Server {
  const { objects, tls, late } = options;
  const settings = {
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // The server's own bound would hold for objects too; JSON calls have theirs below.
    requestTimeout: 0,
    // Whoever serves a request asks for it (`requireHost`), to refuse it in words.
    requireHostHeader: false,
  };
  const server = tls === undefined ? createServer(settings) : createTlsServer({ ...settings, ...tls });
  server.maxConnections = CONNECTIONS_MAX;
  // A socket on which nothing moves. A probe is the longest silence.
  server.setTimeout(PROBE_TIMEOUT_MS * 2);

  const serve = (request: IncomingMessage, response: ServerResponse, expects: boolean): void => {
    answers.set(request.socket, response);
    // What was accepted before the end is the last of its connection.
    if (!server.listening) response.setHeader('connection', 'close');
    if (objects.owns(request)) {
      void objects.serve(request, response);
      return;
    }
    boundArrival(request, response, late);
    if (expects) response.writeContinue();
    json(request, response);
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => serve(request, response, false));
  // Bodies of objects are asked for when the request was found acceptable: their reader answers 100 itself.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => serve(request, response, true));
  // An expectation that is not 100-continue is ignored, as on the S3 listener.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    serve(request, response, false),
  );
  return server;
}

const answers = new WeakMap<Socket, ServerResponse>();

/** Whether an answer has begun on a connection and not ended: another one would be read as a part of it. */
export function isAmidAnswer(socket: Socket): boolean {
  const response = answers.get(socket);
  return response?.headersSent === true && !response.writableEnded;
}

/** From the first byte of a request to its last. */
function boundArrival(request: IncomingMessage, response: ServerResponse, late: (socket: Socket) => void): void {
  if (request.complete) return;
  const timer = setTimeout(() => {
    if (response.headersSent) request.socket.destroy();
    else late(request.socket);
  }, REQUEST_TIMEOUT_MS);
  const over = (): void => clearTimeout(timer);
  request.once('end', over);
  request.once('close', over);
}
