import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import ipaddr from 'ipaddr.js';

/** Who is at the other end, as far as it can be believed. */
export interface Client {
  /** Of the client, or of the nearest machine on the way to it that nobody vouches for. */
  readonly address: string | undefined;
  /** Whether the client speaks TLS. */
  readonly secure: boolean;
}

/** Whether an address is a proxy of the operator's, whose headers say whom it speaks for. */
export type IsTrustedProxy = (address: string) => boolean;

/** Hops that are followed; whoever sends more is not behind that many proxies of ours. */
const HOPS_MAX = 32;

export function createProxyTrust(cidrs: readonly string[]): IsTrustedProxy {
  const ranges = cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  return (text) => {
    if (ranges.length === 0 || !ipaddr.isValid(text)) return false;
    const address = ipaddr.process(text);
    return ranges.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits));
  };
}

/**
 * The client behind proxies: `X-Forwarded-For` is read from its end for as long as the machine that wrote an entry is
 * trusted. What stands before that anybody can have written.
 */
export function clientBehind(
  peer: Client,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  trusted: IsTrustedProxy,
): Client {
  if (peer.address === undefined || !trusted(peer.address)) return peer;
  let address = peer.address;
  for (const entry of entriesOf(headers['x-forwarded-for']).reverse().slice(0, HOPS_MAX)) {
    if (!trusted(address)) break;
    const hop = addressIn(entry);
    // Not an address: whoever wrote it, nothing before it can be believed either.
    if (hop === undefined) break;
    address = hop;
  }
  const scheme = entriesOf(headers['x-forwarded-proto']).at(-1)?.toLowerCase();
  return { address, secure: scheme === undefined ? peer.secure : scheme === 'https' };
}

function entriesOf(header: string | readonly string[] | undefined): string[] {
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** An entry may have a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function addressIn(entry: string): string | undefined {
  const bare = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(entry)?.[1] ?? /^([^:]+):\d{1,5}$/.exec(entry)?.[1] ?? entry;
  return ipaddr.isValid(bare) && bare.length <= 45 ? ipaddr.process(bare).toString() : undefined;
}

const clients = new WeakMap<object, Client>();

/**
 * Finds out who sends a request, once, for whoever asks `clientOf` later: when the answer is out, or the connection has
 * gone, nothing tells it any more.
 */
export function noteClient(request: IncomingMessage, trusted: IsTrustedProxy): void {
  clients.set(request, clientBehind(peerOf(request), request.headers, trusted));
}

export function clientOf(request: Pick<IncomingMessage, 'socket'>): Client {
  return clients.get(request) ?? peerOf(request);
}

function peerOf(request: { readonly socket: IncomingMessage['socket'] | null }): Client {
  // Node takes the socket away from a request whose connection is over, whatever its types say.
  const { socket } = request;
  return { address: socket?.remoteAddress, secure: (socket as Partial<TLSSocket> | null)?.encrypted === true };
}
