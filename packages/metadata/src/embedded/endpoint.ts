import { closeSync, constants, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Identity, Layout } from './layout.ts';
import { SOCKET_PATH_BYTES_MAX_BSD, SOCKET_PATH_BYTES_MAX_LINUX } from './limits.ts';

/** Where the server listens: a socket in its own directory, or a port on 127.0.0.1. */
export type Listen = { readonly transport: 'socket' } | { readonly transport: 'loopback'; readonly port: number };

/** Names the socket file only; nothing listens on this port. */
const SOCKET_PORT = 5432;

/**
 * The socket lies in PGDATA, which only the server's user (and root) may enter. The server names it relative to its
 * working directory, so a long path is no trouble for it.
 */
export function listenSettings(listen: Listen): Readonly<Record<string, string>> {
  if (listen.transport === 'loopback') {
    return { listen_addresses: '127.0.0.1', port: String(listen.port), unix_socket_directories: '' };
  }
  return {
    listen_addresses: '',
    port: String(SOCKET_PORT),
    unix_socket_directories: '.',
    unix_socket_permissions: '0600',
  };
}

export const socketFile = (layout: Layout): string => join(layout.cluster, `.s.PGSQL.${SOCKET_PORT}`);

/** How clients name the server. */
export interface Endpoint {
  readonly listen: Listen;
  readonly host: string;
  readonly port: number;
  close(): void;
}

/**
 * A path that is too long for a socket address is shortened by way of an open descriptor of the directory
 * (`/proc/<pid>/fd/<n>`), which every process of the same user can follow and nobody can put something else in place of.
 * Undefined where that does not exist either: then it is TCP.
 */
export function socketEndpoint(layout: Layout): Endpoint | undefined {
  const listen: Listen = { transport: 'socket' };
  const linux = process.platform === 'linux';
  const most = linux ? SOCKET_PATH_BYTES_MAX_LINUX : SOCKET_PATH_BYTES_MAX_BSD;
  if (Buffer.byteLength(socketFile(layout)) <= most) {
    return { listen, host: layout.cluster, port: SOCKET_PORT, close: () => undefined };
  }
  if (!linux) return undefined;
  const handle = openSync(layout.cluster, constants.O_RDONLY | constants.O_DIRECTORY);
  let open = true;
  return {
    listen,
    host: `/proc/${process.pid}/fd/${handle}`,
    port: SOCKET_PORT,
    close(): void {
      if (open) closeSync(handle);
      open = false;
    },
  };
}

export function loopbackEndpoint(port: number): Endpoint {
  return { listen: { transport: 'loopback', port }, host: '127.0.0.1', port, close: () => undefined };
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

export const DATABASE = 'sealgate';

/** `sslmode=disable` is said out loud, so that PGSSLMODE in the caller's environment means nothing here. */
export function ownerUrl(endpoint: Endpoint, identity: Identity): string {
  return url(endpoint, { user: DATABASE, password: identity.password, database: DATABASE });
}

/** The superuser. Before the cluster is complete only `template1` is sure to be there. */
export function adminUrl(endpoint: Endpoint, identity: Identity, database: string): string {
  return url(endpoint, { user: 'postgres', password: identity.adminPassword, database });
}

function url(endpoint: Endpoint, who: { user: string; password: string; database: string }): string {
  const host = `${encodeURIComponent(endpoint.host)}:${endpoint.port}`;
  return `postgresql://${who.user}:${encodeURIComponent(who.password)}@${host}/${who.database}?sslmode=disable`;
}
