import { createClient, RESP_TYPES } from '@redis/client';
import type { Clock } from '@sealgate/core/ports';
import { COMMANDS_MAX, CONNECT_TIMEOUT_MS, STALL_MS } from '../limits.ts';
import { within } from '../within.ts';
import type { RedisHost } from './address.ts';

export interface NodeOptions {
  readonly tls: boolean;
  /** PEM certificates that the server's must come from; undefined: those that Node trusts. */
  readonly ca?: string;
  readonly username?: string;
  readonly password?: string;
  readonly database?: number;
}

export type Reply = number | string | Buffer | null | readonly Reply[];

/** A connection to one server process, which it never changes. */
export interface RedisNode {
  /**
   * @throws Error (a rejection) when the answer is an error or late, with which the connection ends for good: nobody knows
   * what such a server does next.
   */
  send(command: readonly (string | Buffer)[]): Promise<Reply>;
  readonly closed: Promise<undefined>;
  destroy(): void;
}

/** @throws Error when the server cannot be reached or does not let us in */
export async function connectNode(at: RedisHost, options: NodeOptions, clock: Clock): Promise<RedisNode> {
  const client = createClient({
    socket: {
      ...at,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: false,
      ...(options.tls
        ? { tls: true, servername: at.host, ...(options.ca === undefined ? {} : { ca: options.ca }) }
        : {}),
    },
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
    database: options.database ?? 0,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    name: 'sealgate',
    // Bytes stay bytes.
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
  const closed = Promise.withResolvers<undefined>();
  const destroy = (): void => {
    client.destroy();
    closed.resolve(undefined);
  };
  client.on('error', destroy);
  client.on('end', () => closed.resolve(undefined));
  await within(clock, CONNECT_TIMEOUT_MS, client.connect()).catch((error: unknown) => {
    destroy();
    throw error;
  });
  let pending = 0;
  return {
    closed: closed.promise,
    destroy,
    async send(command) {
      if (pending >= COMMANDS_MAX) throw new Error('too many commands wait for Redis');
      pending += 1;
      try {
        return await within(clock, STALL_MS, client.sendCommand<Reply>([...command]));
      } catch (error) {
        destroy();
        throw error;
      } finally {
        pending -= 1;
      }
    },
  };
}
