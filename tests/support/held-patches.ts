// A proxy in front of a control listener that lets so many changes through and holds the rest: whoever sent them can be
// killed with a known part of the work done.
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HeldPatches {
  readonly endpoint: string;
  /** Ends once the last change that passes was answered and another one is held. */
  readonly held: Promise<unknown>;
  close(): Promise<void>;
}

export async function holdPatches(controlEndpoint: string, passing: number): Promise<HeldPatches> {
  const target = new URL(controlEndpoint);
  const held = Promise.withResolvers<undefined>();
  let [passed, answered, waiting] = [0, 0, 0];
  const look = (): void => {
    if (answered === passing && waiting > 0) held.resolve(undefined);
  };
  const server = createServer((incoming, outgoing) => {
    const changes = incoming.method === 'PATCH';
    if (changes && passed >= passing) {
      waiting += 1;
      look();
      return;
    }
    if (changes) passed += 1;
    const { method, url, rawHeaders } = incoming;
    // Signed requests keep the host they were signed for.
    const onward = httpRequest(
      { host: target.hostname, port: target.port, method, path: url, headers: rawHeaders },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        answer.pipe(outgoing);
        if (changes) {
          answer.once('end', () => {
            answered += 1;
            look();
          });
        }
      },
    );
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held: held.promise,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
