import { setImmediate as nextTurn } from 'node:timers/promises';
import { Fault } from '@sealgate/core/faults';
import { type BackendId, type PhysicalBucketName, parseBackendId } from '@sealgate/core/names';
import { builtinPolicy } from '@sealgate/core/policy';
import type { BackendDriver, Bucket } from '@sealgate/core/ports';
import { expect, test } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';
import { backend } from '../testing/fixtures.ts';
import { createPhysicalBuckets } from './physical-buckets.ts';

const a = backend('a');
const bucket = { id: 1, tenantName: 'tenant', region: 'eu', name: 'bucket' } as Bucket;

function setUp(ensureBucket: BackendDriver['ensureBucket']) {
  const rows = new Map<BackendId, PhysicalBucketName>();
  const driver = { ensureBucket } as BackendDriver;
  return createPhysicalBuckets({
    metadata: {
      physicalBuckets: () => Promise.resolve(new Map(rows)),
      recordPhysicalBucket: ({ backend: id, name }) => {
        rows.set(id, name);
        return Promise.resolve();
      },
    },
    pool: {
      all: () => [a],
      driver: () => driver,
      writable: () => new Set([a.id]),
      full: () => new Set(),
      readOrder: (ids) => [...ids],
      latencyMs: () => undefined,
      report: () => undefined,
    },
    limits: defaultEngineLimits,
    policies: { forBucket: () => Promise.resolve(builtinPolicy) },
  });
}

test('a write that gives up does not take others with it that wait for the same bucket', async () => {
  let calls = 0;
  const physical = setUp((_name, { signal }) => {
    calls += 1;
    if (calls > 1) return Promise.resolve();
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  });
  const first = new AbortController();
  const givenUp = physical.ensure(bucket, a, first.signal);
  const other = physical.ensure(bucket, a, new AbortController().signal);
  await nextTurn();
  first.abort(new Fault('OperationAborted', 'The write was given up.'));
  await expect(givenUp).rejects.toMatchObject({ code: 'OperationAborted' });
  expect(await other).toMatch(/^s3gw-/);
});

test('a doubted bucket is made sure of by the next write, and stays readable meanwhile', async () => {
  let calls = 0;
  const physical = setUp(() => {
    calls += 1;
    return Promise.resolve();
  });
  const { signal } = new AbortController();
  const name = await physical.ensure(bucket, a, signal);
  await physical.ensure(bucket, a, signal);
  expect(calls).toBe(1);
  physical.doubt(bucket.id, a.id);
  expect(await physical.find(bucket.id, parseBackendId('a'))).toBe(name);
  expect(await physical.ensure(bucket, a, signal)).toBe(name);
  await physical.ensure(bucket, a, signal);
  expect(calls).toBe(2);
});
