import { describeBackendDriver } from '@sealgate/testkit/contracts';
import { createFakeS3 } from '@sealgate/testkit/fake-s3';
import { createS3Driver } from './s3-driver.ts';

const user = { accessKeyId: 'AKIDFAKE', secretAccessKey: 'secret', owner: 'us' };

for (const [name, capabilities] of [
  ['unprobed', {}],
  ['signed chunks', { chunkSignature: true }],
  ['ETag', { etagIsMd5: true }],
] as const) {
  describeBackendDriver(
    `S3, ${name}`,
    // Ahead of a server that takes nothing: what the socket buffers of both ends hold on Linux, and one gathered chunk.
    { refusesOverwrite: false, holdsWrites: true, aheadBytesMax: 16 * 1024 * 1024, propertyRuns: 25 },
    async () => {
      const server = await createFakeS3({ users: [user], region: 'eu-test-1' });
      const driver = createS3Driver({
        endpoint: server.endpoint,
        region: 'eu-test-1',
        credentials: user,
        addressing: 'path',
        capabilities,
      });
      return {
        driver,
        openHandles: () => server.openSockets,
        holdWrites(held) {
          server.trouble.clear();
          if (held) server.trouble.add({ method: 'PUT', trouble: { kind: 'stall-request' } });
        },
        async dispose() {
          await driver.close();
          await server.close();
        },
      };
    },
  );
}
