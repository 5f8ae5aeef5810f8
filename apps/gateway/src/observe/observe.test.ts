import { Writable } from 'node:stream';
import { Fault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { Metadata } from '@sealgate/core/ports';
import { loggerOn } from '@sealgate/runtime/log';
import { fakeClock, settle } from '@sealgate/runtime/testing';
import { expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';
import { timedMetadata } from './timed-metadata.ts';
import { watchDatabase } from './watch-database.ts';

function captured() {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  return { logger: loggerOn(stream, 'trace'), text: () => lines.join('') };
}

it('keeps secrets out of the log wherever they lie', () => {
  const { logger, text } = captured();
  const secret = 'swordfish';
  logger.info({ secretAccessKey: secret, backend: { credentials: { secretAccessKey: secret } } }, 'a');
  logger.info({ headers: { authorization: secret, 'x-admin-key': secret } }, 'b');
  logger.info({ req: { headers: { 'x-amz-security-token': secret, cookie: secret } }, databaseUrl: secret }, 'c');
  expect(text()).not.toContain(secret);
  expect(text().match(/\[secret\]/g)?.length).toBeGreaterThanOrEqual(6);
});

it('logs a fault with its causes, and a stack only of what nobody expected', () => {
  const { logger, text } = captured();
  const cause = Object.assign(new Error('ECONNREFUSED 10.1.2.3'), { code: 'ECONNREFUSED' });
  logger.warn({ err: new Fault('BackendUnreachable', 'The storage location cannot be reached.', { cause }) }, 'x');
  const { err } = JSON.parse(text()) as { err: Record<string, unknown> };
  expect(err).toMatchObject({ code: 'BackendUnreachable', cause: { code: 'ECONNREFUSED' } });
  expect(err).not.toHaveProperty('stack');
});

it('counts requests, acks and backends', async () => {
  const metrics = createMetrics();
  const backend = 'demo-hel' as BackendId;
  metrics.inFlight('s3', 1);
  metrics.request({ listener: 's3', operation: 'PutObject', status: 200, durationMs: 12, bytesIn: 5, bytesOut: 0 });
  metrics.engineEvents.acked('StandardClass', 2, 3);
  metrics.engineEvents.replicaDetached(backend);
  metrics.backend(backend, { state: 'degraded', latencyMs: 20, availability: 0.5, bytesPerSecond: undefined });
  const text = await metrics.registry.metrics();
  for (const line of [
    'sealgate_requests_total{listener="s3",operation="PutObject",status="200"} 1',
    'sealgate_request_bytes_total{listener="s3",direction="in"} 5',
    'sealgate_requests_in_flight{listener="s3"} 1',
    'sealgate_acks_total{class="StandardClass",copies="2",width="3"} 1',
    'sealgate_detached_replicas_total{backend="demo-hel"} 1',
    'sealgate_backend_state{backend="demo-hel",state="degraded"} 1',
    'sealgate_backend_state{backend="demo-hel",state="healthy"} 0',
    'sealgate_backend_latency_seconds{backend="demo-hel"} 0.02',
    'sealgate_backend_availability_ratio{backend="demo-hel"} 0.5',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  metrics.forgetBackend(backend);
  expect(await metrics.registry.metrics()).not.toContain('sealgate_backend_state{backend="demo-hel"');
});

it('times the database, and does not take its refusals for failures', async () => {
  const noted: unknown[] = [];
  const clock = fakeClock();
  const failing = (code: 'Conflict' | 'DatabaseUnavailable') => () => Promise.reject(new Fault(code, 'x'));
  const metadata = { ping: failing('DatabaseUnavailable'), createTenant: failing('Conflict') } as unknown as Metadata;
  const timed = timedMetadata(metadata, { database: (...sample) => noted.push(sample) }, clock);
  await expect(timed.ping()).rejects.toThrow();
  await expect(timed.createTenant({} as never, {} as never)).rejects.toThrow();
  expect(noted).toEqual([
    ['ping', 0, false],
    ['createTenant', 0, true],
  ]);
});

it('looks at queues from time to time, also after the database was away', async () => {
  const clock = fakeClock();
  const depths = new Map<string, number>();
  const jobs: unknown[] = [];
  const stats = { kind: 'repair', waiting: 2, active: 1, dead: 0, oldestMs: 5 } as const;
  let looks = 0;
  const stop = watchDatabase({
    clock,
    queues: true,
    metrics: {
      poolWaits: () => undefined,
      queueDepth: (queue, depth) => depths.set(queue, depth),
      jobs: (stats) => jobs.push(stats),
    },
    status: {
      connections: () => ({ open: 1, idle: 1, waiting: 0 }),
      jobStats: () => Promise.resolve([stats]),
      queueDepths: () => {
        looks += 1;
        return looks === 1
          ? Promise.reject(new Error('away'))
          : Promise.resolve({ deletions: 3, repairs: 2, givenUp: 1, events: 6, deliveries: 5, deadLetters: 4 });
      },
    },
  });
  await settle();
  clock.advance(10_000);
  await settle();
  expect(Object.fromEntries(depths)).toEqual({
    deletions: 3,
    repairs: 2,
    'repairs-given-up': 1,
    events: 6,
    deliveries: 5,
    'dead-letters': 4,
  });
  expect(jobs).toEqual([stats]);
  stop();
  clock.advance(60_000);
  await settle();
  expect(looks).toBe(2);
});
