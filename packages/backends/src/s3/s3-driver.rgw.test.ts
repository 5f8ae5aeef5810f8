import { describeBackendDriver } from '@sealgate/testkit/contracts';
import { describe, it } from 'vitest';
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
}
