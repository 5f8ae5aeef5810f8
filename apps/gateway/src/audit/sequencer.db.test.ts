import {
  checkpointText,
  createHashTree,
  entryLine,
  leafHash,
  openCheckpoint,
  parseVerifier,
  rootOf,
} from '@sealgate/core/audit';
import type { AuditActor } from '@sealgate/core/ports';
import { createCheckpoints, createSequencer } from '@sealgate/engine';
import { openMetadata } from '@sealgate/metadata';
import { createTestDatabase } from '@sealgate/metadata/testing';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

const actor: AuditActor = { kind: 'admin', id: 'somebody', requestId: 'R1', remoteAddress: '192.0.2.1' };

describe('the hash tree in the database', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let metadata: Awaited<ReturnType<typeof open>>;
  const open = () =>
    openMetadata({
      databaseUrl: database.databaseUrl,
      secrets: { passphrases: [{ version: 1, passphrase: 'only for tests' }] },
    });

  beforeAll(async () => {
    database = await createTestDatabase(inject('testCluster'));
    metadata = await open();
  });
  afterAll(async () => {
    await metadata.close();
    await database.drop();
  });

  const note = (n: number) => metadata.auditStore.note(122, { n }, actor);
  const all = () => metadata.auditStore.entries(0, 10_000);

  async function connected(): Promise<Client> {
    const client = new Client({ connectionString: database.databaseUrl });
    await client.connect();
    return client;
  }

  it('has a leaf for every entry in the order of their numbers, and the root of them', async () => {
    const sequencer = createSequencer(metadata.auditStore);
    for (let i = 0; i < 20; i += 1) await note(i);
    while ((await sequencer.sequenceDue()) > 0);
    await note(20);
    expect(await sequencer.sequenceDue()).toBe(1);
    const entries = await all();
    expect(entries.map(({ leaf }) => leaf)).toEqual(entries.map((_, i) => i));
    const seqs = entries.map(({ entry }) => entry.seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    // The first entry is that of the key.
    expect(entries[0]?.entry).toMatchObject({ action: 120, actor: 'system:metadata' });
    expect(entries.at(-1)?.entry).toMatchObject({
      actor: 'admin:somebody',
      remoteAddress: '192.0.2.1',
      detail: { n: 20 },
    });
    const hashes = entries.map(({ entry }) => leafHash(entryLine(entry)));
    expect(entries.map(({ hash }) => Buffer.from(hash).toString('hex'))).toEqual(
      hashes.map((hash) => hash.toString('hex')),
    );
    const tree = createHashTree((level, first, count) => metadata.auditStore.nodes(level, first, count));
    expect(Buffer.from(await tree.root(entries.length))).toEqual(rootOf(hashes));
  });

  it('waits for a number that is still on its way, and for no other transaction', async () => {
    const sequencer = createSequencer(metadata.auditStore);
    const [slow, idle] = [await connected(), await connected()];
    try {
      await idle.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_current_xact_id()');
      await slow.query('BEGIN');
      // The number is taken; no row was written, so the transaction may have no id yet.
      await slow.query("SELECT nextval('sealgate.change_seq') AS seq");
      await note(100);
      expect(await sequencer.sequenceDue()).toBe(0);
      expect(await sequencer.sequenceDue()).toBe(0);
      await slow.query(
        `INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id)
         SELECT currval('sealgate.change_seq'), now(), t.id, 122, 'slow' FROM sealgate.terms t WHERE t.kind = 'a' LIMIT 1`,
      );
      expect(await sequencer.sequenceDue()).toBe(0);
      await slow.query('COMMIT');
      expect(await sequencer.sequenceDue()).toBe(2);
      expect((await all()).slice(-2).map(({ entry }) => entry.requestId)).toEqual(['slow', 'R1']);
    } finally {
      await slow.end();
      await idle.end();
    }
  });

  it('goes on while others write without a pause', async () => {
    const sequencer = createSequencer(metadata.auditStore);
    const before = (await all()).length;
    const writers = await Promise.all([1, 2, 3].map(connected));
    let [written, stopped] = [0, false];
    const work = writers.map(async (client) => {
      while (!stopped) {
        await client.query(
          `INSERT INTO sealgate.audit_log (seq, at, actor, action, request_id)
           SELECT nextval('sealgate.change_seq'), now(), t.id, 122, '' FROM sealgate.terms t WHERE t.kind = 'a' LIMIT 1`,
        );
        written += 1;
      }
    });
    let sequenced = 0;
    while (sequenced < 600) sequenced += await sequencer.sequenceDue();
    stopped = true;
    await Promise.all(work);
    while (sequenced < written) sequenced += await sequencer.sequenceDue();
    await Promise.all(writers.map((client) => client.end()));
    const entries = await all();
    expect(entries.length - before).toBe(written);
    const seqs = entries.map(({ entry }) => entry.seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  });

  it('is one tree, however many processes give leaves', async () => {
    const other = await open();
    const [a, b] = [createSequencer(metadata.auditStore), createSequencer(other.auditStore)];
    for (let round = 0; round < 10; round += 1) {
      for (let i = 0; i < 30; i += 1) await note(i);
      await Promise.all([a.sequenceDue(), b.sequenceDue()]);
    }
    while ((await a.sequenceDue()) > 0);
    while ((await b.sequenceDue()) > 0);
    await other.close();
    const entries = await all();
    expect(entries.length).toBeGreaterThan(256);
    const hashes = entries.map(({ entry }) => leafHash(entryLine(entry)));
    const tree = createHashTree((level, first, count) => metadata.auditStore.nodes(level, first, count));
    for (const size of [1, 255, 256, 257, entries.length]) {
      expect(Buffer.from(await tree.root(size))).toEqual(rootOf(hashes.slice(0, size)));
    }
  });

  it('has signed heads, under the old key too while a new one takes over', async () => {
    let now = Date.now();
    const { auditStore: store, auditSigner: signer } = metadata;
    const checkpoints = createCheckpoints({ store, signer, now: () => now });
    const first = await checkpoints.take();
    const [old = ''] = await signer.verifiers();
    expect(openCheckpoint(first?.note ?? '', [parseVerifier(old)])).toEqual({
      origin: signer.origin,
      size: first?.size,
      root: first?.root,
    });
    expect(await checkpoints.take()).toEqual(first);
    expect(await checkpoints.takeDue(1000)).toBe(0);
    await signer.rotate(60_000, actor);
    const sequencer = createSequencer(store);
    while ((await sequencer.sequenceDue()) > 0);
    expect(await checkpoints.takeDue(60_000)).toBe(0);
    now += 61_000;
    expect(await checkpoints.takeDue(60_000)).toBe(1);
    const second = await checkpoints.latest();
    const both = await signer.verifiers();
    expect(both).toHaveLength(2);
    for (const key of both) expect(openCheckpoint(second?.note ?? '', [parseVerifier(key)]).size).toBe(second?.size);
    await signer.rotate(0, actor);
    const newest = await signer.sign(checkpointText({ origin: signer.origin, size: 1, root: rootOf([]) }));
    expect(() => openCheckpoint(newest, both.map(parseVerifier))).toThrow('None of the given keys');
  });

  it('keeps what it has: nothing of it can be changed, nor seen by its entries', async () => {
    const sequencer = createSequencer(metadata.auditStore);
    while ((await sequencer.sequenceDue()) > 0);
    const client = await connected();
    for (const table of ['audit_leaves', 'audit_nodes', 'audit_checkpoints', 'audit_log']) {
      for (const change of [`DELETE FROM sealgate.${table}`, `TRUNCATE sealgate.${table}`]) {
        await expect(client.query(change)).rejects.toThrow(/append-only/);
      }
    }
    await expect(client.query("UPDATE sealgate.audit_leaves SET hash = ''")).rejects.toThrow(/append-only/);
    await client.end();
    const keys = (await all()).filter(({ entry }) => entry.action === 120);
    expect(keys).toHaveLength(3);
    for (const { entry } of keys)
      expect(Object.keys(entry.detail ?? {}).sort()).toEqual(['overlapMs', 'verifier', 'version']);
  });
});
