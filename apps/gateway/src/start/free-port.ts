import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { listenFault } from '@sealgate/runtime/net';

/**
 * The port itself, or a free one for 0. It must be known before the listener is made: answers name it, and several
 * workers must listen on the same one.
 * @throws Fault StartFailed when the host is none of this machine
 */
export async function resolvePort(host: string, port: number): Promise<number> {
  if (port !== 0) return port;
  const server = createServer();
  server.listen({ host, port: 0 });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw listenFault(error, 'SEALGATE_S3_PORT', { host, port });
  }
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}
