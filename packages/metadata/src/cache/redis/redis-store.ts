import { createHash } from 'node:crypto';
import { ALL_PLACES, type CacheLookup, type CachePlace, type CacheStore } from '@sealgate/core/ports';
import { ENTRY_LIFE_MS, MARK_LIFE_MS, SPACE_LIFE_MS, TOKEN_LIFE_MS } from '../limits.ts';
import type { Reply } from './node.ts';
import { FILL, LOOKUP, MARK, UNMARK } from './scripts.ts';
import { type Shard, type Topology, textOf } from './topology.ts';

const digests = new Map(
  [LOOKUP, FILL, MARK, UNMARK].map((text) => [text, createHash('sha1').update(text).digest('hex')]),
);

export interface RedisStore extends CacheStore {
  /** One of the servers is not reached any more; then none is. */
  readonly closed: Promise<void>;
  destroy(): void;
}

/** The cache on servers that a {@link Topology} names. @throws Error when they cannot be made ready */
export async function openRedisStore({ shards, incarnation }: Topology): Promise<RedisStore> {
  const destroy = (): void => {
    for (const { node } of shards) node.destroy();
  };
  const closed = Promise.race(shards.map(({ node }) => node.closed)).then(destroy);
  // Scripts stay with a server process. Should they be flushed, the next call fails, and the connection with it.
  await Promise.all(
    shards.flatMap(({ node }) => [...digests.keys()].map((text) => node.send(['SCRIPT', 'LOAD', text]))),
  );
  const call = async (script: string, { tag, node }: Shard, place: CachePlace, args: readonly (string | Buffer)[]) => {
    const space = `sg:{${tag}}:${publicName(place.keyspace)}`;
    const keys = [`${space}:marks`, `${space}:${place.kind}:${place.id}`];
    return await node.send(['EVALSHA', digests.get(script) ?? '', '2', ...keys, place.kind, ...args]);
  };
  const marksOf = (shard: Shard, keyspace: string): string => `sg:{${shard.tag}}:${publicName(keyspace)}:marks`;
  const shardOf = ({ id }: CachePlace): Shard => {
    const shard = shards[spread(id) % shards.length];
    if (shard === undefined) throw new Error('a cache has at least one server');
    return shard;
  };
  const shardsOf = (place: CachePlace): readonly Shard[] => (place.id === ALL_PLACES ? shards : [shardOf(place)]);

  return {
    incarnation,
    closed,
    destroy,
    async prepare(keyspace) {
      await Promise.all(
        shards.map(async (shard) => {
          const marks = marksOf(shard, keyspace);
          await shard.node.send(['HSET', marks, 'open', '1']);
          await shard.node.send(['PEXPIRE', marks, String(SPACE_LIFE_MS)]);
        }),
      );
    },
    async keep(keyspace) {
      const kept = shards.map((shard) => shard.node.send(['PEXPIRE', marksOf(shard, keyspace), String(SPACE_LIFE_MS)]));
      return (await Promise.all(kept)).every((answer) => answer === 1);
    },
    async lookup(place, token) {
      return lookupOf(await call(LOOKUP, shardOf(place), place, [place.id, token, String(TOKEN_LIFE_MS)]));
    },
    async fill(place, token, value) {
      const args = [token, Buffer.from(value.buffer, value.byteOffset, value.byteLength), String(ENTRY_LIFE_MS)];
      return (await call(FILL, shardOf(place), place, args)) === 1;
    },
    async mark(place, changer) {
      const args = [place.id, changer, String(MARK_LIFE_MS)];
      const answers = await Promise.all(shardsOf(place).map((shard) => call(MARK, shard, place, args)));
      return answers.every((answer) => answer === 1);
    },
    async unmark(place, changer) {
      await Promise.all(shardsOf(place).map((shard) => call(UNMARK, shard, place, [place.id, changer])));
    },
  };
}

function lookupOf(answer: Reply): CacheLookup {
  const [kind, rest] = answer as readonly [number, Buffer];
  if (kind === 1) return { kind: 'hit', value: rest };
  if (kind === 3) return { kind: 'miss', token: textOf(rest) };
  return { kind: kind === 2 ? 'busy' : 'lost' };
}

let lastName = { keyspace: '', name: '' };

/** The keyspace is a secret; what stands in keys is made from it. */
function publicName(keyspace: string): string {
  if (lastName.keyspace !== keyspace) {
    lastName = { keyspace, name: createHash('sha256').update(`space ${keyspace}`).digest('base64url').slice(0, 22) };
  }
  return lastName.name;
}

/** FNV-1a: the same for everybody, and even enough over ids that are digests. */
function spread(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i += 1) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
