import { once } from 'node:events';
import { Readable } from 'node:stream';
import { createMemoryDriver } from '@sealgate/backends/memory';
import { type PhysicalBucketName, parseBackendId, physicalBucketName } from '@sealgate/core/names';
import type { BackendDriver, BackendUsageEvent } from '@sealgate/core/ports';
import { createVirtualClock } from '@sealgate/testkit';
import { describe, expect, it } from 'vitest';
import { createBackendMeter } from './backend-meter.ts';

const backend = parseBackendId('b1');
const bucket: PhysicalBucketName = physicalBucketName({ tenant: 't', region: 'r', bucket: 'b', backend, counter: 0 });
const { signal } = new AbortController();

function setUp(more: (driver: BackendDriver) => Partial<BackendDriver> = () => ({})) {
  const clock = createVirtualClock();
  const appended: (readonly BackendUsageEvent[])[] = [];
  const state = { down: false };
  const meter = createBackendMeter({
    metadata: {
      appendBackendUsage(events) {
        if (state.down) return Promise.reject(new Error('away'));
        appended.push(events);
        return Promise.resolve();
      },
    },
    clock,
    logger: { debug: () => undefined, warn: () => undefined },
  });
  const memory = createMemoryDriver({ clock });
  const driver = meter.watch(backend, { ...memory, ...more(memory) });
  /** `<bucket or -> <class or -> <metric>` to what was appended of it. */
  const sums = () => {
    const all = new Map<string, number>();
    for (const event of appended.flat()) {
      const name = `${event.bucket === null ? '-' : 'b'} ${event.redundancyClass ?? '-'} ${event.metric}`;
      all.set(name, (all.get(name) ?? 0) + event.amount);
    }
    return Object.fromEntries(all);
  };
  return { clock, appended, state, meter, driver, sums };
}

describe('what backends are asked for', () => {
  it('is counted by kind, bucket and class, and appended every five seconds', async () => {
    const { clock, appended, meter, driver, sums } = setUp((memory) => ({
      ...memory,
      retain: () => Promise.resolve(),
      retention: () => Promise.resolve(undefined),
      hasObjectLock: () => Promise.resolve(false),
    }));
    await driver.ensureBucket(bucket, { signal });
    const redundancyClass = 'StandardClass';
    await driver.put(bucket, 'b/1', { body: Buffer.alloc(1000), bytes: 1000, signal, redundancyClass });
    await driver.put(bucket, 'b/2', { body: Readable.from([Buffer.alloc(500)]), bytes: 500, signal });
    await driver.put(bucket, 'b/2', { body: Buffer.alloc(500), bytes: 500, signal }).catch(() => undefined);
    await driver.head(bucket, 'b/1', { signal });
    const { body } = await driver.get(bucket, 'b/1', { signal, redundancyClass, range: { start: 100, end: 299 } });
    expect(await body.reduce((sum: number, chunk: Buffer) => sum + chunk.length, 0)).toBe(200);
    await driver.get(bucket, 'gone', { signal }).catch(() => undefined);
    await driver.list(bucket, { signal, limit: 10 });
    await driver.retain?.(bucket, 'b/1', { signal, untilMs: 1 });
    await driver.retention?.(bucket, 'b/1', { signal });
    expect(await driver.hasObjectLock?.(bucket, { signal })).toBe(false);
    await driver.delete(bucket, 'b/1', { signal });
    await driver.ping({ signal });
    expect(appended).toEqual([]);
    await clock.advance(5_000);
    expect(sums()).toEqual({
      'b - puts': 4,
      'b - sent': 500,
      'b StandardClass puts': 1,
      'b StandardClass sent': 1000,
      'b - gets': 4,
      'b StandardClass gets': 1,
      'b StandardClass received': 200,
      'b - lists': 1,
      'b - deletes': 1,
      '- - gets': 1,
    });
    await driver.delete(bucket, 'b/2', { signal });
    await meter.close();
    expect(sums()).toMatchObject({ 'b - deletes': 2 });
  });

  it('has the bytes that came of a read that was given up, and no others', async () => {
    const source = new Readable({ read: () => undefined });
    const { driver, meter, sums } = setUp(() => ({
      get: () => {
        // Part of it is there before anybody has the stream.
        source.push(Buffer.alloc(10));
        return Promise.resolve({ bytes: 100, totalBytes: 100, body: source });
      },
    }));
    const { body } = await driver.get(bucket, 'b/1', { signal });
    source.push(Buffer.alloc(20));
    body.destroy();
    await once(body, 'close');
    await meter.close();
    expect(sums()).toEqual({ 'b - gets': 1, 'b - received': 30 });
  });

  it('is kept while the database takes nothing', async () => {
    const { clock, state, driver, sums } = setUp();
    state.down = true;
    await driver.list(bucket, { signal, limit: 1 });
    await clock.advance(5_000);
    await driver.list(bucket, { signal, limit: 1 });
    await clock.advance(5_000);
    expect(sums()).toEqual({});
    state.down = false;
    await clock.advance(5_000);
    expect(sums()).toEqual({ 'b - lists': 2 });
  });

  it('leaves out what a driver has not, so that nobody takes it for able', () => {
    const { driver } = setUp();
    const optional = ['presignPut', 'retain', 'retention', 'hasObjectLock'] as const;
    for (const name of optional) expect(Object.keys(driver)).not.toContain(name);
    const able = setUp(() => ({
      presignPut: () => undefined,
      retain: () => Promise.resolve(),
      retention: () => Promise.resolve(undefined),
      hasObjectLock: () => Promise.resolve(true),
    })).driver;
    for (const name of optional) expect(Object.keys(able)).toContain(name);
  });
});
