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

const versionsOf = (bucket: string, key = 'b/key') => fake.buckets.get(bucket)?.objects.get(key) ?? [];
const refused = { code: 'BackendRefused' };
const put = (bucket: (typeof names)[0], key: string) =>
  driver.put(bucket, key, { body: Buffer.from('x'), bytes: 1, signal });

test('a copy is retained in a bucket made for it, and only this driver removes it', async () => {
  await driver.retain?.(locking, 'b/key', { signal, untilMs });
  expect(versionsOf(locking).map(({ retention }) => retention)).toEqual([{ mode: 'GOVERNANCE', untilMs }]);
  await driver.delete(locking, 'b/key', { signal });
  expect(versionsOf(locking)).toEqual([]);
});

test('a shorter retention takes the right to bypass the longer one', async () => {
  await put(locking, 'b/longer');
  await driver.retain?.(locking, 'b/longer', { signal, untilMs });
  await driver.retain?.(locking, 'b/longer', { signal, untilMs: untilMs - 60_000 });
  expect(await driver.retention?.(locking, 'b/longer', { signal })).toEqual({
    mode: 'GOVERNANCE',
    untilMs: untilMs - 60_000,
  });
});

test('under COMPLIANCE nobody makes it shorter or removes it, this driver neither', async () => {
  await put(locking, 'b/strict');
  await driver.retain?.(locking, 'b/strict', { signal, untilMs, mode: 'COMPLIANCE' });
  expect(await driver.retention?.(locking, 'b/strict', { signal })).toEqual({ mode: 'COMPLIANCE', untilMs });
  const shorter = driver.retain?.(locking, 'b/strict', { signal, untilMs: untilMs - 60_000, mode: 'COMPLIANCE' });
  await expect(shorter).rejects.toMatchObject(refused);
  await expect(driver.delete(locking, 'b/strict', { signal })).rejects.toMatchObject(refused);
});

test('what is retained stays, and is not hidden, when nothing is to be bypassed', async () => {
  await put(locking, 'b/kept');
  await driver.retain?.(locking, 'b/kept', { signal, untilMs });
  await expect(driver.delete(locking, 'b/kept', { signal, keepRetained: true })).rejects.toMatchObject(refused);
  expect(versionsOf(locking, 'b/kept').map(({ data }) => data)).toEqual([Buffer.from('x')]);
  for (const bucket of names) {
    await put(bucket, 'b/loose');
    await driver.delete(bucket, 'b/loose', { signal, keepRetained: true });
    expect(versionsOf(bucket, 'b/loose')).toEqual([]);
    await driver.delete(bucket, 'b/never', { signal, keepRetained: true });
    expect(versionsOf(bucket, 'b/never')).toEqual([]);
  }
});

test('a backend tells which of its buckets lock, and what keeps a copy', async () => {
  await put(locking, 'b/free');
  await put(plain, 'b/free');
  expect(await Promise.all(names.map(async (bucket) => driver.hasObjectLock?.(bucket, { signal })))).toEqual([
    true,
    false,
  ]);
  for (const bucket of names) expect(await driver.retention?.(bucket, 'b/free', { signal })).toBeUndefined();
  await expect(driver.retention?.(locking, 'b/other', { signal })).rejects.toMatchObject({ code: 'BlobMissing' });
});

test('a bucket without object lock refuses', async () => {
  await expect(driver.retain?.(plain, 'b/key', { signal, untilMs })).rejects.toMatchObject(refused);
});

test('what was never there cannot be retained', async () => {
  const retained = driver.retain?.(locking, 'b/other', { signal, untilMs });
  await expect(retained).rejects.toMatchObject({ code: 'BlobMissing' });
});
