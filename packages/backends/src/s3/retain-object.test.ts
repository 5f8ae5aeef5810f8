import { physicalBucketName } from '@sealgate/core/names';
import type { BackendDriver } from '@sealgate/core/ports';
import { createFakeS3, type FakeS3 } from '@sealgate/testkit/fake-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createS3Driver } from './s3-driver.ts';

const user = { accessKeyId: 'AKIDFAKE', secretAccessKey: 'secret', owner: 'us' };
const { signal } = new AbortController();
const names = ['locking', 'plain'].map((bucket) =>
  physicalBucketName({ tenant: 't', region: 'r', bucket, backend: 'x', counter: 0 }),
);
const [locking, plain] = names as [(typeof names)[0], (typeof names)[0]];
const untilMs = Date.now() + 3_600_000;

let fake: FakeS3;
let driver: BackendDriver;
beforeAll(async () => {
  fake = await createFakeS3({ users: [user], region: 'eu-test-1' });
  driver = createS3Driver({ endpoint: fake.endpoint, region: 'eu-test-1', credentials: user, addressing: 'path' });
  await driver.ensureBucket(locking, { signal, objectLock: true });
  await driver.ensureBucket(plain, { signal });
  for (const bucket of names) await driver.put(bucket, 'b/key', { body: Buffer.from('x'), bytes: 1, signal });
});
afterAll(async () => {
  await driver.close();
  await fake.close();
});

const versionsOf = (bucket: string) => fake.buckets.get(bucket)?.objects.get('b/key') ?? [];

test('a copy is retained in a bucket made for it, and only this driver removes it', async () => {
  await driver.retain?.(locking, 'b/key', { signal, untilMs });
  expect(versionsOf(locking).map((version) => version.retainUntilMs)).toEqual([untilMs]);
  await driver.delete(locking, 'b/key', { signal });
  expect(versionsOf(locking)).toEqual([]);
});

test('a bucket without object lock refuses', async () => {
  await expect(driver.retain?.(plain, 'b/key', { signal, untilMs })).rejects.toMatchObject({ code: 'BackendRefused' });
});

test('what was never there cannot be retained', async () => {
  const retained = driver.retain?.(locking, 'b/other', { signal, untilMs });
  await expect(retained).rejects.toMatchObject({ code: 'BlobMissing' });
});
