import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * The port itself, or a free one for 0. It must be known before the listener is made: answers name it, and several
 * workers must listen on the same one.
 */
export async function resolvePort(host: string, port: number): Promise<number> {
  if (port !== 0) return port;
  const server = createServer();
  server.listen({ host, port: 0 });
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}
