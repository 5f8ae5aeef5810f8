import { Fault } from '@sealgate/core/faults';

export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** A `REDIS_URL`, taken apart. */
export interface RedisAddress {
  /** `sentinel`: the hosts are sentinels, to be asked for the primary `name`. `cluster`: some nodes of it. */
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly hosts: readonly RedisHost[];
  /** Of the primary, as the sentinels call it. */
  readonly name: string;
  readonly database: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const FORM = /^redis(s?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/?#]*)(?:\/([^?#]*))?$/;
const PORTS = { single: 6379, cluster: 6379, sentinel: 26_379 } as const;

/**
 * `redis[s]://[user[:password]@]host[:port][/database]`,
 * `redis[s]+sentinel://[user[:password]@]host[:port][,host[:port]...]/name[/database]`,
 * `redis[s]+cluster://[user[:password]@]host[:port][,host[:port]...]`.
 * @throws Fault ConfigInvalid, without the password in its text
 */
export function parseRedisUrl(url: string): RedisAddress {
  const match = FORM.exec(url);
  if (match === null) throw wrong('must be redis://, rediss://, redis+sentinel:// or redis+cluster:// with hosts');
  const [, secure, form = 'single', user, hostList = '', path = ''] = match;
  const kind = form as RedisAddress['kind'];
  const [first = '', second, ...rest] = path.split('/');
  const hosts = hostList.split(',').map((text) => hostOf(text, PORTS[kind]));
  const [username, password] = userOf(user);
  if (kind === 'single' && hosts.length !== 1)
    throw wrong('names one host; several are redis+sentinel or redis+cluster');
  if (kind === 'cluster' && path !== '') throw wrong('of a cluster has no path: a cluster has one database');
  if (kind === 'sentinel' && first === '')
    throw wrong('of sentinels ends with the name of the primary, as in /mymaster');
  if (rest.length > 0 || (kind === 'single' && second !== undefined)) throw wrong('has too many parts in its path');
  const database = kind === 'sentinel' ? (second ?? '') : first;
  if (kind !== 'cluster' && !/^\d{0,4}$/.test(database)) throw wrong('has a database that is not a number');
  return {
    kind,
    hosts,
    name: kind === 'sentinel' ? decodeURIComponent(first) : '',
    database: kind === 'cluster' ? 0 : Number(database),
    tls: secure === 's',
    username,
    password,
  };
}

function hostOf(text: string, port: number): RedisHost {
  // A host and port are judged by the one who knows URLs.
  const parsed = URL.parse(`http://${text}`);
  if (text === '' || parsed === null || parsed.pathname !== '/') throw wrong(`has the host "${text}"`);
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  // What is left out and what is the scheme's own are both empty here.
  return { host, port: parsed.port === '' ? (/:80$/.test(text) ? 80 : port) : Number(parsed.port) };
}

function userOf(text: string | undefined): [string | undefined, string | undefined] {
  if (text === undefined) return [undefined, undefined];
  const [user = '', ...password] = text.split(':');
  try {
    return [
      user === '' ? undefined : decodeURIComponent(user),
      password.length === 0 ? undefined : decodeURIComponent(password.join(':')),
    ];
  } catch {
    throw wrong('has a user or password that is not percent-encoded');
  }
}

const wrong = (problem: string): Fault => new Fault('ConfigInvalid', `REDIS_URL ${problem}.`);
