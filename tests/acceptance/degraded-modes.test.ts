// What still works, what is refused and how it ends, when a part of the whole is away: docs/spec/degraded-modes.md.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  canMountSmallDisk,
  type GatewayCluster,
  hasRedis,
  ON_SMALL_DISK,
  startGatewayCluster,
} from '../support/cluster.ts';
import { untilStored } from '../support/copies.ts';
import { createBucket, type GatewayProcess } from '../support/gateway.ts';
import { until } from '../support/poll.ts';
import { newClient } from '../support/s3-client.ts';
import { bringBack } from '../support/stored-files.ts';

const missing = hasRedis() ? '' : ' (skipped: the program "redis-server" is missing)';
const noDisk = canMountSmallDisk() ? '' : ' (skipped: no small disk can be mounted here)';
const Bucket = 'plain';
const PATIENCE = { timeout: 120_000, interval: 100 };
const HOUR_MS = 3_600_000;
/** The wall clock of a process goes an hour ahead at each SIGUSR2; the monotonic one stays. */
const STEPPING_CLOCK = `data:text/javascript,${encodeURIComponent(`
  const Real = Date;
  let ahead = 0;
  globalThis.Date = class extends Real {
    constructor(...given) { if (given.length === 0) super(Real.now() + ahead); else super(...given); }
    static now() { return Real.now() + ahead; }
  };
  process.on('SIGUSR2', () => { ahead += ${HOUR_MS}; });
`)}`;

let cluster: GatewayCluster;
let gateways: readonly [GatewayProcess, GatewayProcess];
let clients: readonly [S3Client, S3Client];

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly fault: string;
  readonly rule: string;
  readonly retryAfter: string;
  readonly text: string;
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return {
    status: response.status,
    code: /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? '',
    fault: response.headers.get('x-sealgate-fault') ?? '',
    rule: response.headers.get('x-sealgate-rule') ?? '',
    retryAfter: response.headers.get('retry-after') ?? '',
    text,
  };
}

/** One request, one answer: no client that tries again. */
async function get(Key: string, at: 0 | 1 = 0): Promise<Answer> {
  return answerOf(await fetch(await getSignedUrl(clients[at], new GetObjectCommand({ Bucket, Key }))));
}

async function put(Key: string, body: string | Buffer, at: 0 | 1 = 0): Promise<Answer> {
  const url = await getSignedUrl(clients[at], new PutObjectCommand({ Bucket, Key }));
  return answerOf(await fetch(url, { method: 'PUT', body: typeof body === 'string' ? body : new Uint8Array(body) }));
}

async function ready(at: 0 | 1 = 0): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`${gateways[at].credentials.controlEndpoint}/readyz`);
  return { status: answer.status, text: await answer.text() };
}

async function metricsOf(at: 0 | 1): Promise<readonly string[]> {
  return (await (await fetch(`${gateways[at].credentials.controlEndpoint}/metrics`)).text()).split('\n');
}

async function metric(line: string, at: 0 | 1 = 0): Promise<number> {
  const found = (await metricsOf(at)).find((each) => each.startsWith(line));
  return Number(found?.split(' ').at(-1) ?? 0);
}

const cacheIs = (state: string, at: 0 | 1 = 0): Promise<number> => metric(`sealgate_cache_state{state="${state}"}`, at);
const backendIs = (backend: string, state: string, at: 0 | 1 = 0): Promise<number> =>
  metric(`sealgate_backend_state{backend="${backend}",state="${state}"}`, at);

async function allWell(): Promise<void> {
  for (const at of [0, 1] as const) {
    await expect.poll(() => cacheIs('on', at), PATIENCE).toBe(1);
    await expect.poll(async () => (await ready(at)).status, PATIENCE).toBe(200);
    for (const backend of cluster.folders.keys())
      await expect.poll(() => backendIs(backend, 'healthy', at), PATIENCE).toBe(1);
  }
}

const unavailable = (fault: string, retryAfter: string): Partial<Answer> => ({
  ...{ status: 503, code: 'ServiceUnavailable', fault, retryAfter },
});

describe.skipIf(missing !== '')(`degraded modes${missing}`, () => {
  beforeAll(async () => {
    cluster = await startGatewayCluster({
      gateways: 2,
      smallDisk: noDisk === '',
      env: (index, redis) => ({
        REDIS_URL: redis.url,
        SEALGATE_CACHE_LEASE_MS: '6000',
        SEALGATE_HEALTH_PROBE_INTERVAL_MS: '200',
        ...(index === 1 ? { NODE_OPTIONS: `--import ${STEPPING_CLOCK}` } : {}),
      }),
    });
    gateways = cluster.gateways as readonly [GatewayProcess, GatewayProcess];
    clients = [newClient(gateways[0].credentials), newClient(gateways[1].credentials)];
    await createBucket(gateways[0], Bucket, { encryption: 'off' });
  });
  afterAll(async () => {
    for (const client of clients) client.destroy();
    await cluster.stop();
  });

  test('without Redis: everything works from the database, and what was written meanwhile is what the cache then has', async () => {
    const { redis } = cluster;
    const outages = [
      { away: () => redis.kill(), back: () => redis.start() },
      {
        away: () => {
          redis.pause();
          return Promise.resolve();
        },
        back: () => {
          redis.resume();
          return Promise.resolve();
        },
      },
    ];
    for (const [n, { away, back }] of outages.entries()) {
      await allWell();
      expect((await put('shared', `before ${n}`)).status).toBe(200);
      expect((await get('shared', 1)).text).toBe(`before ${n}`);
      await away();
      expect((await put('shared', `during ${n}`)).status).toBe(200);
      for (const at of [1, 0] as const) expect((await get('shared', at)).text).toBe(`during ${n}`);
      await expect.poll(() => cacheIs('on'), PATIENCE).toBe(0);
      expect((await ready()).status).toBe(200);
      await back();
      await allWell();
      for (const at of [1, 0] as const) expect((await get('shared', at)).text).toBe(`during ${n}`);
    }
  });

  test('without some regions: one copy can be read, two places can acknowledge, and fewer refuse before the body', async () => {
    await allWell();
    const bodies = new Map(Array.from({ length: 8 }, (_, i) => [`spread-${i}`, `body ${i}`]));
    const readAll = async (): Promise<void> => {
      for (const [key, body] of bodies) expect(await get(key)).toMatchObject({ status: 200, text: body });
    };
    for (const [key, body] of bodies) expect((await put(key, body)).status).toBe(200);
    await untilStored(gateways[0], Bucket, bodies.keys());
    // Of four places with three copies each, two may go.
    const [first, second, third] = [...cluster.folders.keys()].filter((id) => id !== ON_SMALL_DISK);
    const lose = async (backend = ''): Promise<void> => {
      const folder = cluster.folders.get(backend) ?? '';
      renameSync(folder, `${folder}.away`);
      await expect.poll(() => backendIs(backend, 'unhealthy'), PATIENCE).toBe(1);
    };

    await lose(first);
    await readAll();
    expect((await put('one-away', 'body')).status).toBe(200);
    await lose(second);
    await readAll();
    expect((await put('two-away', 'body')).status).toBe(200);
    expect((await ready()).status).toBe(200);

    await lose(third);
    const url = await getSignedUrl(clients[0], new PutObjectCommand({ Bucket, Key: 'refused' }));
    const slow = request(url, { method: 'PUT', headers: { 'content-length': 600_000 } });
    const answered = once(slow, 'response') as Promise<[IncomingMessage]>;
    slow.on('error', () => undefined);
    slow.flushHeaders();
    const [refused] = await answered;
    slow.destroy();
    expect(refused.statusCode).toBe(503);
    expect(refused.headers).toMatchObject({ 'x-sealgate-fault': 'NoLegalPlacement', 'retry-after': '5' });
    expect(refused.headers['x-sealgate-rule']).toMatch(/^class\.StandardClass\./);

    for (const backend of [first, second, third]) {
      const folder = cluster.folders.get(backend ?? '') ?? '';
      bringBack(`${folder}.away`, folder);
    }
    await allWell();
    await readAll();
    expect((await put('all-back', 'body')).status).toBe(200);
  });

  test.skipIf(noDisk !== '')(
    `with a full disk: the others acknowledge, and what is on it is read${noDisk}`,
    async () => {
      await allWell();
      const filler = join(cluster.folders.get(ON_SMALL_DISK) ?? '', 'filler');
      const fill = (): void => {
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(64 * 1024), { flag: 'a' });
        } catch {
          // Full.
        }
      };
      expect((await put('early', 'body')).status).toBe(200);
      fill();
      const calls = `sealgate_backend_calls_total{backend="${ON_SMALL_DISK}"`;
      const full = async (): Promise<readonly string[]> =>
        (await metricsOf(0)).filter((line) => line.startsWith(calls) && line.includes('outcome="BackendFull"'));
      const body = randomBytes(256 * 1024);
      let written = 0;
      // Whoever of the writes chose it finds it full; afterwards none does for a while.
      await until(
        async () => {
          expect((await put(`large-${written++}`, body)).status).toBe(200);
          return await full();
        },
        (lines) => lines.length > 0,
        { what: 'a write that finds the disk full' },
      );
      await expect.poll(() => backendIs(ON_SMALL_DISK, 'healthy'), PATIENCE).toBe(1);
      expect(await get('early')).toMatchObject({ status: 200, text: 'body' });
      for (let i = 0; i < written; i += 1) expect((await get(`large-${i}`)).status).toBe(200);
      rmSync(filler);
    },
  );

  // After those that end the cache: a change that the database did not answer keeps a new one waiting until it cannot land.
  test('without the database: what is cached is read for a lease, all else is refused, and nobody has to restart', async () => {
    await allWell();
    expect((await put('hot', 'body')).status).toBe(200);
    expect((await put('cold', 'body')).status).toBe(200);
    const hits = () => metric('sealgate_cache_lookups_total{kind="version",outcome="hit"}');
    await until(
      async () => (await get('hot'), await hits()),
      (n) => n > 0,
      { what: 'a hit' },
    );

    const stopped = cluster.database.stop();
    // A key of its own each time, of which nothing is cached. The lease is as young as it can be then, however long the
    // server takes to its end.
    let asked = 0;
    await until(
      () => get(`nothing-${asked++}`),
      ({ status }) => status === 503,
      { what: 'a gateway without a database' },
    );
    expect(await get('hot')).toMatchObject({ status: 200, text: 'body' });
    expect(await get('cold')).toMatchObject(unavailable('DatabaseUnavailable', '2'));
    expect(await put('hot', 'other')).toMatchObject(unavailable('DatabaseUnavailable', '2'));
    await stopped;
    expect(await ready()).toMatchObject({ status: 503, text: expect.stringContaining('database') as string });
    await expect.poll(() => cacheIs('expired'), PATIENCE).toBe(1);
    expect(await get('hot')).toMatchObject(unavailable('DatabaseUnavailable', '2'));

    await cluster.database.start();
    await allWell();
    for (const at of [0, 1] as const) {
      expect(await get('hot', at)).toMatchObject({ status: 200, text: 'body' });
      expect(await put(`after-${at}`, 'body', at)).toMatchObject({ status: 200 });
    }
  });
  // The last one: the clock stays where it is.
  test('clock steps: a client a quarter of an hour off is refused, a gateway an hour off serves whoever signs by its clock', async () => {
    await allWell();
    const at = async (offsetMs: number, gateway: 0 | 1): Promise<string> => {
      const s3 = newClient(gateways[gateway].credentials, { systemClockOffset: offsetMs, maxAttempts: 1 });
      const body = `clock ${offsetMs} at ${gateway}`;
      try {
        await s3.send(new PutObjectCommand({ Bucket, Key: 'clock', Body: body }));
        return body;
      } catch (error) {
        return (error as Error).name;
      } finally {
        s3.destroy();
      }
    };
    const minutes = 60_000;
    for (const offset of [-14 * minutes, 14 * minutes]) expect(await at(offset, 0)).toContain('clock');
    for (const offset of [-16 * minutes, 16 * minutes]) expect(await at(offset, 0)).toBe('RequestTimeTooSkewed');

    process.kill(gateways[1].pid, 'SIGUSR2');
    await until(
      () => at(0, 1),
      (answer) => answer === 'RequestTimeTooSkewed',
      { what: 'the step' },
    );
    // Leases and the order of versions do not go by that clock: what the last writer wrote is what both show.
    const byStepped = await at(HOUR_MS, 1);
    expect(byStepped).toContain('clock');
    expect((await get('clock')).text).toBe(byStepped);
    const byOther = await at(0, 0);
    expect((await get('clock')).text).toBe(byOther);
    const reader = newClient(gateways[1].credentials, { systemClockOffset: HOUR_MS, maxAttempts: 1 });
    const { Body } = await reader.send(new GetObjectCommand({ Bucket, Key: 'clock' }));
    expect(await Body?.transformToString()).toBe(byOther);
    reader.destroy();
    expect(await cacheIs('on', 1)).toBe(1);
    expect((await ready(1)).status).toBe(200);
  });
});
