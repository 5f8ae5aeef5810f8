// A proxy in front of a listener that lets so many requests of one kind through and holds the rest: whoever sent them can be
// killed with a known part of the work done, however fast or slow the machine is.
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HeldRequests {
  readonly endpoint: string;
  /** From now on so many more pass. Ends once the last of them was answered and another one is held. */
  hold(passing: number): Promise<unknown>;
  /** From now on all pass. Those that were held are never answered. */
  release(): void;
  close(): Promise<void>;
}

/** @param counts which requests are counted and held; all others pass */
export async function holdRequests(
  listener: string,
  counts: (request: Pick<IncomingMessage, 'method' | 'url'>) => boolean,
): Promise<HeldRequests> {
  const target = new URL(listener);
  let held = Promise.withResolvers<undefined>();
  let [passing, passed, answered, waiting] = [Infinity, 0, 0, 0];
  const look = (): void => {
    if (answered === passing && waiting > 0) held.resolve(undefined);
  };
  const server = createServer((incoming, outgoing) => {
    const counted = counts(incoming);
    if (counted && passed >= passing) {
      waiting += 1;
      look();
      return;
    }
    if (counted) passed += 1;
    const { method, url, rawHeaders } = incoming;
    // Signed requests keep the host they were signed for.
    const onward = httpRequest(
      { host: target.hostname, port: target.port, method, path: url, headers: rawHeaders },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(outgoing);
        if (counted) {
          answer.once('end', () => {
            answered += 1;
            look();
          });
        }
      },
    );
    onward.on('error', () => outgoing.destroy());
    incoming.on('error', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold(more) {
      held = Promise.withResolvers<undefined>();
      [passing, passed, answered, waiting] = [more, 0, 0, 0];
      return held.promise;
    },
    release() {
      passing = Infinity;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
