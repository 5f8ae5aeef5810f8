import { hash } from 'node:crypto';
import { PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { createBucket } from '../../tests/support/gateway.ts';
import { newClient } from '../../tests/support/s3-client.ts';
import { withDatabase } from '../support/database.ts';
import { type Finding, type Row, say } from '../support/row.ts';
import type { Scene } from '../support/scene.ts';
import { median, quantile } from '../support/stats.ts';

const SECONDS_MAX = 120;

function put(scene: Scene, paths: readonly string[], concurrency: number) {
  return scene.load({
    origin: scene.gateway.credentials.s3Endpoint,
    method: 'PUT',
    bodyBytes: 100,
    paths: paths.map((path) => scene.signed('PUT', path)),
    concurrency,
    count: paths.length,
    secondsMax: SECONDS_MAX,
  });
}

const KEYS_SMALL = 10_000;
/** Keys under one prefix: so few that a page of prefixes is full in the small bucket too. */
const KEYS_A_PREFIX = 10;
const PAGE = 1000;
const LISTINGS = 20;

/** Every so many keys there is one that has an older version besides. */
const VERSIONED_EVERY = 4;

/** A bucket of `keys` objects, some with an older version: one that was put, and copies of its row under other names. */
async function fillBucket(scene: Scene, bucket: string, keys: number): Promise<void> {
  await createBucket(scene.gateway, bucket, { encryption: 'off' });
  await put(scene, [`/${bucket}/${keyAt(0)}`], 1);
  await withDatabase(scene.gateway, async (query) => {
    await query(
      `INSERT INTO sealgate.objects (seq, bytes, modified_at, bucket_id, class, parts, is_null, blob_id, key, etag)
       SELECT nextval('sealgate.change_seq'), o.bytes, o.modified_at, o.bucket_id, o.class, o.parts, o.is_null, o.blob_id,
         lpad((n / ${KEYS_A_PREFIX})::text, 9, '0') || '/' || lpad((n % ${KEYS_A_PREFIX})::text, 9, '0'), o.etag
       FROM sealgate.objects o JOIN sealgate.buckets b ON b.id = o.bucket_id, generate_series(1, $2::bigint - 1) AS n
       WHERE b.name = $1 AND o.key = $3`,
      [bucket, keys, keyAt(0)],
    );
    await query(
      `INSERT INTO sealgate.history (seq, bytes, modified_at, bucket_id, class, parts, is_null, blob_id, key, etag)
       SELECT -o.seq, o.bytes, o.modified_at, o.bucket_id, o.class, o.parts, false, o.blob_id, o.key, o.etag
       FROM sealgate.objects o JOIN sealgate.buckets b ON b.id = o.bucket_id
       WHERE b.name = $1 AND o.seq % ${VERSIONED_EVERY} = 0`,
      [bucket],
    );
    await query('VACUUM (ANALYZE) sealgate.objects, sealgate.history');
  });
}

function keyAt(index: number): string {
  const part = (value: number): string => String(value).padStart(9, '0');
  return `${part(Math.floor(index / KEYS_A_PREFIX))}/${part(index % KEYS_A_PREFIX)}`;
}

/** The pages of one bucket; each has a thousand entries. */
function pagesOf(keys: number): readonly { readonly name: string; readonly query: string }[] {
  const lastKey = encodeURIComponent(keyAt(keys - PAGE - 1));
  const lastPrefix = encodeURIComponent(keyAt(keys - PAGE * KEYS_A_PREFIX - 1));
  return [
    { name: 'ListObjectsV2, first page', query: 'list-type=2' },
    { name: 'ListObjectsV2, last page', query: `list-type=2&start-after=${lastKey}` },
    { name: 'ListObjectsV2, first page of prefixes', query: 'delimiter=%2F&list-type=2' },
    { name: 'ListObjectsV2, last page of prefixes', query: `delimiter=%2F&list-type=2&start-after=${lastPrefix}` },
    { name: 'ListObjectVersions, first page', query: 'versions=' },
    { name: 'ListObjectVersions, last page', query: `key-marker=${lastKey}&versions=` },
    { name: 'ListObjectVersions, first page of prefixes', query: 'delimiter=%2F&versions=' },
    { name: 'ListObjectVersions, last page of prefixes', query: `delimiter=%2F&key-marker=${lastPrefix}&versions=` },
  ];
}

export const listObjects: Row = {
  id: 9,
  async run({ options, scene: open }) {
    const scene = await open();
    const buckets = [
      { name: 'list-small', keys: KEYS_SMALL },
      { name: 'list-large', keys: options.keys },
    ] as const;
    for (const { name, keys } of buckets) {
      say(`    filling a bucket with ${keys} keys`);
      await fillBucket(scene, name, keys);
    }
    const listed = async (bucket: (typeof buckets)[number], page: number): Promise<number> => {
      const { name, keys } = bucket;
      const result = await scene.load({
        origin: scene.gateway.credentials.s3Endpoint,
        method: 'GET',
        paths: [scene.signed('GET', `/${name}`, pagesOf(keys)[page]?.query)],
        concurrency: 1,
        count: LISTINGS,
        secondsMax: SECONDS_MAX,
      });
      return quantile(result.millis, 0.5);
    };
    const findings: Finding[] = [];
    for (const [page, { name }] of pagesOf(0).entries()) {
      const turns: { readonly small: number; readonly large: number }[] = [];
      for (let round = -1; round < options.rounds; round += 1) {
        const turn = { small: await listed(buckets[0], page), large: await listed(buckets[1], page) };
        if (round >= 0) turns.push(turn);
      }
      const ratio = median(turns.map(({ small, large }) => large / small));
      const [small, large] = [median(turns.map((turn) => turn.small)), median(turns.map((turn) => turn.large))];
      findings.push({
        row: '9',
        work: `${name}, 1 000 entries: ${KEYS_SMALL} → ${options.keys} keys, every fourth with an older version`,
        measured: `${ratio.toFixed(2)} ×, p50 ${large.toFixed(1)} ms`,
        budget: '≤ 1.5 ×, ≤ 10 ms',
        met: ratio <= 1.5 && large <= 10,
        absolute: `p50 ${small.toFixed(1)} and ${large.toFixed(1)} ms, one at a time, the answer's XML included`,
      });
    }
    return findings;
  },
};

const VERSIONS = 10_000;
const VERSIONED_PUTS = 40;

export const putOverVersions: Row = {
  id: 10,
  async run({ options, scene: open }) {
    const scene = await open();
    const bucket = 'versions';
    await createBucket(scene.gateway, bucket, { encryption: 'off' });
    const s3 = newClient(scene.gateway.credentials);
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
    s3.destroy();
    await put(scene, [`/${bucket}/old`], 1);
    await withDatabase(scene.gateway, async (query) => {
      await query(
        `INSERT INTO sealgate.history (seq, bytes, modified_at, bucket_id, class, parts, is_null, blob_id, key, etag)
         SELECT nextval('sealgate.change_seq'), o.bytes, o.modified_at, o.bucket_id, o.class, o.parts, false, o.blob_id,
           o.key, o.etag
         FROM sealgate.objects o JOIN sealgate.buckets b ON b.id = o.bucket_id, generate_series(1, $2::bigint) AS n
         WHERE b.name = $1 AND o.key = 'old'`,
        [bucket, VERSIONS],
      );
      await query('VACUUM (ANALYZE) sealgate.history');
    });
    const p50 = async (pathOf: (index: number) => string): Promise<number> => {
      const paths = Array.from({ length: VERSIONED_PUTS }, (_, index) => `/${bucket}/${pathOf(index)}`);
      return quantile((await put(scene, paths, 1)).millis, 0.5);
    };
    const turns: { readonly first: number; readonly over: number }[] = [];
    for (let round = -1; round < options.rounds; round += 1) {
      const turn = { first: await p50((index) => `new-${round}-${index}`), over: await p50(() => 'old') };
      if (round >= 0) turns.push(turn);
    }
    const ratio = median(turns.map(({ first, over }) => over / first));
    const [first, over] = [median(turns.map((turn) => turn.first)), median(turns.map((turn) => turn.over))];
    return [
      {
        row: '10',
        work: 'PUT over a key with 10 k versions',
        measured: `${ratio.toFixed(2)} × the first PUT`,
        budget: '≤ 1.2',
        met: ratio <= 1.2,
        absolute: `p50 ${over.toFixed(1)} and ${first.toFixed(1)} ms, one at a time`,
      },
    ];
  },
};

const OBJECTS_COUNTED = 10_000;
const KEY_BYTES = 60;
const PUTS_AT_ONCE = 32;

/** A record for each request, reads too: no metadata of a version, and shown beside it. */
const RECORDS = 'audit_requests';

/** Bytes of each table with its indexes. */
async function bytesOfTables(scene: Scene): Promise<ReadonlyMap<string, number>> {
  return await withDatabase(scene.gateway, async (query) => {
    const rows = await query(
      `SELECT c.relname AS name, pg_total_relation_size(c.oid)::bigint AS bytes FROM pg_class c
       WHERE c.relnamespace = 'sealgate'::regnamespace AND c.relkind = 'r'`,
    );
    return new Map(rows.map((row) => [String(row.name), Number(row.bytes)]));
  });
}

export const bytesPerObject: Row = {
  id: 15,
  async run({ scene: open }) {
    const scene = await open();
    const bucket = 'sizes';
    await createBucket(scene.gateway, bucket, { encryption: 'off' });
    // Names in no order, as most applications make them.
    const keyOf = (index: number): string => hash('sha256', String(index), 'hex').slice(0, KEY_BYTES);
    const before = await bytesOfTables(scene);
    const paths = Array.from({ length: OBJECTS_COUNTED }, (_, index) => `/${bucket}/${keyOf(index)}`);
    const { requests } = await put(scene, paths, PUTS_AT_ONCE);
    const grown = [...(await bytesOfTables(scene))]
      .map(([name, bytes]) => ({ name, bytes: (bytes - (before.get(name) ?? 0)) / requests }))
      .filter(({ bytes }) => bytes >= 1)
      .toSorted((a, b) => b.bytes - a.bytes);
    const ofVersions = grown.filter(({ name }) => name !== RECORDS);
    const bytes = ofVersions.reduce((sum, table) => sum + table.bytes, 0);
    const tables = grown.map((table) => `${table.name} ${table.bytes.toFixed(0)}`).join(', ');
    return [
      {
        row: '15',
        work: 'database per object version, 3 copies, key names of 60 bytes, unsealed',
        measured: `${bytes.toFixed(0)} bytes`,
        budget: '≤ 900',
        met: bytes <= 900,
        absolute: `all tables with their indexes but ${RECORDS}, grown by ${requests} PUTs: ${tables}`,
      },
    ];
  },
};
