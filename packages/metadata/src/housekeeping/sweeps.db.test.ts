import { describeSweeps } from '@sealgate/testkit/contracts';
import { expect, it } from 'vitest';
import { openTestMetadata, suiteDatabase } from '../testing/database.ts';
import { sql } from '../testing/empty-database.ts';

describeSweeps('PostgreSQL', async () => {
  const database = await suiteDatabase();
  const metadata = await openTestMetadata(database.databaseUrl);
  // Clocks of a test and of its database are the same; ids a little ahead of it are old to this one too.
  const sweeper = await openTestMetadata(database.databaseUrl, { attemptAgeMaxMs: -60_000 });
  return {
    metadata,
    sweeper,
    age: () => undefined,
    now: () => Date.now(),
    async hold(reason) {
      await sql(database.databaseUrl, `INSERT INTO sealgate.holds (name, reason) VALUES ('orphan-sweep', '${reason}')`);
    },
    async close() {
      await Promise.all([metadata.close(), sweeper.close()]);
      await database.drop();
    },
  };
});

it('no function, whoever wrote it, turns a copy that is being removed into a replica', async () => {
  const database = await suiteDatabase();
  const run = (text: string) => sql(database.databaseUrl, text);
  await run(`INSERT INTO sealgate.blobs (blob_id, bytes, bucket_id, class, block_shift, replicas, digests)
    VALUES ('0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b', 0, 1, 1, 16, '\\x00010073', '')`);
  await run(`INSERT INTO sealgate.strays (due_at, removed_at, blob_id, backend, shard, bucket)
    VALUES (now(), now(), '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b', 2, 0, 's3gw-x')`);
  await expect(run(`UPDATE sealgate.blobs SET replicas = replicas || '\\x00020073'`)).rejects.toThrow('being removed');
  await run(`UPDATE sealgate.blobs SET replicas = replicas || '\\x00030073'`);
  await database.drop();
});
