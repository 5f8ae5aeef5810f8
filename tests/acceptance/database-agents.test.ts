// Gateways that do no background work, and agents on the same PostgreSQL that do all of it.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GatewayCluster, hasRedis, startGatewayCluster } from '../support/cluster.ts';
import { admin, createBucket, type GatewayProcess } from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { newClient } from '../support/s3-client.ts';

interface Job {
  readonly id: string;
}

const missing = hasRedis() ? '' : ' (skipped: the program "redis-server" is missing)';
const OBJECTS = 150;
const Bucket = 'tasks';
const PATIENCE = { timeoutMs: 90_000 };
const HURRIED = {
  SEALGATE_CACHE_LEASE_MS: '2000',
  SEALGATE_DELETION_GRACE_SECONDS: '60',
  SEALGATE_RECONCILE_INTERVAL_SECONDS: '1',
  SEALGATE_SCRUB_BYTES_PER_SECOND: '1000000000',
  SEALGATE_SCRUB_INTERVAL_SECONDS: '1',
  SEALGATE_LIFECYCLE_DAY_SECONDS: '2',
  SEALGATE_LIFECYCLE_INTERVAL_SECONDS: '1',
  SEALGATE_METADATA_BACKUP_INTERVAL_SECONDS: '0',
};
let cluster: GatewayCluster;
let gateway: GatewayProcess;
let env: Record<string, string>;
let clients: S3Client[];
const bodies = new Map(Array.from({ length: OBJECTS }, (_, i) => [`object-${i}`, randomBytes(2000)]));

const filesIn = (backend: string): string[] => {
  const folder = cluster.folders.get(backend) ?? '';
  return existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /^[0-9a-f-]{36}\.\d+$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name))
    : [];
};
const blobOf = (file: string): string => basename(file).split('.', 1)[0] ?? '';
const allFiles = (): string[] => [...cluster.folders.keys()].flatMap(filesIn);
/** Blobs whose objects are deleted; their bytes stay for a minute. */
const doomed = new Set<string>();
const live = (): string[] => allFiles().filter((file) => !doomed.has(blobOf(file)));
const jobs = async (state: string): Promise<readonly Job[]> =>
  (await admin<{ items: readonly Job[] }>(gateway, 'GET', `/proxy/jobs?kind=repair&limit=1000&state=${state}`)).items;
const get = async (at: number, Key: string): Promise<Buffer | undefined> => {
  try {
    const { Body } = await (clients[at] as S3Client).send(new GetObjectCommand({ Bucket, Key }));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return undefined;
    throw error;
  }
};
const readAll = async (): Promise<void> => {
  for (const [key, body] of bodies) expect((await get(1, key))?.equals(body), key).toBe(true);
};
/** Everything has its three copies, and nobody has anything to do. */
const whole = async (): Promise<void> => {
  await until(
    () => Promise.resolve(live().length),
    (count) => count === 3 * bodies.size,
    { what: 'all copies', ...PATIENCE },
  );
  await until(
    async () => (await jobs('waiting')).length + (await jobs('active')).length,
    (left) => left === 0,
    {
      what: 'no jobs left',
      ...PATIENCE,
    },
  );
};
function empty(backend: string): number {
  const files = filesIn(backend).filter((file) => !doomed.has(blobOf(file)));
  for (const file of files) rmSync(file);
  return files.length;
}
describe.skipIf(missing !== '')(`agents over the database${missing}`, () => {
  beforeAll(async () => {
    cluster = await startGatewayCluster({
      gateways: 2,
      env: (_index, redis) => ({
        ...HURRIED,
        REDIS_URL: redis.url,
        SEALGATE_BACKGROUND_WORK: 'false',
      }),
    });
    env = { ...HURRIED, REDIS_URL: cluster.redis.url, SEALGATE_BACKGROUND_WORK: 'false' };
    gateway = cluster.gateways[0] as GatewayProcess;
    clients = cluster.gateways.map(({ credentials }) => newClient(credentials));
    await createBucket(gateway, Bucket, { encryption: 'off' });
    const [s3] = clients as [S3Client];
    for (const [Key, Body] of bodies) await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await cluster.stop();
  });

  test('two agents expire, delete, scrub, repair and drain; gateways never answer from before', {
    timeout: 300_000,
  }, async () => {
    const [s3] = clients as [S3Client];
    const known = new Set(allFiles().map(blobOf));
    const passing = ['old/1', 'old/2', ...Array.from({ length: 10 }, (_, i) => `gone/${i}`)];
    for (const Key of passing) await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'old' }));
    for (const blob of allFiles().map(blobOf)) if (!known.has(blob)) doomed.add(blob);
    expect(doomed.size).toBe(passing.length);
    await s3.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: {
          Rules: [{ ID: 'old', Status: 'Enabled', Filter: { Prefix: 'old/' }, Expiration: { Days: 1 } }],
        },
      }),
    );
    expect(await get(0, 'old/1')).toEqual(Buffer.from('old'));
    const agents = [await cluster.addAgent(env), await cluster.addAgent(env)];
    // What an agent expired is gone for every gateway at once, also where it was read just before.
    const listed = async () => {
      await get(0, 'old/1');
      const seen = await (clients[1] as S3Client).send(new ListObjectsV2Command({ Bucket, Prefix: 'old/1' }));
      return seen.KeyCount;
    };
    await until(listed, (count) => count === 0, { what: 'the end of what is old', ...PATIENCE });
    expect(await get(0, 'old/1')).toBeUndefined();
    await until(
      () => get(0, 'old/2'),
      (body) => body === undefined,
      { what: 'the end of the other', ...PATIENCE },
    );

    for (const Key of passing.slice(2)) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    await whole();
    const lost = empty('place-hel');
    expect(lost).toBeGreaterThan(0);
    await whole();
    expect((await jobs('done')).length).toBeGreaterThanOrEqual(lost);
    await readAll();

    await admin(gateway, 'POST', '/admin/backends/place-ams/drain');
    await until(
      () => Promise.resolve(filesIn('place-ams').filter((file) => !doomed.has(blobOf(file))).length),
      (left) => left === 0,
      { what: 'the drain', ...PATIENCE },
    );
    await whole();
    await readAll();
    await admin(gateway, 'POST', '/admin/backends/place-ams/resume');
    await until(
      () => Promise.resolve(allFiles().length - live().length),
      (left) => left === 0,
      { what: 'the deletion of what is deleted', ...PATIENCE },
    );
    for (const agent of agents) expect(await agent.stop()).toBe(0);
    // Gateways did nothing of it.
    const text = await (await fetch(`${gateway.credentials.controlEndpoint}/metrics`)).text();
    expect(text).not.toMatch(/sealgate_background_\w+\{/);
  });
});
