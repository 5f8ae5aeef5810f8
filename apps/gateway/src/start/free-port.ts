import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { listenFault } from '@sealgate/runtime/net';

export interface HeldPort {
  readonly port: number;
  /** For who is to listen on it, right after this. More than once does nothing. */
  free(): Promise<void>;
}

/**
 * The port itself, or a free one for 0. It must be known before the listener is made: answers name it, and several
 * workers must listen on the same one. Until it is freed nobody else gets it, the other listener of this process neither.
 * @throws Fault StartFailed when the host is none of this machine
 */
export async function holdPort(host: string, port: number): Promise<HeldPort> {
  if (port !== 0) return { port, free: () => Promise.resolve() };
  const server = createServer((socket) => socket.destroy());
  server.listen({ host, port: 0 });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw listenFault(error, 'SEALGATE_S3_PORT', { host, port });
  }
  const { port: found } = server.address() as AddressInfo;
  let freed: Promise<unknown> | undefined;
  return {
    port: found,
    async free() {
      if (freed === undefined) {
        freed = once(server, 'close');
        server.close();
      }
      await freed;
    },
  };
}
