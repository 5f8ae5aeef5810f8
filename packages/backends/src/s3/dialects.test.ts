import { physicalBucketName } from '@sealgate/core/names';
import type { BackendCapabilities, BackendDriver } from '@sealgate/core/ports';
import { createFakeS3, type FakeS3, type FakeS3Options } from '@sealgate/testkit/fake-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { createS3Driver } from './s3-driver.ts';

const user = { accessKeyId: 'AKIDFAKE', secretAccessKey: 'secret', owner: 'us' };
const signal = new AbortController().signal;
const bucket = physicalBucketName({ tenant: 't', region: 'r', bucket: 'b', backend: 'x', counter: 0 });

let server: FakeS3 | undefined;
let opened: BackendDriver | undefined;
afterEach(async () => {
  await opened?.close();
  await server?.close();
});

/** A driver that knows `capabilities` of a server that lacks `missing`. */
async function start(missing: FakeS3Options['missing'] & object, capabilities: BackendCapabilities) {
  const fake = await createFakeS3({ users: [user], region: 'eu-test-1', missing });
  const driver = createS3Driver({
    endpoint: fake.endpoint,
    region: 'eu-test-1',
    credentials: user,
    addressing: 'path',
    capabilities,
  });
  [server, opened] = [fake, driver];
  await driver.ensureBucket(bucket, { signal });
  return { fake, driver };
}

const put = (driver: BackendDriver, key: string) =>
  driver.put(bucket, key, { body: Buffer.from('bytes'), bytes: 5, signal });

describe.each([
  ['begins at the first key whatever start-after says', 'start-after'],
  ['knows the first listing only', 'list-v2'],
] as const)('a server that %s', (_what, missing) => {
  it('is listed page by page once the probe found it', async () => {
    const { driver } = await start([missing], { listAfter: false });
    const keys = ['p/a', 'p/b', 'p/c', 'p/d', 'p/e'];
    for (const key of [...keys, 'q/a']) await put(driver, key);
    const seen: string[] = [];
    for (let after = '', more = true; more; ) {
      const page = await driver.list(bucket, { prefix: 'p/', after, limit: 2, signal });
      seen.push(...page.blobs.map(({ key }) => key));
      after = seen.at(-1) ?? '';
      more = page.truncated;
    }
    expect(seen).toEqual(keys);
  });

  it('is refused, and never listed twice or with gaps, as long as nobody knows', async () => {
    const { driver } = await start([missing], {});
    for (const key of ['p/a', 'p/b']) await put(driver, key);
    const page = driver.list(bucket, { prefix: 'p/', after: 'p/a', limit: 1, signal });
    await expect(page).rejects.toMatchObject({ code: 'BackendRefused' });
  });
});

describe('a server that wants digests of what is locked', () => {
  it('gets one with every body at hand', async () => {
    const { fake, driver } = await start(['lock-without-digest'], { objectLock: true, lockWithoutDigest: false });
    const locked = fake.buckets.get(bucket);
    if (locked === undefined) throw new Error('there is a bucket');
    fake.buckets.set(bucket, { ...locked, objectLock: true, defaultLock: true });
    await put(driver, 'p/a');
    expect(await driver.head(bucket, 'p/a', { signal })).toEqual({ bytes: 5 });
  });
});
