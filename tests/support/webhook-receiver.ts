// A webhook on loopback that keeps what it got, and answers as it is told.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedEvent {
  readonly eventName: string;
  readonly s3: {
    readonly configurationId: string;
    readonly bucket: { readonly name: string };
    readonly object: {
      readonly key: string;
      readonly size?: number;
      readonly eTag?: string;
      readonly versionId?: string;
      readonly sequencer: string;
    };
  };
}

export interface ReceivedMessage {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly records: readonly ReceivedEvent[];
}

export interface WebhookReceiver {
  readonly url: string;
  readonly messages: ReceivedMessage[];
  /** What it answers from now on. */
  status: number;
  /** Waits until what it got is as wanted. */
  until(done: (messages: readonly ReceivedMessage[]) => boolean): Promise<void>;
  close(): void;
}

const WAIT_MS = 120_000;

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const { Records } = JSON.parse(body) as { readonly Records?: readonly ReceivedEvent[] };
      receiver.messages.push({ headers: request.headers, body, records: Records ?? [] });
      response.writeHead(receiver.status).end();
      for (const look of waiting) look();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    messages: [],
    status: 200,
    until: (done) =>
      new Promise((resolve, reject) => {
        const finish = (settle: () => void): void => {
          clearTimeout(timer);
          waiting.delete(look);
          settle();
        };
        const look = (): void => {
          if (done(receiver.messages)) finish(resolve);
        };
        const timer = setTimeout(
          () => finish(() => reject(new Error(`only these came: ${receiver.messages.map((m) => m.body).join('\n')}`))),
          WAIT_MS,
        );
        waiting.add(look);
        look();
      }),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return receiver;
}
