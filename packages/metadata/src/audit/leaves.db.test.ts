import { hash } from 'node:crypto';
import { type AuditEntry, entryLine, leafHash } from '@sealgate/core/audit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadSchemaFiles } from '../migrate/files.ts';
import { migrate } from '../migrate/migrate.ts';
import { openTestMetadata } from '../testing/database.ts';
import { emptyDatabase, sql } from '../testing/empty-database.ts';
import { keySubject } from './entry-row.ts';

const files = loadSchemaFiles();
/** The release before leaves became narrow. */
const WIDE = 29;

const BUCKETS = [7, 8];

/** Two keys of one bucket that have the same subject. */
const [twin, otherTwin] = ['key-4339', 'key-39411'];

const wideSubject = (text: string) => hash('sha256', text, 'buffer').readBigInt64BE().toString();

/** Entries of every kind in turns; between some of them numbers that no entry has. */
const fill = `
  INSERT INTO sealgate.terms (kind, value) VALUES ('a', 'system:test') ON CONFLICT DO NOTHING;
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, tell, bucket_id, key, blob_id, detail)
  SELECT n + 10 * (n / 50) + 3, now(), t.id,
    (ARRAY[1, 5, 10, 13, 21, 53, 122])[n % 7 + 1], n::text, NULL,
    CASE WHEN n % 7 IN (0, 1, 3, 4) THEN 7 + n / 7 % 2 END,
    CASE n % 7 WHEN 0 THEN 'key-' || n / 14 % 40 WHEN 1 THEN (ARRAY['key-4339', 'key-39411'])[n / 14 % 2 + 1] END,
    CASE WHEN n % 7 < 4 THEN ('00000000-0000-7000-8000-' || lpad((n / 7 % 60)::text, 12, '0'))::uuid END,
    CASE WHEN n % 7 = 0 AND n % 3 = 0 THEN jsonb_build_object('from', '00000000-0000-7000-8000-' || lpad((n / 7 % 60 + 100)::text, 12, '0')) END
  FROM generate_series(1, 1400) n, (SELECT id FROM sealgate.terms WHERE value = 'system:test') t;
  INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id, blob_id)
  SELECT 100000 + n, now(), t.id, 10, 'from', ('00000000-0000-7000-8000-' || lpad((n + 100)::text, 12, '0'))::uuid
  FROM generate_series(0, 59) n, (SELECT id FROM sealgate.terms WHERE value = 'system:test') t;
`;

describe.each(['given by this release', 'carried over from wider ones'])('leaves %s', (how) => {
  let database: Awaited<ReturnType<typeof emptyDatabase>>;
  let metadata: Awaited<ReturnType<typeof openTestMetadata>>;
  let log: readonly AuditEntry[];

  beforeAll(async () => {
    database = await emptyDatabase();
    const { databaseUrl } = database;
    const carried = how.startsWith('carried');
    if (carried) await migrate({ databaseUrl, files: { migrations: files.migrations.slice(0, WIDE), functions: [] } });
    else await migrate({ databaseUrl });
    await sql(databaseUrl, `${fill}; SELECT setval('sealgate.change_seq', 200000)`);
    if (carried) {
      await fillWide(databaseUrl);
      await migrate({ databaseUrl });
    }
    metadata = await openTestMetadata(databaseUrl);
    log = await metadata.auditStore.unsequenced(0, 200_000, 10_000);
    if (!carried) {
      const halves = [log.slice(0, 700), log.slice(700)] as const;
      expect(await append(0, halves[0])).toBe(true);
      expect(await append(700, halves[1])).toBe(true);
    }
  });
  afterAll(async () => {
    await metadata.close();
    await database.drop();
  });

  const append = (first: number, entries: readonly AuditEntry[]) =>
    metadata.auditStore.append(
      first,
      entries.map((entry) => ({ entry, hash: leafHash(entryLine(entry)) })),
      [],
    );

  /** What should be found: every entry of the log is looked at. */
  function found(about: (entry: AuditEntry) => boolean) {
    const own = log.filter(about);
    const blobs = new Set(own.flatMap(({ blob, detail }) => [blob, detail?.['from']]));
    return log.filter(
      (entry) => about(entry) || (entry.key === undefined && entry.blob !== undefined && blobs.has(entry.blob)),
    );
  }

  it('find what is about a key and its blobs, and nothing that only has the same hash', async () => {
    expect(keySubject(7, twin)).toBe(keySubject(7, otherTwin));
    for (const bucketId of BUCKETS) {
      for (const key of [twin, otherTwin, 'key-0', 'key-17', 'not there']) {
        const entries = await metadata.auditStore.entriesOf({ bucketId, key });
        const expected = found(
          (entry) =>
            entry.bucket === bucketId && (entry.key === key || (entry.key === undefined && entry.blob === undefined)),
        );
        expect(entries.map(({ entry }) => entry)).toEqual(expected);
        expect(entries.map(({ leaf }) => leaf)).toEqual(expected.map((entry) => log.indexOf(entry)));
      }
    }
  });

  it('find what is about a bucket and its blobs', async () => {
    for (const bucketId of BUCKETS) {
      const entries = await metadata.auditStore.entriesOf({ bucketId, key: null });
      expect(entries.map(({ entry }) => entry)).toEqual(found((entry) => entry.bucket === bucketId));
    }
  });

  it('are found by the number of their entry, whatever numbers no entry has', async () => {
    const last = log.at(-1)?.seq ?? 0;
    const asked = [...Array.from({ length: 1800 }, (_, n) => n), last - 61, last - 60, last - 59, last, last + 1];
    const entries = await metadata.auditStore.entriesNumbered(asked);
    const wanted = new Set(asked);
    expect(entries.map(({ leaf, entry }) => [leaf, entry.seq])).toEqual(
      log.flatMap(({ seq }, leaf) => (wanted.has(seq) ? [[leaf, seq]] : [])),
    );
    const backends = await metadata.auditStore.entriesOfBackends();
    expect(backends.map(({ entry }) => entry)).toEqual(log.filter(({ action }) => action === 50 || action === 53));
  });

  it('are searched from one leaf on, and whoever goes on hears where', async () => {
    const { auditStore } = metadata;
    const middle = Math.floor(log.length / 2);
    const found: number[] = [];
    for (let below: number | null = null; ; ) {
      const page = await auditStore.search({}, { first: middle, below, limit: 100 });
      if (below === null) expect(page.end).toBe(log.length);
      found.push(...page.items.map(({ leaf }) => leaf));
      if (page.next === null) break;
      below = page.next;
    }
    expect(found).toEqual(
      log
        .map((_, leaf) => leaf)
        .slice(middle)
        .reverse(),
    );
    expect(await auditStore.search({}, { first: log.length, below: null, limit: 100 })).toEqual({
      ...{ items: [], next: null, end: log.length },
    });
  });

  it('have the hashes of their lines, in order', async () => {
    const hashes = await metadata.auditStore.nodes(0, 0, 10_000);
    expect(hashes.map((one) => Buffer.from(one).toString('hex'))).toEqual(
      log.map((entry) => leafHash(entryLine(entry)).toString('hex')),
    );
  });

  it('are refused where they do not follow upon the last one, and may not be changed', async () => {
    const [entry, late] = [log[0], { ...log[0], seq: 199_000 } as AuditEntry];
    if (entry === undefined) throw new Error('there is a first entry');
    expect(await append(log.length - 1, [late])).toBe(false);
    expect(await append(log.length + 1, [late])).toBe(false);
    expect(await append(log.length, [entry])).toBe(false);
    expect((await metadata.auditStore.edge()).size).toBe(log.length);
    for (const change of ['DELETE FROM', 'TRUNCATE']) {
      await expect(sql(database.databaseUrl, `${change} sealgate.audit_leaves`)).rejects.toThrow(/append-only/);
    }
    await expect(sql(database.databaseUrl, 'UPDATE sealgate.audit_leaves SET subject = 1')).rejects.toThrow(
      /append-only/,
    );
  });
});

/** Leaves as the release before gave them. */
async function fillWide(databaseUrl: string): Promise<void> {
  const metadata = await openTestMetadata(databaseUrl);
  const log = await metadata.auditStore.unsequenced(0, 200_000, 10_000);
  await metadata.close();
  await sql(
    databaseUrl,
    `INSERT INTO sealgate.audit_leaves (leaf, seq, hash, bucket_id, subject, blob)
     SELECT l.place - 1, l.seq, l.hash, l.bucket_id, l.subject, l.blob
     FROM unnest($1::bigint[], $2::bytea[], $3::integer[], $4::bigint[], $5::bigint[]) WITH ORDINALITY
       AS l(seq, hash, bucket_id, subject, blob, place)`,
    [
      log.map(({ seq }) => seq),
      log.map((entry) => leafHash(entryLine(entry))),
      log.map(({ bucket }) => bucket ?? null),
      log.map(({ bucket, key }) => (key === undefined ? null : wideSubject(`${bucket}/${key}`))),
      log.map(({ blob }) => (blob === undefined ? null : wideSubject(blob))),
    ],
  );
}
