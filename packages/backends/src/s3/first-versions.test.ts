import { buffer } from 'node:stream/consumers';
import { physicalBucketName } from '@sealgate/core/names';
import { createFakeS3, type FakeS3 } from '@sealgate/testkit/fake-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFirstVersionsDriver } from './first-versions.ts';
import { createS3Driver } from './s3-driver.ts';

const user = { accessKeyId: 'AKIDFAKE', secretAccessKey: 'secret', owner: 'us' };
const region = 'eu-test-1';
const { signal } = new AbortController();
const bucket = physicalBucketName({ tenant: 't', region: 'r', bucket: 'locking', backend: 'x', counter: 0 });
const untilMs = Date.now() + 3_600_000;

let fake: FakeS3;
beforeEach(async () => {
  fake = await createFakeS3({ users: [user], region });
});
afterEach(() => fake.close());

async function setUp() {
  const target = { endpoint: fake.endpoint, region, credentials: user, addressing: 'path' as const };
  const covered: string[] = [];
  const writer = createS3Driver(target);
  const reader = createFirstVersionsDriver(target, (key) => covered.push(key));
  const put = (key: string, text: string) =>
    writer.put(bucket, key, { body: Buffer.from(text), bytes: text.length, signal });
  const read = async (key: string) => (await buffer((await reader.get(bucket, key, { signal })).body)).toString();
  const close = () => Promise.all([writer.close(), reader.close()]);
  return { writer, reader, covered, put, read, close };
}

test('what is locked is read through what was laid over it, and that is told', async () => {
  const { writer, reader, covered, put, read, close } = await setUp();
  await writer.ensureBucket(bucket, { signal, objectLock: true });
  for (const key of ['a/1', 'a/2', 'a/3', 'b/4']) {
    await put(key, `first of ${key}`);
    await writer.retain?.(bucket, key, { signal, untilMs });
  }
  await put('a/1', 'laid over');
  // As whoever has the keys may: a marker, and nothing removed.
  await put('a/2', 'laid over, and that too');
  fake.buckets
    .get(bucket)
    ?.objects.get('a/2')
    ?.push({
      ...{ versionId: 'marker', data: null, etag: '', modifiedAtMs: 0, legalHold: false },
    });
  expect((await reader.list(bucket, { prefix: 'a/', limit: 2, signal })).blobs.map(({ key }) => key)).toEqual([
    'a/1',
    'a/2',
  ]);
  expect(await reader.list(bucket, { prefix: 'a/', after: 'a/2', limit: 2, signal })).toMatchObject({
    ...{ blobs: [{ key: 'a/3' }], truncated: false },
  });
  expect(covered).toEqual(['a/1', 'a/2']);
  for (const key of ['a/1', 'a/2', 'a/3']) {
    expect(await read(key)).toBe(`first of ${key}`);
    expect(await reader.retention?.(bucket, key, { signal })).toEqual({ mode: 'GOVERNANCE', untilMs });
  }
  await close();
});

test('a bucket without versions is read as it is', async () => {
  const { writer, reader, covered, put, read, close } = await setUp();
  await writer.ensureBucket(bucket, { signal });
  await put('a/1', 'the only one');
  expect((await reader.list(bucket, { prefix: 'a/', limit: 10, signal })).blobs).toHaveLength(1);
  expect(await read('a/1')).toBe('the only one');
  expect(covered).toEqual([]);
  await close();
});
