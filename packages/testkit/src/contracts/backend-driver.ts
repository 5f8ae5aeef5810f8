import type { PhysicalBucketName } from '@sealgate/core/names';
import type { BackendDriver } from '@sealgate/core/ports';
import { afterAll, beforeAll, describe, vi } from 'vitest';
import { describeAborts } from './backend-driver/aborts.ts';
import { describeBackpressure } from './backend-driver/backpressure.ts';
import { describeBuckets } from './backend-driver/buckets.ts';
import {
  type BackendDriverFactory,
  type BackendDriverTraits,
  bucketNames,
  type ContractContext,
  type DriverUnderTest,
  never,
} from './backend-driver/context.ts';
import { describeListing } from './backend-driver/listing.ts';
import { describeReads } from './backend-driver/reads.ts';
import { describeWrites } from './backend-driver/writes.ts';

export type { BackendDriverFactory, BackendDriverTraits, DriverUnderTest } from './backend-driver/context.ts';

/** Hundreds of flushed puts on a busy machine take their time. */
const TIMEOUT_MS = 30_000;

/** What every BackendDriver promises (core/ports), run against one of them. */
export function describeBackendDriver(name: string, traits: BackendDriverTraits, factory: BackendDriverFactory): void {
  describe(`BackendDriver contract: ${name}`, () => {
    const { timeoutMs = TIMEOUT_MS } = traits;
    let subject: DriverUnderTest | undefined;
    const made: PhysicalBucketName[] = [];
    const unusedBucket = bucketNames(name);
    const current = (): DriverUnderTest => {
      if (subject === undefined) throw new Error('The driver is not there yet.');
      return subject;
    };
    const context: ContractContext = {
      traits,
      subject: current,
      driver: () => current().driver,
      unusedBucket,
      async newBucket() {
        const bucket = unusedBucket();
        await current().driver.ensureBucket(bucket, { signal: never });
        made.push(bucket);
        return bucket;
      },
    };
    beforeAll(async () => {
      subject = await factory();
    });
    afterAll(async () => {
      // A backend may outlive the run: nothing is left on it.
      if (subject !== undefined) for (const bucket of made) await emptyBucket(subject.driver, bucket);
      await subject?.dispose();
    }, timeoutMs);

    vi.setConfig({ testTimeout: timeoutMs });
    describeBuckets(context);
    describeWrites(context);
    describeReads(context);
    describeListing(context);
    describeAborts(context);
    describeBackpressure(context);
  });
}

async function emptyBucket(driver: BackendDriver, bucket: PhysicalBucketName): Promise<void> {
  const { blobs } = await driver.list(bucket, { signal: never, limit: 1000 });
  await Promise.all(blobs.map(({ key }) => driver.delete(bucket, key, { signal: never })));
  await driver.removeBucket(bucket, { signal: never });
}
