import { newBlobId } from '@sealgate/core/names';
import { builtinPolicy } from '@sealgate/core/policy';
import type { Backend, BackendPool, Bucket } from '@sealgate/core/ports';
import { expect, test } from 'vitest';
import { backend } from '../testing/fixtures.ts';
import { type AskedPlacement, createPlanner } from './planner.ts';

const places = ['FI', 'FI', 'DE', 'DE', 'DE', 'SE'];
const backends: readonly Backend[] = places.map((country, i) => backend(`b${i}`, { country, region: `r${i % 4}` }));

async function planned(tags: AskedPlacement['tags'], facts: Partial<Bucket> = {}, requestedClass?: string) {
  const pool = {
    all: () => backends,
    writable: () => new Set(backends.map(({ id }) => id)),
    full: () => new Set(),
  } as Partial<BackendPool> as BackendPool;
  const planner = createPlanner({ pool, policies: { forBucket: () => Promise.resolve(builtinPolicy) } });
  const bucket = { regionLock: [], defaultClass: null, ...facts } as Partial<Bucket> as Bucket;
  const plan = await planner.plan(bucket, newBlobId(0), { requestedClass, tags });
  return { ...plan, countries: plan.placement.write.map(({ country }) => country) };
}

const refused = (rule: string): object => expect.objectContaining({ code: 'PolicyRefused', rule }) as object;

test('an object without wishes goes where its bucket says', async () => {
  expect((await planned(null)).countries).toHaveLength(3);
  const { countries } = await planned({ colour: 'blue' }, { regionLock: ['DE'] });
  expect(countries).toEqual(['DE', 'DE', 'DE']);
});

test('residency narrows the bucket’s lock and never widens it', async () => {
  expect((await planned({ residency: 'DE' }, { regionLock: ['EU'] })).countries).toEqual(['DE', 'DE', 'DE']);
  const { countries } = await planned({ residency: 'FI DE' });
  expect(countries.every((country) => country !== 'SE')).toBe(true);
  await expect(planned({ residency: 'SE' }, { regionLock: ['DE'] })).rejects.toThrow(refused('bucket.regionLock'));
});

test('a residency with too few backends is refused by its own name', async () => {
  await expect(planned({ residency: 'SE' })).rejects.toThrow(refused('tag.residency'));
  await expect(planned({ residency: 'US' })).rejects.toThrow(refused('tag.residency'));
});

test('as many copies as wished, under the class that keeps the promise', async () => {
  const more = await planned({ 'replica-count': '5' });
  expect(more.placement.write).toHaveLength(5);
  expect(more.redundancyClass).toMatchObject({ name: 'StandardClass', width: 5 });
  const fewer = await planned({ 'replica-count': '2' });
  expect(fewer.redundancyClass).toMatchObject({ name: 'RegionalClass', width: 2 });
  expect(fewer.placement.write).toHaveLength(2);
  await expect(planned({ 'replica-count': '7' })).rejects.toThrow(expect.objectContaining({ code: 'PolicyRefused' }));
  await expect(planned({ 'replica-count': '2' }, {}, 'StandardClass')).rejects.toThrow(refused('tag.replica-count'));
});

test('a wish that cannot be read is refused', async () => {
  await expect(planned({ residency: 'somewhere' })).rejects.toThrow(expect.objectContaining({ code: 'InvalidTag' }));
});
