import { parseBackendId } from '@sealgate/core/names';
import { holdSlot } from '@sealgate/engine';
import { openMetadata } from '@sealgate/metadata';
import { createTestDatabase } from '@sealgate/metadata/testing';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let metadata: Awaited<ReturnType<typeof openMetadata>>;
beforeAll(async () => {
  database = await createTestDatabase(inject('testCluster'));
  const secrets = { passphrases: [{ version: 1, passphrase: 'only for tests' }] };
  metadata = await openMetadata({ databaseUrl: database.databaseUrl, secrets });
});
afterAll(async () => {
  await metadata.close();
  await database.drop();
});

const x = parseBackendId('x');
const hold = (holder: string, slot?: number, backend = x) => holdSlot(metadata, { backend, holder, slot });

test('slots of a backend are held by one each, counted by all, and free when their holder stops', async () => {
  expect(await hold('one')).toEqual({ slot: 0, workers: 1, rank: 0 });
  expect(await hold('two')).toEqual({ slot: 1, workers: 2, rank: 1 });
  expect(await hold('thief', 1)).toEqual({ slot: 2, workers: 3, rank: 2 });
  // Another backend, whose id begins alike, is none of theirs.
  expect(await hold('one', undefined, parseBackendId('x2'))).toEqual({ slot: 0, workers: 1, rank: 0 });
  await metadata.releaseCursors('one');
  expect(await hold('two', 1)).toEqual({ slot: 1, workers: 2, rank: 0 });
  expect(await hold('four')).toEqual({ slot: 0, workers: 3, rank: 0 });
});

test('those who come at once get a slot each', async () => {
  const backend = parseBackendId('busy');
  const held = await Promise.all(Array.from({ length: 8 }, (_, i) => hold(`process ${i}`, undefined, backend)));
  expect(held.map((one) => one?.slot).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect((await hold('process 0', held[0]?.slot, backend))?.workers).toBe(8);
});
