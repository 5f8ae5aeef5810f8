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
    const [a, b] = await Promise.all([openSecrets(database, [first]), openSecrets(database, [first])]);
    expect(a.open(place, b.seal(place, 'secret'))).toBe('secret');
  });

  it('stop the start when the passphrase is wrong', async () => {
    const wrong = openSecrets(database, [{ version: 1, passphrase: 'another one' }]);
    await expect(wrong).rejects.toMatchObject({ code: 'ConfigInvalid', message: /TENANT_SECRET_PASSPHRASE is not/ });
  });

  it('rotate: new secrets under the new passphrase, old ones open as long as theirs is given', async () => {
    const old = await openSecrets(database, [first]);
    const sealed = old.seal(place, 'secret');
    const both = await openSecrets(database, [first, second]);
    expect(both.open(place, sealed)).toBe('secret');
    expect(both.seal(place, 'secret')[0]).toBe(2);
    const alone = openSecrets(database, [second]);
    await expect(alone).rejects.toMatchObject({ code: 'ConfigInvalid', message: /version 1/ });
  });
});
