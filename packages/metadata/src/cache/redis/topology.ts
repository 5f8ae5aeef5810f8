import { createHash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { Clock } from '@sealgate/core/ports';
import type { RedisAddress, RedisHost } from './address.ts';
import { connectNode, type NodeOptions, type RedisNode, type Reply } from './node.ts';
import { tagIn } from './slots.ts';

/** One of the servers that hold a cache between them. */
export interface Shard {
  readonly node: RedisNode;
  /** What keys of this server have in braces. */
  readonly tag: string;
}

export interface Topology {
  /** The same order for whoever sees the same servers. */
  readonly shards: readonly Shard[];
  /** Changes when any of them restarts, or another takes its place or its keys. */
  readonly incarnation: string;
}

/**
 * Connects to the primaries of this moment. A restart gives a server a new `run_id`, and a replica that takes over has
 * another one: what such a server may remember of earlier times is never asked for.
 * @throws Error when one of them cannot be reached, or is none
 */
export async function connectTopology(
  address: RedisAddress,
  deps: { readonly ca?: string; readonly clock: Clock },
): Promise<Topology> {
  const { tls, username, password, database } = address;
  const transport: NodeOptions = { tls, ...(deps.ca === undefined ? {} : { ca: deps.ca }) };
  const options: NodeOptions = {
    ...transport,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    database,
  };
  const opened: RedisNode[] = [];
  const connect = async (host: RedisHost, how: NodeOptions): Promise<RedisNode> => {
    const node = await connectNode(host, how, deps.clock);
    opened.push(node);
    return node;
  };
  try {
    if (address.kind === 'cluster') return await cluster(address, (host) => connect(host, options));
    const host =
      address.kind === 'sentinel'
        ? await primaryOf(address, async (at) => {
            // Sentinels seldom ask for a password, and refuse one that they did not ask for.
            const node = await connect(at, transport).catch(() => connect(at, { ...options, database: 0 }));
            return node;
          })
        : address.hosts[0];
    if (host === undefined) throw new Fault('ConfigInvalid', 'REDIS_URL names no host.');
    const node = await connect(host, options);
    return { shards: [{ node, tag: '0' }], incarnation: `${await runIdOf(node)}/${database}` };
  } catch (error) {
    for (const node of opened) node.destroy();
    throw error;
  }
}

/** The first answer of a sentinel counts: one that is behind names a server that says it is no primary. */
async function primaryOf(address: RedisAddress, connect: (host: RedisHost) => Promise<RedisNode>): Promise<RedisHost> {
  const failures: unknown[] = [];
  for (const sentinel of address.hosts) {
    try {
      const node = await connect(sentinel);
      const answer = await node.send(['SENTINEL', 'get-master-addr-by-name', address.name]);
      node.destroy();
      if (!Array.isArray(answer)) throw new Error(`the sentinel knows no primary named ${address.name}`);
      const [host, port] = (answer as readonly Reply[]).map(textOf);
      return { host: host ?? '', port: Number(port) };
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, 'no sentinel answers');
}

async function cluster(address: RedisAddress, connect: (host: RedisHost) => Promise<RedisNode>): Promise<Topology> {
  const failures: unknown[] = [];
  for (const host of address.hosts) {
    try {
      const guide = await connect(host);
      const ranges = rangesOf(await guide.send(['CLUSTER', 'SLOTS']), host);
      const shards = await Promise.all(
        [...ranges.values()].map(async ({ at, slots }) => {
          const node = await connect(at);
          return { node, tag: tagIn(slots), name: `${await runIdOf(node)} ${slots.join(' ')}` };
        }),
      );
      guide.destroy();
      shards.sort((a, b) => Number(a.tag) - Number(b.tag));
      const names = shards.map(({ name }) => name).join('\n');
      return { shards, incarnation: `cluster/${createHash('sha256').update(names).digest('base64url')}` };
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, 'no node of the cluster answers');
}

type Range = readonly [first: number, last: number];

/** @see https://redis.io/docs/latest/commands/cluster-slots/ */
function rangesOf(answer: Reply, asked: RedisHost): Map<string, { readonly at: RedisHost; readonly slots: Range[] }> {
  const primaries = new Map<string, { readonly at: RedisHost; readonly slots: Range[] }>();
  if (!Array.isArray(answer) || answer.length === 0) throw new Error('the cluster has no slots');
  for (const range of answer as readonly (readonly Reply[])[]) {
    const [first, last, primary] = range as [number, number, readonly Reply[]];
    const host = textOf(primary[0] ?? null);
    // A node that does not know its own address leaves it out.
    const at = { host: host === '' ? asked.host : host, port: Number(primary[1]) };
    const id = `${at.host} ${at.port}`;
    const known = primaries.get(id) ?? { at, slots: [] };
    known.slots.push([first, last]);
    primaries.set(id, known);
  }
  return primaries;
}

async function runIdOf(node: RedisNode): Promise<string> {
  const info = textOf(await node.send(['INFO', 'server'])) + textOf(await node.send(['INFO', 'replication']));
  const runId = /^run_id:(\w+)/m.exec(info)?.[1];
  if (runId === undefined) throw new Error('Redis does not say its run_id');
  if (!/^role:master/m.test(info)) throw new Error('Redis is no primary');
  return runId;
}

export const textOf = (reply: Reply): string => (reply === null ? '' : reply.toString());
