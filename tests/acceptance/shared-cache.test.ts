// Several gateways on one PostgreSQL and one Redis.
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { checkRegister } from '@sealgate/testkit/history';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AgentProcess, startAgent } from '../support/agent.ts';
import { type GatewayCluster, hasRedis, startGatewayCluster } from '../support/cluster.ts';
import { admin, createBucket, type GatewayProcess } from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { brokenKeys, createRaceHistory, type RaceHistory, staleRead } from '../support/race/history.ts';
import { type Outage, strikeRedis } from '../support/race/outages.ts';
import { type Racer, race, read } from '../support/race/racer.ts';
import { createRandom } from '../support/random.ts';
import { newClient } from '../support/s3-client.ts';

const missing = hasRedis() ? '' : ' (skipped: the program "redis-server" is missing)';
const Bucket = 'plain';

const CLIENTS = 64;
const KEYS = ['a', 'b/c', 'b/d', 'ü'];
/** Without SEALGATE_RACE_SECONDS the clients race until Redis was away so often. */
const OUTAGES = 3;
/** Of ten requests: reads of one key, beside those that every race has. Without them a hot key changes too often to be cached. */
const READS = 6;
const seconds = Number(process.env['SEALGATE_RACE_SECONDS'] ?? 0);
const seed = Number(process.env['SEED'] ?? 1);

let cluster: GatewayCluster;
let clients: S3Client[];
const agents: AgentProcess[] = [];

async function metric(gateway: GatewayProcess, line: string): Promise<number> {
  const text = await (await fetch(`${gateway.credentials.controlEndpoint}/metrics`)).text();
  const found = text.split('\n').find((each) => each.startsWith(line));
  return Number(found?.split(' ').at(-1) ?? 0);
}

const stateOf = (gateway: GatewayProcess, state: string): Promise<number> =>
  metric(gateway, `sealgate_cache_state{state="${state}"}`);

async function allOn(): Promise<void> {
  for (const gateway of cluster.gateways) {
    await expect.poll(() => stateOf(gateway, 'on')).toBe(1);
  }
}

const put = (at: number, Key: string, Body: string) =>
  (clients[at] as S3Client).send(new PutObjectCommand({ Bucket, Key, Body }));

async function get(at: number, Key: string): Promise<string> {
  const { Body } = await (clients[at] as S3Client).send(new GetObjectCommand({ Bucket, Key }));
  return (await Body?.transformToString()) ?? '';
}

describe.skipIf(missing !== '')(`a cache that gateways share${missing}`, () => {
  beforeAll(async () => {
    cluster = await startGatewayCluster({
      gateways: 2,
      env: (_index, redis) => ({ REDIS_URL: redis.url, SEALGATE_CACHE_LEASE_MS: '2000' }),
    });
    clients = cluster.gateways.map(({ credentials }) => newClient(credentials, { maxAttempts: 1 }));
    await createBucket(cluster.gateways[0] as GatewayProcess, Bucket, { encryption: 'off' });
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    for (const agent of agents) await agent.stop();
    await cluster.stop();
  });

  test('a warm read asks the database nothing', async () => {
    await allOn();
    const [gateway] = cluster.gateways as [GatewayProcess];
    await put(0, 'warm', 'body');
    expect(await get(0, 'warm')).toBe('body');
    const versions = 'sealgate_cache_lookups_total{kind="version",outcome="hit"}';
    await expect.poll(async () => (await get(0, 'warm'), await metric(gateway, versions))).toBeGreaterThan(0);
    const asked = async () =>
      await Promise.all(
        ['currentVersion', 'bucket', 'credential'].map((operation) =>
          metric(gateway, `sealgate_database_duration_seconds_count{operation="${operation}",outcome="ok"}`),
        ),
      );
    const tenReads = async (): Promise<readonly number[]> => {
      const before = await asked();
      for (let i = 0; i < 10; i += 1) expect(await get(0, 'warm')).toBe('body');
      const after = await asked();
      return after.map((count, at) => count - (before[at] ?? 0));
    };
    // A process that stood still for longer than its lease asks once more; it does not go on asking.
    await until(tenReads, (more) => more.every((count) => count === 0), { what: 'ten reads without a question' });
  });

  test(
    'conditional writes, deletions, completions, reads and listings are linearizable while Redis dies, forgets and stands still',
    async () => {
      await allOn();
      const racing = CLIENTS / cluster.gateways.length;
      const racers = cluster.gateways.flatMap(({ credentials }) =>
        Array.from({ length: racing }, () => newClient(credentials, { maxAttempts: 1 })),
      );
      clients.push(...racers);
      if (seconds > 0) for (const name of ['first', 'second']) agents.push(await addAgent(name));
      const hitsBefore = await hits();
      const { history, outages } = await raceThroughOutages(racers);
      const found = (await hits()) - hitsBefore;
      const kinds = (['killed', 'stopped'] as const).map(
        (kind) => `${outages.filter((o) => o === kind).length} ${kind}`,
      );
      console.info(
        `races: ${history.size} operations, Redis ${kinds.join(', ')}, ${found} hits, ${history.failures.length} failures, SEED=${seed}`,
      );
      expect(brokenKeys(history), `replay with SEED=${seed}`).toEqual([]);
      // It was the cache that was tried, and a stale answer from it would have been seen.
      expect(found).toBeGreaterThan(0);
      // Redis is a cache: no request needs it.
      expect(history.failures).toEqual([]);
      const plantable = history.keys.flatMap((key) => {
        const stale = staleRead(history.operations(key));
        return stale === undefined ? [] : [checkRegister([...history.operations(key), stale]).ok];
      });
      // In a short race all operations of a key may overlap, and then nothing is provably stale.
      if (seconds > 0) expect(plantable.length).toBeGreaterThan(0);
      expect(plantable).not.toContain(true);
    },
    600_000 + 4 * seconds * 1000,
  );
});

/** A worker beside the gateways, which repairs what the race leaves owed. */
async function addAgent(id: string): Promise<AgentProcess> {
  const [gateway] = cluster.gateways as [GatewayProcess];
  const { enrolmentToken: token } = await admin<{ enrolmentToken: string }>(gateway, 'POST', '/admin/agents', { id });
  return await startAgent(gateway, id, { token, backends: Object.fromEntries(cluster.folders) });
}

async function hits(): Promise<number> {
  const line = 'sealgate_cache_lookups_total{kind="version",outcome="hit"}';
  const each = await Promise.all(cluster.gateways.map((gateway) => metric(gateway, line)));
  return each.reduce((sum, count) => sum + count, 0);
}

async function raceThroughOutages(
  racers: readonly S3Client[],
): Promise<{ readonly history: RaceHistory; readonly outages: readonly Outage[] }> {
  const history = createRaceHistory(KEYS);
  const deadline = performance.now() + seconds * 1000;
  const over = new AbortController();
  const outages: Outage[] = [];
  const hitsBefore = await hits();
  const strike = async (): Promise<void> => {
    const random = createRandom(seed);
    while (seconds > 0 ? performance.now() < deadline : outages.length < OUTAGES) {
      outages.push(await strikeRedis(cluster.redis, random, outages.length));
      await allOn();
    }
    // However slow the machine is: the cache was used.
    await expect.poll(hits).toBeGreaterThan(hitsBefore);
  };
  await Promise.all([
    strike().finally(() => {
      over.abort();
    }),
    ...racers.map(async (s3, index) => {
      const random = createRandom(seed + 1 + index);
      const racer: Racer = { s3, bucket: Bucket, name: `c${index}`, random, history, seen: new Map(), made: 0 };
      while (!over.signal.aborted) {
        if (random.below(10) < READS) await read(racer, random.pick(KEYS));
        else await race(racer);
      }
    }),
  ]);
  return { history, outages };
}
