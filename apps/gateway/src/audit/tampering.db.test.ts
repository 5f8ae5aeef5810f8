// Whoever owns the database changes it, one column after the other: an auditor who has the public key and one checkpoint finds
// each change, in what the gateway exports and proves afterwards.
import { hash } from 'node:crypto';
import {
  createSegmentsVerifier,
  leafHash,
  openCheckpoint,
  parseVerifier,
  verifyConsistency,
  verifyInclusion,
} from '@sealgate/core/audit';
import type { AuditActor } from '@sealgate/core/ports';
import { createSequencer, segmentLines } from '@sealgate/engine';
import { openMetadata } from '@sealgate/metadata';
import { createTestDatabase } from '@sealgate/metadata/testing';
import { createMetadataWorld } from '@sealgate/testkit/contracts';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { auditServicesOf } from './audit-services.ts';

const actor: AuditActor = { kind: 'admin', id: 'somebody', requestId: 'R1', remoteAddress: '192.0.2.1' };
/** More than the leaves of one complete subtree, so that proofs read nodes. */
const ENTRIES = 300;

const TABLES = ['audit_log', 'audit_leaves', 'audit_nodes', 'audit_checkpoints', 'audit_requests'];

/** What no proof rests on, and why. */
const NOT_PROVEN: Readonly<Record<string, string>> = {
  'audit_log.tell': 'a mark of the queue of notifications',
  'audit_leaves.bucket_id': 'finds entries; an export reads them all',
  'audit_leaves.subject': 'finds entries; an export reads them all',
  'audit_checkpoints.created_at': 'says when the next one is due',
  'audit_requests.tenant_id': 'finds records; the entry says whose they are',
  'audit_requests.first_at': 'finds records; the lines say when',
  'audit_requests.last_at': 'finds records; the lines say when',
};

/** Another value of the same type. */
const CHANGED: Readonly<Record<string, string>> = {
  bigint: '@ + 1000000',
  integer: '@ + 1',
  smallint: '@ + 1',
  text: "@ || 'x'",
  bytea: 'set_byte(@, 0, (get_byte(@, 0) + 1) % 256)',
  'timestamp with time zone': "@ + interval '1 second'",
  inet: "inet '203.0.113.9'",
  jsonb: `jsonb_build_object('changed', true) || @`,
  uuid: 'gen_random_uuid()',
  boolean: 'NOT @',
};

describe('a change of the database', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let metadata: Awaited<ReturnType<typeof open>>;
  let client: Client;
  let kept: { readonly verifier: string; readonly note: string; readonly early: string };
  const open = () =>
    openMetadata({
      databaseUrl: database.databaseUrl,
      secrets: { passphrases: [{ version: 1, passphrase: 'only for tests' }] },
    });
  const world = createMetadataWorld(() => ({ metadata, now: () => Date.now(), close: () => Promise.resolve() }));
  const services = () => auditServicesOf(metadata, { now: () => Date.now() });

  beforeAll(async () => {
    database = await createTestDatabase(inject('testCluster'));
    metadata = await open();
    client = new Client({ connectionString: database.databaseUrl });
    await client.connect();
    const bucket = await world.bucket();
    const places = await world.backends();
    const replicas = places.map(({ id }) => ({ backend: id, shard: 0, state: 'stored' as const }));
    await world.put(bucket, 'kept', { replicas });
    await world.put(bucket, 'removed', { replicas });
    await world.remove(bucket, 'removed');
    const { auditStore } = metadata;
    const lines = '{"at":"2026-11-29T10:00:00.000Z","operation":"GetObject"}\n';
    const digest = hash('sha256', lines, 'buffer');
    const detail = { sha256: digest.toString('hex'), count: 1 };
    const { tenantId } = bucket;
    await auditStore.addRequests({ digest, tenantId, firstMs: 1, lastMs: 2, lines, detail }, actor);
    const sequencer = createSequencer(auditStore);
    while ((await sequencer.sequenceDue()) > 0);
    const early = await services().checkpoints.take();
    for (let n = 0; n < ENTRIES; n += 1) await auditStore.note(122, { n }, actor);
    while ((await sequencer.sequenceDue()) > 0);
    const last = await services().checkpoints.take();
    const [verifier = ''] = await services().signer.verifiers();
    kept = { verifier, note: last?.note ?? '', early: early?.note ?? '' };
    await client.query('CREATE SCHEMA kept');
    for (const table of TABLES) {
      await client.query(`ALTER TABLE sealgate.${table} DISABLE TRIGGER USER`);
      await client.query(`CREATE TABLE kept.${table} AS TABLE sealgate.${table}`);
    }
  });
  afterAll(async () => {
    await client.end();
    await metadata.close();
    await database.drop();
  });

  /** All that an auditor does with the public key and the two checkpoints. */
  async function audited(): Promise<void> {
    const verifiers = [parseVerifier(kept.verifier)];
    const [early, last] = [openCheckpoint(kept.early, verifiers), openCheckpoint(kept.note, verifiers)];
    const { store, checkpoints } = services();
    for (const from of [0, last.size - 2]) {
      const verifier = createSegmentsVerifier({
        verifiers,
        checkpoints: from === 0 ? [kept.early, kept.note] : [kept.note],
      });
      await verifier.segment(segmentLines({ store, checkpoints }, { from, to: last.size }));
      verifier.finish();
    }
    const { tree } = checkpoints;
    for (const index of [1, last.size - 1]) {
      const [found] = await store.entries(index, 1);
      const leaf = found?.hash ?? leafHash('');
      const proof = await tree.inclusion(index, last.size);
      if (!verifyInclusion({ index, size: last.size, leaf, root: last.root, proof })) throw new Error('not included');
    }
    const proof = await tree.consistency(early.size, last.size);
    const claim = { first: early.size, firstRoot: early.root, second: last.size, secondRoot: last.root, proof };
    if (!verifyConsistency(claim)) throw new Error('not consistent');
    for (const one of await store.checkpoints({ from: 0, to: Number.MAX_SAFE_INTEGER, limit: 10 })) {
      const { size, root } = openCheckpoint(one.note, verifiers);
      if (size !== one.size || Buffer.compare(root, one.root) !== 0) throw new Error('not what was signed');
    }
  }

  /** What the proofs wrote meanwhile goes, too: a checkpoint that is missed is signed anew, and says the same. */
  async function restore(table: string): Promise<void> {
    await client.query(`DELETE FROM sealgate.${table}`);
    await client.query(`INSERT INTO sealgate.${table} SELECT * FROM kept.${table}`);
  }

  it('is found in every column that proofs rest on', async () => {
    expect(await isFound()).toBe(false);
    const { rows: columns } = await client.query<{ table: string; name: string; type: string }>(
      `SELECT table_name AS table, column_name AS name, data_type AS type FROM information_schema.columns
       WHERE table_schema = 'sealgate' AND (table_name = ANY ($1) OR (table_name, column_name) = ('terms', 'value')) ORDER BY table_name, ordinal_position`,
      [TABLES],
    );
    expect(columns.length).toBeGreaterThan(25);
    const [unseen, unproven]: [string[], string[]] = [[], []];
    for (const { table, name, type } of columns) {
      const column = `${table}.${name}`;
      const value = CHANGED[type];
      if (value === undefined) throw new Error(`How is ${column} (${type}) to be changed?`);
      // The last one that the proofs speak of; of words, one that entries use.
      const used = table === 'terms' ? 'id IN (SELECT actor FROM sealgate.audit_log)' : 'true';
      const { rows } = await client.query<{ place: string; was: string }>(
        `SELECT ctid::text AS place, "${name}"::text AS was FROM sealgate.${table}
         WHERE "${name}" IS NOT NULL AND ${used} ORDER BY ctid DESC LIMIT 1`,
      );
      const [row = { place: '', was: '' }] = rows;
      const set = async (to: string, place: string, values: readonly string[]): Promise<string> => {
        const text = `UPDATE sealgate.${table} SET "${name}" = ${to} WHERE ctid = '${place}' RETURNING ctid::text AS place`;
        return (await client.query<{ place: string }>(text, [...values])).rows[0]?.place ?? '';
      };
      const changed = await set(value.replaceAll('@', `"${name}"`), row.place, []);
      expect([column, changed]).toEqual([column, expect.stringMatching(/^\(/)]);
      if (!(await isFound())) (column in NOT_PROVEN ? unproven : unseen).push(column);
      if (TABLES.includes(table)) await restore(table);
      else await set(`$1::${type}`, changed, [row.was]);
    }
    expect(await isFound(), 'all is as it was').toBe(false);
    expect(unseen).toEqual([]);
    expect(unproven.toSorted()).toEqual(Object.keys(NOT_PROVEN).toSorted());
  });

  it('is found when a row is taken away', async () => {
    for (const [table, at] of [
      ['audit_log', 'seq = (SELECT max(seq) FROM sealgate.audit_log)'],
      ['audit_log', 'seq = (SELECT seq FROM sealgate.audit_leaves WHERE leaf = 5)'],
      ['audit_leaves', 'leaf = 5'],
      ['audit_nodes', 'index = 0'],
      ['audit_requests', 'true'],
    ] as const) {
      await client.query(`DELETE FROM sealgate.${table} WHERE ${at}`);
      expect([table, at, await isFound()]).toEqual([table, at, true]);
      await restore(table);
      expect([table, at, await isFound()]).toEqual([table, at, false]);
    }
  });

  async function isFound(): Promise<boolean> {
    return await audited().then(
      () => false,
      () => true,
    );
  }
});
