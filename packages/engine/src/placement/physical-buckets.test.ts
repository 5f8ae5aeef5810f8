import { type PhysicalBucketName, parseBackendId } from '@sealgate/core/names';
import { builtinPolicy } from '@sealgate/core/policy';
import { expect, test } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';
import { createPhysicalBuckets } from './physical-buckets.ts';

test('a bucket that another process made after the names were read is found', async () => {
  const backend = parseBackendId('a');
  const rows = new Map<typeof backend, PhysicalBucketName>();
  const physical = createPhysicalBuckets({
    metadata: { physicalBuckets: () => Promise.resolve(new Map(rows)), recordPhysicalBucket: () => Promise.resolve() },
    pool: {
      all: () => [],
      driver: () => undefined,
      writable: () => new Set(),
      full: () => new Set(),
      readOrder: (ids) => [...ids],
      latencyMs: () => undefined,
      report: () => undefined,
    },
    limits: defaultEngineLimits,
    policies: { forBucket: () => Promise.resolve(builtinPolicy) },
  });
  expect(await physical.find(1, backend)).toBeUndefined();
  rows.set(backend, 's3gw-0123456789abcdef-a' as PhysicalBucketName);
  expect(await physical.find(1, backend)).toBe('s3gw-0123456789abcdef-a');
});
