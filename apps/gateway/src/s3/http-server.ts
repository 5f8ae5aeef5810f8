import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** Bounds of one connection and of all of them. Milliseconds and bytes. */
export interface HttpLimits {
  readonly headerBytesMax: number;
  readonly headersTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** A socket on which nothing moved for this long is closed, also in the middle of a body. */
  readonly idleTimeoutMs: number;
  readonly connectionsMax: number;
}

export const defaultHttpLimits: HttpLimits = {
  headerBytesMax: 32 * 1024,
  headersTimeoutMs: 30_000,
  keepAliveTimeoutMs: 65_000,
  idleTimeoutMs: 120_000,
  connectionsMax: 8192,
};

export interface HttpServer {
  /** Resolves with the port that was taken. @throws the listen error, e.g. EADDRINUSE */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>;
  /** Takes no new request; resolves when those under way ended, or after `graceMs`, when they are cut. */
  close(graceMs: number): Promise<void>;
  /** Requests under way. */
  readonly active: number;
}

export interface HttpHandlers {
  /** Must always end the response. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** What to answer to bytes that are no HTTP request: a whole response as text, or undefined to just hang up. */
  readonly malformed: (code: string | undefined) => string | undefined;
}

/**
 * node:http as it is: S3 needs the raw path, every method, and the body only once it is asked for (`Expect:
 * 100-continue` is answered by the first read), so a routing framework has nothing to add here.
 */
export function createHttpServer(
  handlers: HttpHandlers,
  options: { readonly limits: HttpLimits; readonly tls?: { readonly cert: string; readonly key: string } },
): HttpServer {
  const { limits, tls } = options;
  const settings = {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // A body may take as long as it moves; the socket's idle timeout bounds a stall.
    requestTimeout: 0,
    // Whoever serves a request asks for it (`requireHost`), to refuse it in words.
    requireHostHeader: false,
    insecureHTTPParser: false,
  };
  const server: Server = tls === undefined ? createServer(settings) : createTlsServer({ ...settings, ...tls });
  server.maxConnections = limits.connectionsMax;
  server.timeout = limits.idleTimeoutMs;
  let active = 0;
  let closing = false;
  let idle: (() => void) | undefined;

  const answering = new WeakMap<Socket, { readonly request: IncomingMessage; readonly response: ServerResponse }>();
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    active += 1;
    answering.set(request.socket, { request, response });
    if (closing) response.setHeader('connection', 'close');
    void handlers.handle(request, response).finally(() => {
      active -= 1;
      if (active === 0) idle?.();
    });
  };
  server.on('request', onRequest);
  // Without this listener node answers 100 itself; the body reader does it when the request was found acceptable.
  server.on('checkContinue', onRequest);
  // An expectation that is not 100-continue is ignored, as AWS does.
  server.on('checkExpectation', onRequest);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const before = answering.get(socket);
    if (before?.request.complete === true && !before.response.writableEnded) {
      // What came behind a whole request is no request (a body longer than it said, mostly): that one is answered first.
      before.response.once('finish', () => socket.end());
      return;
    }
    if (before?.response.headersSent === true && !before.response.writableEnded) {
      // Another answer in the middle of one would be read as a part of it.
      socket.destroy();
      return;
    }
    const answer = socket.writable && error.code !== 'ECONNRESET' ? handlers.malformed(error.code) : undefined;
    if (answer === undefined) socket.destroy();
    else socket.end(answer);
  });

  return {
    get active() {
      return active;
    },
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port }, () => {
          server.off('error', reject);
          resolve((server.address() as AddressInfo).port);
        });
      }),
    async close(graceMs) {
      closing = true;
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeIdleConnections();
      if (active > 0) {
        let timer: NodeJS.Timeout | undefined;
        await Promise.race([
          new Promise<void>((resolve) => {
            idle = resolve;
          }),
          new Promise<void>((resolve) => {
            timer = setTimeout(resolve, graceMs);
          }),
        ]);
        clearTimeout(timer);
      }
      server.closeAllConnections();
      await closed;
    },
  };
}
