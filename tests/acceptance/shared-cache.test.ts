// Several gateways on one PostgreSQL and one Redis.
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayCluster, hasRedis, startGatewayCluster } from '../support/cluster.ts';
import { createBucket, type GatewayProcess } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

const missing = hasRedis() ? '' : ' (skipped: the program "redis-server" is missing)';
const Bucket = 'plain';

let cluster: GatewayCluster;
let clients: S3Client[];

async function metric(gateway: GatewayProcess, line: string): Promise<number> {
  const text = await (await fetch(`${gateway.credentials.controlEndpoint}/metrics`)).text();
  const found = text.split('\n').find((each) => each.startsWith(line));
  return Number(found?.split(' ').at(-1) ?? 0);
}

const stateOf = (gateway: GatewayProcess, state: string): Promise<number> =>
  metric(gateway, `sealgate_cache_state{state="${state}"}`);

async function allOn(): Promise<void> {
  for (const gateway of cluster.gateways) {
    await expect.poll(() => stateOf(gateway, 'on'), { timeout: 30_000 }).toBe(1);
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
    const before = await asked();
    for (let i = 0; i < 10; i += 1) expect(await get(0, 'warm')).toBe('body');
    expect(await asked()).toEqual(before);
  });
});
