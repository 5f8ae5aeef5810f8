import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { lookup as resolveHost } from 'node:dns/promises';
import { Fault } from '@sealgate/core/faults';
import ipaddr from 'ipaddr.js';

/** Address ranges that endpoints of backends may be in although they are private. */
export interface AllowedRanges {
  /** All of loopback and the private ranges, but never link-local ones. */
  readonly privateRanges: boolean;
  /** Ranges in CIDR notation that are allowed by name, whatever they are. */
  readonly cidrs: readonly string[];
}

/**
 * Keeps the gateway from being used to reach what only the gateway can reach. An endpoint is checked when it is
 * registered, with all its addresses, and again at every connection, because a name can point elsewhere a second later.
 */
export interface EndpointGuard {
  /** @throws Fault EndpointRefused, its rule naming what failed. */
  check(endpoint: string): Promise<void>;
  /** For endpoints whose host is a literal address: sockets never look those up. @throws Fault EndpointRefused */
  checkLiteral(endpoint: string): void;
  /** In place of `dns.lookup` for sockets: leaves out nothing, fails with EndpointRefused when any address is forbidden. */
  readonly lookup: GuardedLookup;
}

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;
type GuardedLookup = (hostname: string, options: LookupOptions, callback: LookupCallback) => void;

/** Resolves a host to all its addresses; replaced in tests. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/**
 * Where clouds answer questions about the machine, credentials included. AWS and most others 169.254.169.254 and
 * fd00:ec2::254, AWS ECS 169.254.170.2, Alibaba 100.100.100.200, Oracle 192.0.0.192, Azure 168.63.129.16. Only a range
 * that is exactly this one address allows it.
 */
const METADATA_SERVICES = new Set([
  '169.254.169.254',
  '169.254.170.2',
  'fd00:ec2::254',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
]);
/** What `true` allows, by the names of ipaddr.js. */
const PRIVATE = new Set(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat']);

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Of IPv6 only this part was ever given out; the rest, `::127.0.0.1` in it, leads wherever a local route leads. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
const isGlobal = (address: Address): boolean => address.kind() === 'ipv4' || address.match(GLOBAL_IPV6);

type Standing = 'public' | 'allowed' | 'forbidden';

export function createEndpointGuard(allowed: AllowedRanges, resolve: Resolve = resolveAll): EndpointGuard {
  const ranges = allowed.cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  const named = (address: Address, exact: boolean): boolean =>
    ranges.some(([base, bits]) => {
      if (base.kind() !== address.kind()) return false;
      if (exact && bits !== (base.kind() === 'ipv4' ? 32 : 128)) return false;
      return address.match(base, bits);
    });

  const standing = (text: string): Standing => {
    if (!ipaddr.isValid(text)) return 'forbidden';
    const address = ipaddr.process(text);
    if (METADATA_SERVICES.has(address.toString())) return named(address, true) ? 'allowed' : 'forbidden';
    const range = address.range();
    if (named(address, false)) return 'allowed';
    if (range === 'unicast') return isGlobal(address) ? 'public' : 'forbidden';
    return allowed.privateRanges && PRIVATE.has(range) ? 'allowed' : 'forbidden';
  };

  const judge = (url: URL, addresses: readonly string[]): void => {
    const standings = addresses.map(standing);
    if (addresses.length === 0 || standings.includes('forbidden')) throw forbiddenAddress(url.hostname);
    if (url.protocol === 'http:' && standings.includes('public')) {
      throw refused('endpoint.https', 'A backend on a public address must be reached over https.');
    }
  };

  return {
    async check(endpoint) {
      const url = parseEndpoint(endpoint);
      const literal = literalOf(url);
      judge(url, literal === undefined ? await resolve(url.hostname) : [literal]);
    },
    checkLiteral(endpoint) {
      const url = parseEndpoint(endpoint);
      const literal = literalOf(url);
      if (literal !== undefined) judge(url, [literal]);
    },
    lookup(hostname, options, callback) {
      systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
        if (error) {
          callback(error, '');
          return;
        }
        if (addresses.length === 0 || addresses.some(({ address }) => standing(address) === 'forbidden')) {
          callback(forbiddenAddress(hostname), '');
        } else if (options.all === true) callback(null, addresses);
        else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
      });
    },
  };
}

/** @throws Fault EndpointRefused when the text is not the plain URL of an S3 endpoint. */
function parseEndpoint(endpoint: string): URL {
  const url = URL.parse(endpoint);
  if (!url) throw refused('endpoint.url', 'The endpoint is not a URL. Give it as https://host[:port].');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refused('endpoint.https', 'The endpoint must begin with https://.');
  }
  if (url.username !== '' || url.password !== '') {
    throw refused('endpoint.url', 'Credentials do not belong into the endpoint; give them in "credentials".');
  }
  if (url.search !== '' || url.hash !== '' || url.pathname !== '/') {
    throw refused('endpoint.url', 'The endpoint must end after the host and port: no path, query or fragment.');
  }
  return url;
}

/** The host when it is an address. URL already turned odd spellings (octal, one number) into the usual one. */
function literalOf(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(host) ? host : undefined;
}

async function resolveAll(host: string): Promise<readonly string[]> {
  try {
    return (await resolveHost(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw new Fault('EndpointRefused', `The host ${host} cannot be resolved.`, { rule: 'endpoint.host', cause: error });
  }
}

function forbiddenAddress(host: string): Fault {
  return refused(
    'endpoint.address',
    `The host ${host} is on a private, link-local or reserved address. The operator can allow its range with SEALGATE_ALLOW_PRIVATE_ENDPOINTS.`,
  );
}

function refused(rule: string, message: string): Fault {
  return new Fault('EndpointRefused', message, { rule });
}
