import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { listenFault } from '../net/listen-fault.ts';

/** Scrapers and probes, a few at a time; a connection beyond that is closed at once. */
const CONNECTIONS_MAX = 64;
const REQUEST_MS = 10_000;
const HEADERS_BYTES_MAX = 8 * 1024;

/** The environment's name of the port, for every process that has an observer. */
export const OBSERVER_PORT_SETTING = 'SEALGATE_AGENT_METRICS_PORT';

/** Health and metrics of a process without a control listener. */
export interface Observer {
  readonly port: number;
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/**
 * Listens for `GET` and `HEAD` of `/healthz`, `/readyz` and `/metrics`, which answer as those of a control listener. No request
 * changes anything or shows a secret, so nobody is asked who they are.
 * @param options.trouble why the process does not do its work at this moment; undefined when it does
 * @throws Fault StartFailed when it cannot listen there
 */
export async function openObserver(options: {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly registry: Registry;
  readonly trouble: () => Promise<string | undefined>;
}): Promise<Observer> {
  const { host, port } = options;
  const limits = { maxHeaderSize: HEADERS_BYTES_MAX, headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS };
  const server = createServer(limits, (request, response) => {
    void answer(request, options)
      .catch(() => json(500, { status: 'failed' }))
      .then((reply) => send(response, reply));
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  }).catch((error: unknown) => {
    throw listenFault(error, OBSERVER_PORT_SETTING, { host, port });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  { method, url }: IncomingMessage,
  { registry, trouble }: { readonly registry: Registry; readonly trouble: () => Promise<string | undefined> },
): Promise<Reply> {
  if (method !== 'GET' && method !== 'HEAD') return json(405, { status: 'not allowed' });
  switch (url?.split('?', 1)[0]) {
    case '/healthz':
      return json(200, { status: 'alive' });
    case '/readyz': {
      const reason = await trouble();
      return reason === undefined ? json(200, { status: 'ready' }) : json(503, { status: 'not ready', reason });
    }
    case '/metrics':
      return { status: 200, type: registry.contentType, text: await registry.metrics() };
    default:
      return json(404, { status: 'not found' });
  }
}

const json = (status: number, value: object): Reply => ({
  status,
  type: 'application/json',
  text: JSON.stringify(value),
});

function send(response: ServerResponse, { status, type, text }: Reply): void {
  const allow = status === 405 ? { allow: 'GET, HEAD' } : {};
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text), ...allow });
  response.end(text);
}
