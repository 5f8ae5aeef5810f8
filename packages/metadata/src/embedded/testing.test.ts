import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from './connection.ts';
import { createTestDatabase, startTestCluster, type TestCluster, testClusterSetup } from './testing.ts';

describe('test cluster', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster({
      migrate: async (url) => {
        await withClient(url, (client) => client.query('CREATE TABLE t (v int)'));
      },
    });
  });
  afterAll(() => cluster.stop());

  const rows = (url: string): Promise<number> =>
    withClient(url, async (client) => (await client.query('SELECT * FROM t')).rows.length);

  it('gives each suite its own database with the migrated tables', async () => {
    const [one, two] = await Promise.all([createTestDatabase(cluster.address), createTestDatabase(cluster.address)]);
    await withClient(one.databaseUrl, (client) => client.query('INSERT INTO t VALUES (1), (2)'));
    expect(await rows(one.databaseUrl)).toBe(2);
    expect(await rows(two.databaseUrl)).toBe(0);
    await one.drop();
    await two.drop();
    await expect(rows(one.databaseUrl)).rejects.toMatchObject({ code: '3D000' });
  });

  it('gives the suite the rights of production: owner of its database, no superuser', async () => {
    const database = await createTestDatabase(cluster.address);
    const who = await withClient(database.databaseUrl, (client) =>
      client.query<{ rolsuper: boolean; owns: boolean }>(
        `SELECT rolsuper, datdba = r.oid AS owns FROM pg_roles r, pg_database
         WHERE rolname = current_user AND datname = current_database()`,
      ),
    );
    expect(who.rows).toEqual([{ rolsuper: false, owns: true }]);
    await database.drop();
  });

  it('drops a database although a connection is still open', async () => {
    const database = await createTestDatabase(cluster.address);
    await withClient(database.databaseUrl, async (client) => {
      await database.drop();
      await expect(client.query('SELECT 1')).rejects.toThrow();
    });
  });
});

describe('testClusterSetup', () => {
  it('provides the address and stops the cluster at teardown; a failed migration leaves nothing behind', async () => {
    const failing = testClusterSetup({ migrate: () => Promise.reject(new Error('bad migration')) });
    const provided: string[] = [];
    const project = { provide: (key: string) => provided.push(key) };
    await expect(failing(project)).rejects.toThrow('bad migration');
    expect(provided).toEqual([]);
  });
});
