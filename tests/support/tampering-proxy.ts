// A man in the middle for tests: passes requests on to a gateway and may change what comes back.
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** What the proxy answers itself instead of passing it on. */
export interface OwnPage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface TamperingProxy {
  readonly endpoint: string;
  /** How answers to GET and HEAD of objects are changed from now on. `fetch` gets another object as the gateway gives it. */
  tamper(change: (answer: Answer, fetch: (path: string) => Promise<Answer>) => Promise<Answer> | Answer): void;
  close(): Promise<void>;
}

/**
 * @param s3Endpoint the real gateway; signed requests keep its host name, so that their signatures stay right
 * @param signedGet gets an object with a signature of its own, for answers that belong to another object
 * @param ownPage finds what the proxy answers itself, by path
 */
export async function startTamperingProxy(
  s3Endpoint: string,
  signedGet: (path: string) => Promise<Answer>,
  ownPage: (path: string) => OwnPage | undefined = () => undefined,
): Promise<TamperingProxy> {
  let change: Parameters<TamperingProxy['tamper']>[0] = (answer) => answer;
  const target = new URL(s3Endpoint);
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const own = ownPage(incoming.url ?? '');
      if (own !== undefined) {
        outgoing.writeHead(200, own.headers).end(own.body);
        return;
      }
      const answer = await forward(target, incoming);
      const isRead = incoming.method === 'GET' || incoming.method === 'HEAD';
      const sent = isRead && answer.status < 300 ? await change(answer, signedGet) : answer;
      const headers = { ...sent.headers };
      delete headers['transfer-encoding'];
      if (incoming.method !== 'HEAD') headers['content-length'] = String(sent.body.length);
      const told = Object.entries(headers).filter(([, value]) => value !== undefined);
      outgoing.writeHead(sent.status, Object.fromEntries(told) as Record<string, string>);
      outgoing.end(incoming.method === 'HEAD' ? undefined : sent.body);
    })().catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    tamper(next) {
      change = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function forward(target: URL, incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return await new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: target.hostname,
        port: target.port,
        method: incoming.method,
        path: incoming.url,
        headers: incoming.headers,
      },
      (answer) => {
        const body: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => body.push(chunk));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(body) }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(Buffer.concat(chunks));
  });
}
