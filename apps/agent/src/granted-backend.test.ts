import { createMemoryDriver } from '@sealgate/backends/memory';
import { parseBackendId, physicalBucketName } from '@sealgate/core/names';
import type { Backend, BackendPool } from '@sealgate/core/ports';
import type { Grant } from '@sealgate/sealed/credentials';
import { createVirtualClock } from '@sealgate/testkit';
import { expect, test } from 'vitest';
import { misfit, narrowed, withGranted } from './granted-backend.ts';

const { signal } = new AbortController();
const bucketOf = (bucket: string) =>
  physicalBucketName({ tenant: 't', region: 'r', bucket, backend: 'theirs', counter: 0 });
const bucket = bucketOf('mine');
const rest = { ak: 'a', sk: 's', job: 'j', agentKid: 'k', jti: 'once', iat: 0, exp: 1 };
const grant: Grant = { endpoint: 'https://objects.example.fi', bucket, region: 'fi-1', backend: 'theirs', ...rest };
const theirs = {
  id: parseBackendId('theirs'),
  type: 's3',
  custody: 'client',
  endpoint: 'https://objects.example.fi',
  state: 'unhealthy',
} as Backend;

test.each<[string | undefined, Partial<Backend>, string]>([
  [undefined, {}, grant.endpoint],
  [undefined, {}, 'https://OBJECTS.example.fi:443/'],
  ['it is for another endpoint', {}, 'https://objects.example.se'],
  ['it is for another endpoint', {}, 'http://objects.example.fi'],
  ['it is for another endpoint', { endpoint: 'https://objects.example.fi:8443' }, grant.endpoint],
  ['it is for another endpoint', {}, 'not a URL'],
  ['the backend is not in the custody of clients', { custody: 'gateway' }, grant.endpoint],
  ['the backend does not speak S3', { type: 'filesystem' }, grant.endpoint],
])('%s: %j, %s', (why, facts, endpoint) => {
  expect(misfit({ ...theirs, ...facts }, { ...grant, endpoint })).toBe(why);
});

test('no backend is a misfit', () => {
  expect(misfit(undefined, grant)).toBe('the backend is not known');
});

test('credentials reach their one bucket, and remove nothing', async () => {
  const clock = createVirtualClock();
  const inner = createMemoryDriver({ clock });
  const driver = narrowed(inner, grant);
  const data = { body: Buffer.from('bytes'), bytes: 5, signal };
  await driver.ensureBucket(bucket, { signal });
  await driver.put(bucket, 'b/key', data);
  expect(await driver.head(bucket, 'b/key', { signal })).toEqual({ bytes: 5 });
  expect((await (await driver.get(bucket, 'b/key', { signal })).body.toArray()).join('')).toBe('bytes');

  const other = bucketOf('other');
  await inner.ensureBucket(other, { signal });
  const refused = { code: 'BackendRefused' };
  await expect(driver.ensureBucket(bucketOf('third'), { signal })).rejects.toMatchObject(refused);
  await expect(driver.put(other, 'b/key', data)).rejects.toMatchObject(refused);
  await expect(driver.get(other, 'b/key', { signal })).rejects.toMatchObject(refused);
  await expect(driver.head(other, 'b/key', { signal })).rejects.toMatchObject(refused);
  await expect(driver.delete(bucket, 'b/key', { signal })).rejects.toMatchObject(refused);
  await expect(driver.list(bucket, { signal, limit: 1 })).rejects.toMatchObject(refused);
  await expect(driver.removeBucket(bucket, { signal })).rejects.toMatchObject(refused);
  expect(await inner.head(bucket, 'b/key', { signal })).toEqual({ bytes: 5 });
});

test('one job has one backend more; the pool of the others stays as it was', () => {
  const clock = createVirtualClock();
  const driver = createMemoryDriver({ clock });
  const own = { ...theirs, id: parseBackendId('own'), custody: 'gateway', state: 'healthy' } as Backend;
  const reported: string[] = [];
  const pool: BackendPool = {
    all: () => [own, theirs],
    driver: () => undefined,
    writable: () => new Set([own.id]),
    full: () => new Set(),
    readOrder: (ids) => [...ids].filter((id) => id === own.id),
    latencyMs: () => 1,
    report: (id) => void reported.push(id),
  };
  const more = withGranted(pool, theirs, { driver });
  expect(more.all().map(({ id, state }) => [id, state])).toEqual([
    ['own', 'healthy'],
    ['theirs', 'healthy'],
  ]);
  expect([...more.writable()]).toEqual(['own', 'theirs']);
  expect(more.readOrder([theirs.id, own.id])).toEqual(['own', 'theirs']);
  expect([more.driver(theirs.id), more.driver(own.id)]).toEqual([driver, undefined]);
  more.report(theirs.id, { kind: 'detached' });
  more.report(own.id, { kind: 'detached' });
  expect(reported).toEqual(['own']);
  expect([...pool.writable()]).toEqual(['own']);
});
