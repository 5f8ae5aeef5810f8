import { newDataKey } from '@sealgate/core/keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, type Database } from '../db/database.ts';
import { loadStatements } from '../db/statements.ts';
import type { TestDatabase } from '../embedded/testing.ts';
import { silentLogger } from '../logger.ts';
import { suiteDatabase } from '../testing/database.ts';
import { createSecretBox } from './box.ts';
import { openObjectKeys } from './object-keys.ts';

const first = [1, new Uint8Array(32).fill(1)] as const;
const second = [2, new Uint8Array(32).fill(2)] as const;
const place = { bucketId: 1, key: 'a' };

describe('keys that data keys are wrapped under', () => {
  let server: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    server = await suiteDatabase();
    database = createDatabase(server.databaseUrl, { statements: loadStatements(), logger: silentLogger });
  });
  afterAll(async () => {
    await database.close();
    await server.drop();
  });
  const open = (...keys: (readonly [number, Uint8Array])[]) => openObjectKeys(database, createSecretBox(new Map(keys)));

  it('are the same for processes that start at once on an empty database', async () => {
    const [a, b] = await Promise.all([open(first), open(first)]);
    const dataKey = newDataKey();
    const wrapped = await a.wrap(place, dataKey);
    expect(wrapped.keyVersion).toBe(1);
    expect((await b.unwrap(place, wrapped)).equals(dataKey)).toBe(true);
    for (const other of [
      { ...place, key: 'b' },
      { ...place, bucketId: 2 },
    ]) {
      await expect(b.unwrap(other, wrapped)).rejects.toMatchObject({ code: 'InternalError' });
      await expect(a.unwrap(other, wrapped), 'also where it is remembered').rejects.toThrow();
    }
  });

  it('stay good under a new passphrase, and no object is touched', async () => {
    const dataKey = newDataKey();
    const old = await (await open(first)).wrap(place, dataKey);
    const both = await open(first, second);
    expect((await both.wrap(place, dataKey)).keyVersion).toBe(2);
    expect((await both.unwrap(place, old)).equals(dataKey)).toBe(true);
    const alone = await open(second);
    expect((await alone.unwrap(place, old)).equals(dataKey)).toBe(true);
  });

  it('are found when another gateway made them meanwhile, and missed when nobody did', async () => {
    const third = [3, new Uint8Array(32).fill(3)] as const;
    const early = await openObjectKeys(database, { ...createSecretBox(new Map([second, third])), newest: 2 });
    const dataKey = newDataKey();
    const wrapped = await (await open(second, third)).wrap(place, dataKey);
    expect((await early.unwrap(place, wrapped)).equals(dataKey)).toBe(true);
    await expect(early.unwrap(place, { ...wrapped, keyVersion: 9 })).rejects.toMatchObject({ code: 'InternalError' });
  });
});
