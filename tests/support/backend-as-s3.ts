// What a folder of a backend holds, offered by an S3 server that goes wrong when told to: somebody else's storage.
import { hash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createFilesystemDriver } from '@sealgate/backends/filesystem';
import type { PhysicalBucketName } from '@sealgate/core/names';
import { createFakeS3, type FakeS3, type FakeS3Options, type FakeVersion } from '@sealgate/testkit/fake-s3';

export type ServedBackend = FakeS3;

/** Up to 1000 blobs of each physical bucket, held in memory. */
export async function serveAsS3(root: string, user: FakeS3Options['users'][number]): Promise<ServedBackend> {
  const fake = await createFakeS3({ users: [user], region: 'eu-test-1' });
  const driver = createFilesystemDriver({ root });
  const signal = AbortSignal.timeout(60_000);
  for (const name of readdirSync(root).filter((each) => each.startsWith('s3gw-'))) {
    const bucket = name as PhysicalBucketName;
    const objects = new Map<string, FakeVersion[]>();
    const { blobs } = await driver.list(bucket, { limit: 1000, signal });
    for (const { key, modifiedAtMs } of blobs) {
      const { body } = await driver.get(bucket, key, { signal });
      const data = Buffer.concat((await body.toArray()) as Buffer[]);
      objects.set(key, [{ versionId: 'null', data, etag: hash('md5', data, 'hex'), modifiedAtMs, legalHold: false }]);
    }
    fake.buckets.set(name, { owner: user.owner, objectLock: false, versioning: 'off', objects, uploads: new Map() });
  }
  await driver.close();
  return fake;
}
