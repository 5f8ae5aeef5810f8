import { Fault } from '@sealgate/core/faults';
import type { PhysicalBucketName } from '@sealgate/core/names';
import { builtinPolicy } from '@sealgate/core/policy';
import { type BackendDriver, type BackendPool, type Bucket, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import { createVirtualClock } from '@sealgate/testkit';
import { createMetadataWorld } from '@sealgate/testkit/contracts';
import { createMemoryMetadata } from '@sealgate/testkit/metadata-memory';
import { expect, test } from 'vitest';
import { silentEvents } from '../events.ts';
import { defaultEngineLimits } from '../limits.ts';
import { backend } from '../testing/fixtures.ts';
import { pushLocksDue } from './push-locks-due.ts';

const { signal } = new AbortController();

interface Told {
  readonly backend: string;
  readonly bucket: string;
  readonly untilMs: number;
}

/** Three copies of each version: two on backends with object lock, one on a backend without. */
async function scene(pushesLocks: boolean) {
  const clock = createVirtualClock();
  const metadata = createMemoryMetadata({ clock, pendingGraceMs: 0 });
  const world = createMetadataWorld(() => ({ metadata, now: () => clock.now(), close: () => Promise.resolve() }));
  const bucket = await world.bucket('off', { objectLock: true });
  const ids = (await world.backends()).map(({ id }) => id);
  const backends = ids.map((id, index) => backend(id, { capabilities: { objectLock: index < 2 } }));
  const told: Told[] = [];
  const failures = new Map<string, Fault>();
  const driverOf = (id: string): BackendDriver =>
    ({
      retain: (name: string, _key: string, { untilMs }: { untilMs: number }) => {
        const failure = failures.get(id);
        if (failure !== undefined) return Promise.reject(failure);
        told.push({ backend: id, bucket: name, untilMs });
        return Promise.resolve();
      },
    }) as Partial<BackendDriver> as BackendDriver;
  const refused: string[] = [];
  const deps = {
    metadata,
    clock,
    limits: { ...defaultEngineLimits, lockPushLeaseMs: 1000 },
    pool: { all: () => backends, driver: driverOf } as Partial<BackendPool> as BackendPool,
    events: { ...silentEvents, lockNotPushed: (id: string, fault: Fault) => void refused.push(`${id} ${fault.code}`) },
    physical: {
      ensure: () => Promise.reject(new Error('not asked for')),
      find: (_bucket: number, id: string) => Promise.resolve(`at-${id}` as PhysicalBucketName),
      doubt: () => undefined,
    },
    policies: { forBucket: () => Promise.resolve({ ...builtinPolicy, pushesLocks }) },
  };
  const untilMs = clock.now() + 3_600_000;
  const put = (into: Bucket = bucket) =>
    world.put(into, 'key', {
      attributes: { ...PLAIN_ATTRIBUTES, retention: { mode: 'COMPLIANCE', untilMs } },
    });
  const [first, second] = ids as [(typeof ids)[0], (typeof ids)[0]];
  return { deps, put, told, refused, failures, untilMs, first, second, clock };
}

const push = (deps: Parameters<typeof pushLocksDue>[0]) => pushLocksDue(deps, { signal });

test('every copy on a backend with object lock is retained, once', async () => {
  const { deps, put, told, untilMs, first, second } = await scene(true);
  await put();
  expect(await push(deps)).toBe(1);
  expect(told).toEqual([first, second].map((id) => ({ backend: id, bucket: `at-${id}`, untilMs })));
  expect(await push(deps)).toBe(0);
});

test('nothing is told where no policy asks for it', async () => {
  const { deps, put, told } = await scene(false);
  await put();
  expect(await push(deps)).toBe(1);
  expect(told).toEqual([]);
  expect(await push(deps)).toBe(0);
});

test('what a backend did not hear is told again; what it refuses is not', async () => {
  const { deps, put, told, refused, failures, first, second, clock } = await scene(true);
  failures.set(first, new Fault('BackendUnreachable', 'away'));
  failures.set(second, new Fault('BackendRefused', 'made without object lock'));
  await put();
  await push(deps);
  expect(told).toEqual([]);
  expect(refused).toEqual([`${first} BackendUnreachable`, `${second} BackendRefused`]);
  failures.delete(first);
  expect(await push(deps), 'leased').toBe(0);
  await clock.advance(2000);
  expect(await push(deps)).toBe(1);
  expect(told.map(({ backend: id }) => id)).toEqual([first]);
  await clock.advance(2000);
  expect(await push(deps)).toBe(0);
});
