import { physicalBucketName } from '@sealgate/core/names';
import { describeBackendDriver } from '@sealgate/testkit/contracts';
import { describe, expect, it } from 'vitest';
import { createS3Probe } from './probe/s3-probe.ts';
import { createS3Driver } from './s3-driver.ts';

const {
  SEALGATE_TEST_RGW_ENDPOINT: endpoint,
  SEALGATE_TEST_RGW_REGION: region = 'default',
  SEALGATE_TEST_RGW_ACCESS_KEY: accessKeyId,
  SEALGATE_TEST_RGW_SECRET_KEY: secretAccessKey,
} = process.env;

if (endpoint === undefined || accessKeyId === undefined || secretAccessKey === undefined) {
  describe('S3 driver on Ceph RGW', () => {
    it.skip('needs SEALGATE_TEST_RGW_ENDPOINT, SEALGATE_TEST_RGW_ACCESS_KEY and SEALGATE_TEST_RGW_SECRET_KEY', () => {
      // Ceph is too large to install for a unit test.
    });
  });
} else {
  for (const [name, capabilities] of [
    ['unprobed', {}],
    ['signed chunks', { chunkSignature: true }],
    ['ETag', { etagIsMd5: true }],
  ] as const) {
    describeBackendDriver(
      `S3 on Ceph RGW, ${name}`,
      {
        refusesOverwrite: false,
        holdsWrites: false,
        aheadBytesMax: 0,
        largeBytes: 64 * 1024 * 1024,
        propertyRuns: 15,
        timeoutMs: 60_000,
      },
      async () => {
        const driver = createS3Driver({
          endpoint,
          region,
          credentials: { accessKeyId, secretAccessKey },
          addressing: 'path',
          capabilities,
        });
        return { driver, dispose: () => driver.close() };
      },
    );
  }

  describe('S3 probe on Ceph RGW', () => {
    const names = {
      tenant: 'probe',
      region: region,
      bucket: `${process.pid}-${performance.timeOrigin}`,
      backend: 'rgw',
    };
    const target = { endpoint, region, credentials: { accessKeyId, secretAccessKey }, addressing: 'path' as const };

    // What radosgw 16.2 does; a newer one knows checksums.
    it('finds what it can do', { timeout: 60_000 }, async () => {
      const signal = AbortSignal.timeout(60_000);
      const [bucket, lockBucket] = [0, 1].map((counter) => physicalBucketName({ ...names, counter }));
      if (bucket === undefined || lockBucket === undefined) throw new Error('There are two names.');
      const probe = createS3Probe(target);
      const driver = createS3Driver(target);
      try {
        await driver.ensureBucket(bucket, { signal });
        for (const question of [
          'conditionalWrite',
          'etagIsMd5',
          'chunkSignature',
          'multipart',
          'versioning',
        ] as const) {
          expect([question, await probe[question]({ bucket, key: `probe/${question}`, signal })]).toEqual([
            question,
            { verdict: 'yes' },
          ]);
        }
        expect(await probe.objectLock({ bucket: lockBucket, key: 'probe/lock', signal })).toEqual({ verdict: 'yes' });
      } finally {
        for (const each of [bucket, lockBucket]) await probe.cleanUp(each, { signal });
        await driver.close();
      }
    });
  });
}
