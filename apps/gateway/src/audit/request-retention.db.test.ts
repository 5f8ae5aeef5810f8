import { hash } from 'node:crypto';
import { createSegmentsVerifier, parseVerifier } from '@sealgate/core/audit';
import type { AuditActor } from '@sealgate/core/ports';
import { createSequencer, defaultEngineLimits, removeRequestsDue, segmentLines } from '@sealgate/engine';
import { openMetadata } from '@sealgate/metadata';
import { createTestDatabase } from '@sealgate/metadata/testing';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { auditServicesOf } from './audit-services.ts';

const actor: AuditActor = { kind: 'admin', id: 'somebody', requestId: 'R1' };
const HOUR_MS = 3_600_000;

describe('records of requests', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let metadata: Awaited<ReturnType<typeof openMetadata>>;
  let client: Client;

  beforeEach(async () => {
    database = await createTestDatabase(inject('testCluster'));
    metadata = await openMetadata({
      databaseUrl: database.databaseUrl,
      secrets: { passphrases: [{ version: 1, passphrase: 'only for tests' }] },
    });
    client = new Client({ connectionString: database.databaseUrl });
    await client.connect();
  });
  afterEach(async () => {
    await client.end();
    await metadata.close();
    await database.drop();
  });

  const services = () => auditServicesOf(metadata, { now: () => Date.now() });
  /** Records, and an entry about something else behind them. */
  async function record(name: string): Promise<void> {
    const lines = `{"operation":"GetObject","key":"${name}"}\n`;
    const digest = hash('sha256', lines, 'buffer');
    const detail = { sha256: digest.toString('hex'), count: 1 };
    await metadata.auditStore.addRequests({ digest, tenantId: null, firstMs: 1, lastMs: 2, lines, detail }, actor);
    await metadata.auditStore.note(122, { name }, actor);
    const sequencer = createSequencer(metadata.auditStore);
    while ((await sequencer.sequenceDue()) > 0);
  }
  /** A negative age makes all that is there old. */
  const remove = (keepMs: number, archived = false) =>
    removeRequestsDue(
      { metadata, store: metadata.auditStore, limits: defaultEngineLimits },
      { holder: 'one', keepMs, archived },
    );
  const kept = async () => (await client.query('SELECT FROM sealgate.audit_requests')).rowCount;
  async function verified() {
    const sequencer = createSequencer(metadata.auditStore);
    while ((await sequencer.sequenceDue()) > 0);
    const { store, checkpoints, signer } = services();
    const [key = ''] = await signer.verifiers();
    const verifier = createSegmentsVerifier({ verifiers: [parseVerifier(key)] });
    await verifier.segment(segmentLines({ store, checkpoints }, { from: 0, to: (await store.edge()).size }));
    return verifier.finish();
  }

  it('are removed when they are old enough, and an export says so and verifies', async () => {
    await record('a');
    await record('b');
    expect(await remove(HOUR_MS)).toBe(0);
    expect(await remove(0), 'kept as long as the log').toBe(0);
    expect(await kept()).toBe(2);
    // The making of the log's key is an entry too.
    expect(await remove(-HOUR_MS)).toBe(5);
    expect(await kept()).toBe(0);
    await record('c');
    expect(await verified()).toMatchObject({ requests: 1, requestsRemoved: 2 });
    expect(await services().store.requestsRemovedBefore()).toBe(5);
  });

  it('that were taken away beyond that are found, whatever the database says of it', async () => {
    await record('a');
    await remove(-HOUR_MS);
    await record('b');
    await client.query('DELETE FROM sealgate.audit_requests');
    await expect(verified()).rejects.toThrow(/are not there/);
    await client.query("UPDATE sealgate.cursors SET position = '1000' WHERE name = 'audit-requests-removed'");
    await expect(verified()).rejects.toThrow(/no entry up to \d+ says that they were removed/);
  });

  it('are removed again from the beginning when the place is lost, which changes nothing', async () => {
    await record('a');
    await remove(-HOUR_MS);
    await client.query("UPDATE sealgate.cursors SET position = 'null' WHERE name = 'audit-requests'");
    await record('b');
    await remove(-HOUR_MS);
    expect(await kept()).toBe(0);
    expect(await verified()).toMatchObject({ requests: 0, requestsRemoved: 2 });
  });

  it('that are in no archive yet are kept where archives are made', async () => {
    await record('a');
    await record('b');
    expect(await remove(-HOUR_MS, true)).toBe(0);
    expect(await kept()).toBe(2);
    await metadata.leaseCursor('audit-archive', 'two', HOUR_MS);
    await metadata.saveCursor('audit-archive', 'two', { position: { version: 1, through: 2 }, leaseMs: 0 });
    expect(await remove(-HOUR_MS, true)).toBe(2);
    expect(await kept()).toBe(1);
    expect(await verified()).toMatchObject({ requests: 1, requestsRemoved: 1 });
  });
});
