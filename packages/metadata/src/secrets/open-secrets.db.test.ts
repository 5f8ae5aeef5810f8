import { randomBytes } from 'node:crypto';
import type { KeyManagement } from '@sealgate/core/ports';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, type Database } from '../db/database.ts';
import { loadStatements } from '../db/statements.ts';
import type { TestDatabase } from '../embedded/testing.ts';
import { silentLogger } from '../logger.ts';
import { suiteDatabase } from '../testing/database.ts';
import { openSecrets } from './open-secrets.ts';

const place = { purpose: 'credential', id: 'AKIA' } as const;
const first = { version: 1, passphrase: 'the first passphrase' };
const second = { version: 2, passphrase: 'the second passphrase' };

describe('secrets in the database', () => {
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

  it('agree among processes that start at once on an empty database', async () => {
    const [a, b] = await Promise.all([
      openSecrets(database, { passphrases: [first] }),
      openSecrets(database, { passphrases: [first] }),
    ]);
    expect(a.open(place, b.seal(place, 'secret'))).toBe('secret');
  });

  it('stop the start when the passphrase is wrong', async () => {
    const wrong = openSecrets(database, { passphrases: [{ version: 1, passphrase: 'another one' }] });
    await expect(wrong).rejects.toMatchObject({ code: 'ConfigInvalid', message: /TENANT_SECRET_PASSPHRASE is not/ });
  });

  it('rotate: new secrets under the new passphrase, old ones open as long as theirs is given', async () => {
    const old = await openSecrets(database, { passphrases: [first] });
    const sealed = old.seal(place, 'secret');
    const both = await openSecrets(database, { passphrases: [first, second] });
    expect(both.open(place, sealed)).toBe('secret');
    expect(both.seal(place, 'secret')[0]).toBe(2);
    const alone = openSecrets(database, { passphrases: [second] });
    await expect(alone).rejects.toMatchObject({ code: 'ConfigInvalid', message: /version 1/ });
  });

  it('come under a key that a service wraps, whatever passphrase is given, and need that service', async () => {
    const management = memoryService();
    const service = { version: 100, management };
    const [a, b] = await Promise.all([
      openSecrets(database, { passphrases: [first, second], service }),
      openSecrets(database, { passphrases: [first, second], service }),
    ]);
    const sealed = a.seal(place, 'secret');
    expect(sealed[0]).toBe(100);
    expect(b.open(place, sealed)).toBe('secret');
    // Its key has a newer version: the row is wrapped anew, the key is the same.
    management.rotate();
    const wrapped = async () =>
      (await database.read<{ version: number; salt: Buffer }>('secret-versions', [])).find(
        ({ version }) => version === 100,
      )?.salt;
    const before = await wrapped();
    const again = await openSecrets(database, { passphrases: [first, second], service });
    expect(again.open(place, sealed)).toBe('secret');
    expect(await wrapped()).not.toEqual(before);
    // A passphrase of a version that seals nothing makes no row.
    const third = { version: 3, passphrase: 'a passphrase nobody needs' };
    await openSecrets(database, { passphrases: [first, second, third], service });
    expect(
      (await database.read<{ version: number }>('secret-versions', []))
        .map(({ version }) => version)
        .sort((x, y) => x - y),
    ).toEqual([1, 2, 100]);
    await expect(openSecrets(database, { passphrases: [first, second] })).rejects.toThrow('memory:key');
    const other = { version: 100, management: memoryService() };
    await expect(openSecrets(database, { passphrases: [first, second], service: other })).rejects.toThrow(
      'is not the one',
    );
  });
});

/** Wraps by remembering. */
function memoryService(): KeyManagement & { readonly rotate: () => void } {
  const keys = new Map<string, Uint8Array>();
  let version = 1;
  const wrap = (key: Uint8Array): string => {
    const wrapped = `v${version}:${keys.size}`;
    keys.set(wrapped, key);
    return wrapped;
  };
  return {
    name: 'memory:key',
    rotate: () => void (version += 1),
    async newDataKey() {
      const key = randomBytes(32);
      return { key, wrapped: wrap(key) };
    },
    unwrap: async (wrapped) => keys.get(wrapped) ?? randomBytes(32),
    rewrap: async (wrapped) =>
      wrapped.startsWith(`v${version}:`) ? wrapped : wrap(keys.get(wrapped) ?? randomBytes(32)),
  };
}
