import type { Config } from '../config.ts';

/** How clients on this machine reach a listener. A wildcard address is reached over loopback. */
export function endpointOf(config: Pick<Config, 'host' | 'tlsCert'>, port: number): string {
  const scheme = config.tlsCert === undefined ? 'http' : 'https';
  const wildcard = config.host === '0.0.0.0' || config.host === '::';
  const host = wildcard
    ? '127.0.0.1'
    : config.host.includes(':')
      ? `[${config.host.replace(/[[\]]/g, '')}]`
      : config.host;
  return `${scheme}://${host}:${port}`;
}
