// Gateways that do no background work, and agents on the same PostgreSQL that do all of it.
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AgentProcess } from '../support/agent.ts';
import { type GatewayCluster, hasRedis, startGatewayCluster } from '../support/cluster.ts';
import { untilStored } from '../support/copies.ts';
import { admin, createBucket, type GatewayProcess } from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { newClient } from '../support/s3-client.ts';
import { filesBelow } from '../support/stored-files.ts';

interface Job {
  readonly id: string;
  readonly worker: string | null;
  readonly attempts: number;
  readonly last_error: string | null;
}

const missing = hasRedis() ? '' : ' (skipped: the program "redis-server" is missing)';
const OBJECTS = 150;
const Bucket = 'tasks';
const ASKED = 'asked';
const ASKED_OBJECTS = 60;
const PATIENCE = { timeoutMs: 150_000 };
const HURRIED = {
  SEALGATE_CACHE_LEASE_MS: '2000',
  SEALGATE_DELETION_GRACE_SECONDS: '60',
  SEALGATE_RECONCILE_INTERVAL_SECONDS: '1',
  SEALGATE_SCRUB_BYTES_PER_SECOND: '1000000000',
  SEALGATE_SCRUB_INTERVAL_SECONDS: '1',
  SEALGATE_LIFECYCLE_DAY_SECONDS: '2',
  SEALGATE_LIFECYCLE_INTERVAL_SECONDS: '1',
  SEALGATE_METADATA_BACKUP_INTERVAL_SECONDS: '0',
  SEALGATE_AUDIT_ARCHIVE_SECONDS: '0',
};
/** Longer than any test: what is not handed back stays. */
const LONG_LEASE = { SEALGATE_REPAIR_LEASE_SECONDS: '900', SEALGATE_DRAIN_TIMEOUT_MS: '0' };
const SHORT_LEASE = { SEALGATE_REPAIR_LEASE_SECONDS: '3', SEALGATE_SCRUB_BYTES_PER_SECOND: '0' };
/** So that a scrub is under way for as long as the test wants. */
const SLOW_SCRUB = { SEALGATE_SCRUB_BYTES_PER_SECOND: '20000' };
const TWO_FIGURES = { bytesPerSecond: 256 * 1024, concurrency: 1 };
let cluster: GatewayCluster;
let gateway: GatewayProcess;
let env: Record<string, string>;
let clients: S3Client[];
const bodies = new Map(Array.from({ length: OBJECTS }, (_, i) => [`object-${i}`, randomBytes(2000)]));

const filesIn = (backend: string): string[] =>
  filesBelow(cluster.folders.get(backend) ?? '', { mayBeMissing: true }).filter((file) =>
    /^[0-9a-f-]{36}\.\d+$/.test(basename(file)),
  );
const blobOf = (file: string): string => basename(file).split('.', 1)[0] ?? '';
const allFiles = (): string[] => [...cluster.folders.keys()].flatMap(filesIn);
/** Blobs whose objects are deleted; their bytes stay for a minute. */
const doomed = new Set<string>();
const live = (): string[] => allFiles().filter((file) => !doomed.has(blobOf(file)));
const jobs = async (state: string, kind = 'repair'): Promise<readonly Job[]> =>
  (await admin<{ items: readonly Job[] }>(gateway, 'GET', `/proxy/jobs?kind=${kind}&limit=1000&state=${state}`)).items;
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
/** The one of the four places that has no copy of it yet. */
async function freePlace(key: string): Promise<string> {
  const path = `/admin/stat/${gateway.credentials.tenant}/${ASKED}?key=${key}`;
  const { blobs } = await admin<{ blobs: { replicas: { backend: string }[] }[] }>(gateway, 'GET', path);
  const taken = blobs[0]?.replicas.map(({ backend }) => backend) ?? [];
  return [...cluster.folders.keys()].find((id) => !taken.includes(id)) ?? '';
}
const limitAll = async (limits: object): Promise<void> => {
  for (const id of cluster.folders.keys())
    await admin(gateway, 'PUT', `/admin/backends/${id}/background-limits`, limits);
};
const heldBy = async ({ child }: AgentProcess): Promise<readonly Job[]> =>
  (await jobs('active', 'replicate')).filter(({ worker }) => worker?.endsWith(`/${child.pid}`));
const untilHolding = (agent: AgentProcess): Promise<readonly Job[]> =>
  until(
    () => heldBy(agent),
    (held) => held.length > 0,
    { what: 'an agent that holds jobs', ...PATIENCE },
  );
async function query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
  const client = new Client({ connectionString: cluster.database.url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}
/** Walks that somebody has at the moment. */
const walksHeld = async (): Promise<readonly string[]> =>
  (await query<{ name: string }>('SELECT name FROM sealgate.cursors WHERE leased_until > now()')).map(
    ({ name }) => name,
  );
/** How often a copy of a blob was said to be stored after its write, by what the log has of it. */
const marked = async (blobs: readonly string[]): Promise<readonly number[]> => {
  const sql = `SELECT blob_id, count(*)::integer AS times FROM sealgate.audit_log
    WHERE action = 10 AND get_byte(replicas, 3) = ascii('s') AND blob_id = ANY($1::uuid[]) GROUP BY blob_id`;
  return (await query<{ times: number }>(sql, [blobs])).map(({ times }) => times);
};

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

  test('two agents expire, delete, scrub, repair and drain; gateways never answer from before', async () => {
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

  test('SIGTERM hands back at once; kill -9 and a pause beyond the lease lose nothing and double nothing', async () => {
    const earlier = new Set(allFiles());
    const files = () => allFiles().filter((file) => !earlier.has(file));
    await createBucket(gateway, ASKED, { encryption: 'off' });
    const keys = Array.from({ length: ASKED_OBJECTS }, (_, i) => `asked-${i}`);
    // By the limits below all copies together take half a minute: whoever takes some of them finds some, however slow the machine.
    const body = randomBytes(200_000);
    for (const Key of keys)
      await (clients[0] as S3Client).send(new PutObjectCommand({ Bucket: ASKED, Key, Body: body }));
    await until(
      () => Promise.resolve(files().length),
      (count) => count === 3 * ASKED_OBJECTS,
      { what: 'three copies of each', ...PATIENCE },
    );
    await untilStored(gateway, ASKED, keys);
    const blobs = [...new Set(files().map(blobOf))];
    const before = (await marked(blobs)).reduce((sum, times) => sum + times, 0);
    // Slow on purpose: an agent that has jobs has them for a while.
    await limitAll(TWO_FIGURES);
    for (const object_key of keys) {
      const of = { tenant: gateway.credentials.tenant, bucket: ASKED, object_key };
      await admin(gateway, 'POST', '/proxy/jobs', { ...of, target_backends: [await freePlace(object_key)] });
    }
    expect(await jobs('waiting', 'replicate')).toHaveLength(ASKED_OBJECTS);

    const handing = await cluster.addAgent({ ...env, ...SLOW_SCRUB, ...LONG_LEASE });
    const handedBack = new Set((await untilHolding(handing)).map(({ id }) => id));
    expect(await handing.ask('/readyz')).toMatchObject({ status: 200 });
    expect((await handing.ask('/metrics')).text).toMatch(/^sealgate_jobs\{kind="replicate",state="waiting"\} \d+$/m);
    await until(walksHeld, (held) => held.includes('scrub'), { what: 'a scrub under way', ...PATIENCE });
    expect(await handing.stop()).toBe(0);
    expect(await jobs('active', 'replicate')).toEqual([]);
    expect(await walksHeld()).toEqual([]);

    const killed = await cluster.addAgent({ ...env, ...SHORT_LEASE });
    await untilHolding(killed);
    await killed.kill();
    const paused = await cluster.addAgent({ ...env, ...SHORT_LEASE });
    await untilHolding(paused);
    paused.child.kill('SIGSTOP');
    const others = [
      await cluster.addAgent({ ...env, ...SHORT_LEASE }),
      await cluster.addAgent({ ...env, ...SHORT_LEASE }),
    ];
    await limitAll({ bytesPerSecond: null, concurrency: null });
    const done = await until(
      () => jobs('done', 'replicate'),
      (those) => those.length === ASKED_OBJECTS,
      { what: 'the end of all jobs', ...PATIENCE },
    );
    const whole = files().sort();
    expect(whole).toHaveLength(4 * ASKED_OBJECTS);
    // The paused one wakes up with leases that are over: it changes nothing of what the others did.
    paused.child.kill('SIGCONT');
    expect(await paused.stop()).toBe(0);
    expect(files().sort()).toEqual(whole);
    expect(await jobs('done', 'replicate')).toEqual(done);
    // Every copy was counted once, whoever began it; and none failed, was done again or was lost.
    expect((await marked(blobs)).reduce((sum, times) => sum + times, 0)).toBe(before + ASKED_OBJECTS);
    expect(done.filter(({ attempts, last_error }) => attempts !== 1 || last_error !== null)).toEqual([]);
    expect(done.filter(({ id }) => handedBack.has(id))).toHaveLength(handedBack.size);
    for (const Key of keys) {
      const { Body } = await (clients[1] as S3Client).send(new GetObjectCommand({ Bucket: ASKED, Key }));
      expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(body), Key).toBe(true);
    }
    for (const agent of others) expect(await agent.stop()).toBe(0);
  });
});
