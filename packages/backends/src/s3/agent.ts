import { isIP } from 'node:net';
import { Agent, buildConnector } from 'undici';
import type { S3DriverLimits } from '../limits.ts';
import type { GuardedLookup, S3Target } from './target.ts';

/** Connections to one backend: kept alive, bounded, each of them only to an address that the guard lets pass. */
export function createAgent(target: Pick<S3Target, 'lookup' | 'ca'>, limits: S3DriverLimits): Agent {
  const { lookup, ca } = target;
  const connect = buildConnector({
    timeout: limits.connectTimeoutMs,
    // One request a connection: a stalled copy must not hold up another one behind it.
    allowH2: false,
    ...(ca === undefined ? {} : { ca: [ca].flat() }),
    ...(lookup === undefined ? {} : { lookup }),
  });
  return new Agent({
    connections: limits.connections,
    pipelining: 1,
    headersTimeout: limits.headersTimeoutMs,
    bodyTimeout: limits.bodyTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    keepAliveMaxTimeout: limits.keepAliveMs,
    connect: lookup === undefined ? connect : guardLiterals(connect, lookup),
  });
}

/** Sockets never look up a literal address, so the guard is asked about it here. */
function guardLiterals(connect: buildConnector.connector, lookup: GuardedLookup): buildConnector.connector {
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) === 0) {
      connect(options, callback);
      return;
    }
    lookup(host, { all: true }, (error) => {
      if (error === null) connect(options, callback);
      else callback(error, null);
    });
  };
}
