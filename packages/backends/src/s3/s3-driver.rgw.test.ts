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

  describe('object lock on Ceph RGW', () => {
    const target = { endpoint, region, credentials: { accessKeyId, secretAccessKey }, addressing: 'path' as const };
    const bucketOf = (bucket: string) =>
      physicalBucketName({ tenant: 'lock', region, bucket: `${bucket}-${process.pid}`, backend: 'rgw', counter: 0 });
    const [locking, plain] = [bucketOf('locking'), bucketOf('plain')];
    const signal = AbortSignal.timeout(120_000);
    const refused = { code: 'BackendRefused' };

    it('keeps what is retained, and tells of it', { timeout: 120_000 }, async () => {
      const driver = createS3Driver(target);
      const put = (key: string) => driver.put(locking, key, { body: Buffer.from('x'), bytes: 1, signal });
      try {
        await driver.ensureBucket(locking, { signal, objectLock: true });
        await driver.ensureBucket(plain, { signal });
        const told = [locking, plain].map(async (bucket) => driver.hasObjectLock?.(bucket, { signal }));
        expect(await Promise.all(told)).toEqual([true, false]);
        for (const key of ['a/free', 'a/governed', 'a/strict']) await put(key);
        expect(await driver.retention?.(locking, 'a/free', { signal })).toBeUndefined();
        await driver.delete(locking, 'a/free', { signal, keepRetained: true });
        expect(await driver.head(locking, 'a/free', { signal })).toBeUndefined();

        // Some servers keep whole seconds.
        const untilMs = Math.ceil(Date.now() / 1000) * 1000 + 3_600_000;
        await driver.retain?.(locking, 'a/governed', { signal, untilMs });
        expect(await driver.retention?.(locking, 'a/governed', { signal })).toEqual({ mode: 'GOVERNANCE', untilMs });
        await expect(driver.delete(locking, 'a/governed', { signal, keepRetained: true })).rejects.toMatchObject(
          refused,
        );
        expect(await driver.head(locking, 'a/governed', { signal })).toMatchObject({ bytes: 1 });
        const sooner = untilMs - 60_000;
        await driver.retain?.(locking, 'a/governed', { signal, untilMs: sooner });
        expect(await driver.retention?.(locking, 'a/governed', { signal })).toMatchObject({ untilMs: sooner });
        await driver.delete(locking, 'a/governed', { signal });
        expect(await driver.head(locking, 'a/governed', { signal })).toBeUndefined();

        const soon = Math.ceil(Date.now() / 1000) * 1000 + 5000;
        await driver.retain?.(locking, 'a/strict', { signal, untilMs: soon, mode: 'COMPLIANCE' });
        await expect(driver.delete(locking, 'a/strict', { signal })).rejects.toMatchObject(refused);
        const shorter = { signal, untilMs: soon - 3000, mode: 'COMPLIANCE' } as const;
        await expect(driver.retain?.(locking, 'a/strict', shorter)).rejects.toMatchObject(refused);
        const removed = () =>
          driver.delete(locking, 'a/strict', { signal }).then(
            () => true,
            () => false,
          );
        await expect.poll(removed, { timeout: 60_000, interval: 500 }).toBe(true);
        expect(Date.now()).toBeGreaterThanOrEqual(soon);
      } finally {
        for (const bucket of [locking, plain]) await createS3Probe(target).cleanUp(bucket, { signal });
        await driver.close();
      }
    });
  });

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
