import { systemClock } from '@sealgate/core/ports';
import { describeCacheStore } from '@sealgate/testkit/contracts';
import { hasRedis, type RedisServer, startRedisServer } from '@sealgate/testkit/redis-server';
import { describe, expect, test } from 'vitest';
import { parseRedisUrl } from './address.ts';
import { openRedisStore, type RedisStore } from './redis-store.ts';
import { connectTopology } from './topology.ts';

const open = async (url: string): Promise<RedisStore> =>
  openRedisStore(await connectTopology(parseRedisUrl(url), { clock: systemClock }));

const missing = hasRedis() ? '' : ' (skipped: the program "redis-server" is missing)';

describe.skipIf(missing !== '')(`on a real Redis${missing}`, () => {
  describeCacheStore('Redis', async () => {
    const server = await startRedisServer();
    return {
      connect: () => open(server.url),
      flush: async () => {
        await server.command('FLUSHALL');
      },
      close: () => server.stop(),
    };
  });

  const withServer = async (settings: readonly string[], run: (server: RedisServer) => Promise<void>) => {
    const server = await startRedisServer(settings);
    try {
      await run(server);
    } finally {
      await server.stop();
    }
  };

  test('a server that restarts is another life, and the connection to the old one is over', () =>
    withServer([], async (server) => {
      const before = await open(server.url);
      await server.kill();
      await before.closed;
      await expect(before.keep('space')).rejects.toThrow();
      await server.start();
      const after = await open(server.url);
      expect(after.incarnation).not.toBe(before.incarnation);
      after.destroy();
    }));

  test('what a server saved before it restarted is not found again', () =>
    withServer([], async (server) => {
      const place = { keyspace: 'space', kind: 'k', id: 'a' };
      const before = await open(server.url);
      await before.prepare('space');
      await before.lookup(place, 't');
      await before.fill(place, 't', Buffer.from('old'));
      await server.command('SAVE');
      await server.kill();
      await server.start();
      const after = await open(server.url);
      // It is there, which is why nobody may ask for it: the life is another one.
      expect(await after.lookup(place, 't')).toMatchObject({ kind: 'hit' });
      expect(after.incarnation).not.toBe(before.incarnation);
      after.destroy();
    }));

  test('a server that answers nothing fails every call in a bounded time', () =>
    withServer([], async (server) => {
      const store = await open(server.url);
      server.pause();
      await expect(store.keep('space')).rejects.toThrow('no answer');
      await store.closed;
      await expect(store.keep('space')).rejects.toThrow();
      await expect(open(server.url)).rejects.toThrow();
      server.resume();
      (await open(server.url)).destroy();
    }));

  test('a password is asked for, and given', () =>
    withServer(['--requirepass', 'p@ss word'], async (server) => {
      await expect(open(server.url)).rejects.toThrow();
      await expect(open(`redis://:wrong@127.0.0.1:${server.port}`)).rejects.toThrow();
      const store = await open(`redis://:p%40ss%20word@127.0.0.1:${server.port}/3`);
      expect(store.incarnation).toMatch(/\/3$/);
      store.destroy();
    }));

  test('keys and entries tell nothing of the space but that there is one', () =>
    withServer([], async (server) => {
      const store = await open(server.url);
      await store.prepare('a secret keyspace');
      expect(await server.command('KEYS', '*')).not.toContain('secret');
      store.destroy();
    }));

  test('sentinels are asked for the primary, and a replica is none', () =>
    withServer([], async (primary) =>
      withServer(['--replicaof', '127.0.0.1', String(primary.port)], async (replica) => {
        const sentinel = await startRedisServer([], [`sentinel monitor main 127.0.0.1 ${primary.port} 1`]);
        const { port } = sentinel;
        try {
          const store = await open(`redis+sentinel://127.0.0.1:1,127.0.0.1:${port}/main`);
          const direct = await open(primary.url);
          expect(store.incarnation).toBe(direct.incarnation);
          await expect(open(`redis+sentinel://127.0.0.1:${port}/unknown`)).rejects.toThrow();
          store.destroy();
          direct.destroy();
        } finally {
          await sentinel.stop();
        }
        await expect(open(replica.url)).rejects.toThrow('is no primary');
      }),
    ));

  describeCacheStore('Redis Cluster of three', async () => {
    const servers = await Promise.all([0, 1, 2].map(() => startRedisServer(['--cluster-enabled', 'yes'])));
    await formCluster(servers);
    const url = `redis+cluster://${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
    return {
      connect: () => open(url),
      flush: async () => {
        await Promise.all(servers.map((server) => server.command('FLUSHALL')));
      },
      close: async () => {
        await Promise.all(servers.map((server) => server.stop()));
      },
    };
  });
});

async function formCluster(servers: readonly RedisServer[]): Promise<void> {
  const ranges = [
    [0, 5460],
    [5461, 10_922],
    [10_923, 16_383],
  ] as const;
  for (const [at, [first, last]] of ranges.entries()) {
    await servers[at]?.command('CLUSTER', 'ADDSLOTSRANGE', String(first), String(last));
  }
  for (const server of servers.slice(1)) {
    await servers[0]?.command('CLUSTER', 'MEET', '127.0.0.1', String(server.port));
  }
  const formed = async (server: RedisServer): Promise<boolean> =>
    (await server.command('CLUSTER', 'INFO')).includes('cluster_state:ok') &&
    (await server.command('CLUSTER', 'SLOTS')).startsWith('*3');
  for (let tries = 0; !(await Promise.all(servers.map(formed))).every(Boolean); tries += 1) {
    if (tries === 600) throw new Error('the cluster did not form');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
