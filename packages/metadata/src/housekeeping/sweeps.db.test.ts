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

it('the history of probes is cut, but never the newest one of a backend', async () => {
  const database = await suiteDatabase();
  const metadata = await openTestMetadata(database.databaseUrl);
  const run = (text: string) => sql(database.databaseUrl, text);
  await run(`INSERT INTO sealgate.backends (id, type, endpoint, provider, provider_region, region, country, jurisdiction,
      operator_jurisdiction, certificates, weight, addressing, custody)
    SELECT 'b' || n, 'memory', '', '', '', '', 'FI', 'EU', 'FI', '{}', 1, 'path', 'gateway' FROM generate_series(1, 2) n`);
  await run(`INSERT INTO sealgate.backend_probes (backend, probed_at, capabilities)
    SELECT b.num, now() - n * interval '1 day', '{}' FROM sealgate.backends b, generate_series(2, 6) n`);
  await run(`INSERT INTO sealgate.backend_probes (backend, probed_at, capabilities)
    SELECT b.num, now(), '{}' FROM sealgate.backends b WHERE b.id = 'b1'`);
  const actor = { kind: 'system', id: 'test', requestId: '' } as const;
  const request = { kind: 'probes', keepMs: 3.5 * 86_400_000, limit: 2, actor } as const;
  expect([await metadata.vacuum(request), await metadata.vacuum({ ...request, limit: 100 })]).toEqual([2, 4]);
  expect(await metadata.vacuum({ ...request, keepMs: 0, limit: 100 })).toBe(3);
  const left = await run(
    `SELECT b.id FROM sealgate.backend_probes p JOIN sealgate.backends b ON b.num = p.backend ORDER BY 1`,
  );
  expect(left).toEqual([{ id: 'b1' }, { id: 'b2' }]);
  await metadata.close();
  await database.drop();
});

it('hours of usage go by age, whosever they are, and the log says so', async () => {
  const database = await suiteDatabase();
  const metadata = await openTestMetadata(database.databaseUrl);
  const run = (text: string) => sql(database.databaseUrl, text);
  await run(`INSERT INTO sealgate.usage_hourly (hour, tenant_id, metric, amount)
    SELECT date_trunc('hour', now()) - n * interval '1 day', gen_random_uuid(), 's', 1 FROM generate_series(0, 9) n`);
  const actor = { kind: 'system', id: 'test', requestId: '' } as const;
  const request = { kind: 'usage', keepMs: 4.5 * 86_400_000, limit: 3, actor } as const;
  expect([await metadata.vacuum(request), await metadata.vacuum(request), await metadata.vacuum(request)]).toEqual([
    3, 2, 0,
  ]);
  expect(await run(`SELECT count(*)::integer AS left FROM sealgate.usage_hourly`)).toEqual([{ left: 5 }]);
  expect(
    await run(`SELECT (detail ->> 'rows')::integer AS rows FROM sealgate.audit_log WHERE action = 119 ORDER BY seq`),
  ).toEqual([{ rows: 3 }, { rows: 2 }]);
  // However short it is kept, the hour that is under way stays. Should it end just now, that is the next one.
  await run(`INSERT INTO sealgate.usage_hourly (hour, tenant_id, metric, amount)
    VALUES (date_trunc('hour', now()) + interval '1 hour', gen_random_uuid(), 's', 1)`);
  await metadata.vacuum({ ...request, keepMs: 0, limit: 100 });
  const left = (await run(`SELECT hour < now() - interval '12 hours' AS old FROM sealgate.usage_hourly`)) as {
    old: boolean;
  }[];
  expect(left.length).toBeGreaterThan(0);
  expect(left.filter(({ old }) => old)).toEqual([]);
  await metadata.close();
  await database.drop();
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
