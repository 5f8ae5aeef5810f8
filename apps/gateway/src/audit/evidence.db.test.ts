import { parseEntryLine, parseVerifier } from '@sealgate/core/audit';
import { createPlacementHistory, evidenceFile, type SignedEvidence, verifyEvidence } from '@sealgate/core/evidence';
import { type BlobId, parseObjectKey } from '@sealgate/core/names';
import type { AuditActor, Bucket, ReplicaRecord } from '@sealgate/core/ports';
import { createSequencer } from '@sealgate/engine';
import { openMetadata } from '@sealgate/metadata';
import { createTestDatabase } from '@sealgate/metadata/testing';
import { createMetadataWorld } from '@sealgate/testkit/contracts';
import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { auditServicesOf } from './audit-services.ts';

const actor: AuditActor = { kind: 'system', id: 'test', requestId: '' };

interface Live {
  readonly blob: string;
  readonly backend: string;
  readonly shard: number;
  readonly state: string;
}

describe('evidence', () => {
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  let metadata: Awaited<ReturnType<typeof openMetadata>>;
  let client: Client;
  const world = createMetadataWorld(() => ({ metadata, now: () => Date.now(), close: () => Promise.resolve() }));
  const services = () => auditServicesOf(metadata, { now: () => Date.now() });

  beforeAll(async () => {
    database = await createTestDatabase(inject('testCluster'));
    metadata = await openMetadata({
      databaseUrl: database.databaseUrl,
      secrets: { passphrases: [{ version: 1, passphrase: 'only for tests' }] },
      deletionGraceMs: 0,
      pendingGraceMs: 0,
    });
    client = new Client({ connectionString: database.databaseUrl });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await metadata.close();
    await database.drop();
  });

  async function sequenced(): Promise<void> {
    const sequencer = createSequencer(metadata.auditStore);
    while ((await sequencer.sequenceDue()) > 0);
  }

  /** What the tables say now. */
  async function live(bucket: Bucket): Promise<Live[]> {
    const { rows } = await client.query<Live>(
      `SELECT r.blob_id AS blob, b.id AS backend, r.shard::integer, CASE r.state WHEN 's' THEN 'stored' WHEN 'p' THEN 'pending'
         WHEN 'm' THEN 'missing' WHEN 'l' THEN 'leaving' END AS state
       FROM sealgate.blob_replicas r JOIN sealgate.backends b ON b.num = r.backend WHERE r.bucket_id = $1`,
      [bucket.id],
    );
    return sorted(rows);
  }

  const sorted = (rows: readonly Live[]): Live[] =>
    rows
      .map(({ blob, backend, shard, state }) => ({ blob, backend, shard, state }))
      .sort((a, b) => `${a.blob} ${a.backend}`.localeCompare(`${b.blob} ${b.backend}`));

  async function now(bucket: Bucket, key: string | null = null): Promise<SignedEvidence> {
    await sequenced();
    const atMs = Date.now() + 60_000;
    return await services().evidence.issue({ subject: { bucketId: bucket.id, key }, fromMs: atMs, toMs: atMs });
  }

  const copiesOf = ({ evidence }: SignedEvidence): Live[] => sorted(evidence.report.copies);

  async function step(bucket: Bucket, choice: number, pick: number): Promise<void> {
    const key = `key-${pick % 3}`;
    const places = await world.backends();
    const states = (['stored', 'pending', 'missing'] as const).map(
      (_, i) => (['stored', 'pending', 'missing'] as const)[(pick + i) % 3],
    );
    const replicas: ReplicaRecord[] = places.map(({ id }, i) => ({
      backend: id,
      shard: 0,
      state: states[i] ?? 'stored',
    }));
    const blobs = [...new Set((await live(bucket)).map(({ blob }) => blob))] as BlobId[];
    const blob = blobs[pick % Math.max(1, blobs.length)];
    const place = places[pick % 3] ?? places[0];
    if (choice === 0) await world.put(bucket, key, { replicas });
    if (choice === 1) await world.remove(bucket, key).catch(() => undefined);
    if (choice === 2 && blob !== undefined)
      await metadata.markReplica(blob, { backend: place.id, shard: 0, state: 'stored' });
    if (choice === 3 && blob !== undefined) await metadata.reportBadReplica(blob, place.id, 0);
    if (choice === 4) {
      for (const { blobId, replicas: doomed } of await metadata.leaseDeletions(100, 0)) {
        await metadata.finishDeletion(blobId, doomed.slice(0, 1 + (pick % doomed.length)));
      }
    }
    if (choice === 5)
      await metadata.leaseRepairs({
        worker: { name: 'w', epoch: 0 },
        limit: 1,
        leaseMs: 0,
        able: { writes: [place.id], reads: [place.id] },
        kinds: ['repair'],
      });
    if (choice === 6) {
      const uploadId = await world.beginUpload(bucket, key);
      await world.putPart(bucket, key, uploadId, 1, { replicas });
      if (pick % 2 === 0)
        await metadata.abortUpload({ bucketId: bucket.id, key: parseObjectKey(key), uploadId, actor });
    }
    if (choice === 7) await metadata.updateBackend(place.id, { country: pick % 2 === 0 ? 'SE' : 'FI' }, actor);
    if (choice === 8 && blob !== undefined) {
      const expected = (await live(bucket)).filter((one) => one.blob === blob) as unknown as ReplicaRecord[];
      const next = expected.map((one) =>
        one.backend === place.id && one.state === 'stored' ? { ...one, state: 'leaving' as const } : one,
      );
      const order = await client.query<{ id: string }>(
        `SELECT b.id FROM sealgate.blob_replicas r JOIN sealgate.backends b ON b.num = r.backend WHERE r.blob_id = $1`,
        [blob],
      );
      const inOrder = (list: readonly ReplicaRecord[]): ReplicaRecord[] =>
        order.rows.flatMap(({ id }) =>
          list.filter(({ backend }) => backend === id).map(({ backend, shard, state }) => ({ backend, shard, state })),
        );
      await metadata.changeReplicas([{ blobId: blob, expected: inOrder(expected), next: inOrder(next) }], actor);
    }
    if (choice === 9) await metadata.finishRemovals(await metadata.leaseRemovals(100, 0));
  }

  it('says at any moment what the tables say, whatever happened', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('off', 'enabled', 'suspended'),
        fc.array(fc.tuple(fc.nat(9), fc.nat(60)), { minLength: 5, maxLength: 25 }),
        async (versioning, steps) => {
          const bucket = await world.bucket(versioning);
          for (const [choice, pick] of steps) await step(bucket, choice, pick);
          expect(copiesOf(await now(bucket))).toEqual(await live(bucket));
          const { rows } = await client.query<{ key: string; seq: string }>(
            `SELECT key, seq FROM sealgate.objects WHERE bucket_id = $1 UNION ALL
             SELECT key, seq FROM sealgate.history WHERE bucket_id = $1 AND NOT delete_marker ORDER BY 1, 2`,
            [bucket.id],
          );
          const { versions } = (await now(bucket)).evidence.report;
          expect(versions.map(({ key, version }) => [key, version])).toEqual(
            rows.map(({ key, seq }) => [key, Number(seq)]),
          );
        },
      ),
      { numRuns: 12 },
    );
  });

  async function example(): Promise<{ readonly bucket: Bucket; readonly times: number[] }> {
    const bucket = await world.bucket('off');
    const [first, second, third] = await world.backends();
    for (const { id } of [first, second, third]) await metadata.updateBackend(id, { country: 'FI' }, actor);
    await world.put(bucket, 'a', {
      replicas: [first, second].map(({ id }) => ({ backend: id, shard: 0, state: 'stored' as const })),
    });
    const times = [await tick()];
    await metadata.updateBackend(first.id, { country: 'US', jurisdiction: 'US' }, actor);
    times.push(await tick());
    const [blob] = (await live(bucket)).map((one) => one.blob as BlobId);
    if (blob !== undefined) await metadata.markReplica(blob, { backend: third.id, shard: 0, state: 'stored' });
    times.push(await tick());
    await metadata.updateBackend(first.id, { country: 'FI', jurisdiction: 'EU' }, actor);
    await world.put(bucket, 'b');
    await sequenced();
    return { bucket, times };
  }

  /** A time of the database between what was and what will be. */
  async function tick(): Promise<number> {
    await client.query('SELECT pg_sleep(0.005)');
    const { rows } = await client.query<{ ms: string }>('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms');
    await client.query('SELECT pg_sleep(0.005)');
    return Math.ceil(Number(rows[0]?.ms));
  }

  it('tells what was where at each time, and the facts of that time', async () => {
    const { bucket, times } = await example();
    const at = async (ms: number, key: string | null = 'a') =>
      (await services().evidence.issue({ subject: { bucketId: bucket.id, key }, fromMs: ms, toMs: ms })).evidence
        .report;
    const [t1 = 0, t2 = 0, t3 = 0] = times;
    expect((await at(t1)).summary).toMatchObject({ countries: ['FI'], jurisdictions: ['EU'] });
    expect((await at(t2)).summary).toMatchObject({ countries: ['FI', 'US'], jurisdictions: ['EU', 'US'] });
    expect((await at(t1)).copies).toHaveLength(2);
    expect((await at(t3)).copies).toHaveLength(3);
    expect((await at(t3, null)).versions).toHaveLength(1);
    expect((await at(0)).copies).toEqual([]);
    const whole = await services().evidence.issue({ subject: { bucketId: bucket.id, key: 'a' }, fromMs: t1, toMs: t3 });
    const moved = whole.evidence.report.copies.find(({ places }) => places.length > 2);
    expect(moved?.places.map(({ facts }) => facts.country)).toEqual(['FI', 'US', 'FI']);
    expect(whole.evidence.report.bucket).toMatchObject({ name: bucket.name, tenantId: bucket.tenantId });
  });

  it('has of backends only where those that held a copy were, however often one was away', async () => {
    const bucket = await world.bucket('off');
    const [first, second, third] = await world.backends();
    await world.put(bucket, 'a', {
      replicas: [first, second].map(({ id }) => ({ backend: id, shard: 0, state: 'stored' as const })),
    });
    for (let i = 0; i < 3; i += 1) {
      await metadata.setBackendState(first.id, { from: ['healthy'], to: 'unhealthy', reason: 'away' }, actor);
      await metadata.setBackendState(first.id, { from: ['unhealthy'], to: 'healthy', reason: 'back' }, actor);
    }
    await metadata.updateBackend(first.id, { country: 'SE' }, actor);
    await metadata.updateBackend(third.id, { country: 'SE' }, actor);
    const document = await now(bucket, 'a');
    const told = document.evidence.entries
      .map(({ line }) => parseEntryLine(line))
      .filter(({ action }) => action >= 50 && action < 60);
    expect(new Set(told.map(({ detail }) => detail?.['id']))).toEqual(new Set([first.id, second.id]));
    expect(told.every(({ action }) => action === 50 || action === 53)).toBe(true);
    const verifiers = (await metadata.auditSigner.verifiers()).map(parseVerifier);
    const { report } = verifyEvidence(evidenceFile(document), verifiers);
    expect(report.copies.map(({ places }) => places.at(-1)?.facts.country)).toContain('SE');
    await metadata.updateBackend(first.id, { country: 'FI' }, actor);
  });

  it('verifies offline, and with anything changed it does not', async () => {
    const { bucket, times } = await example();
    const [atMs = 0] = times;
    const document = await services().evidence.issue({
      subject: { bucketId: bucket.id, key: 'a' },
      fromMs: atMs,
      toMs: atMs,
    });
    const verifiers = (await metadata.auditSigner.verifiers()).map(parseVerifier);
    const text = evidenceFile(document);
    expect(verifyEvidence(text, verifiers).report).toEqual(document.evidence.report);
    const bytes = Buffer.from(text, 'utf8');
    // Every byte of a document this long takes a minute: every seventh in its middle, all of its ends.
    for (let i = 0; i < bytes.length; i += i < 400 || i > bytes.length - 400 ? 1 : 7) {
      const changed = Buffer.from(bytes);
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(() => verifyEvidence(changed.toString('utf8'), verifiers), `byte ${i}`).toThrow(/./);
    }
    const other = parseVerifier('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    expect(() => verifyEvidence(text, [other])).toThrow('None of the given keys');
  });

  it('that was signed for less than the log has is found out by the log', async () => {
    const { bucket, times } = await example();
    const [, atMs = 0] = times;
    const { evidence } = await services().evidence.issue({
      subject: { bucketId: bucket.id, key: 'a' },
      fromMs: atMs,
      toMs: atMs,
    });
    const all = await metadata.auditStore.entries(0, 100_000);
    const history = createPlacementHistory(evidence.subject);
    for (const { entry } of all) history.add(entry);
    expect(history.report(evidence.from, evidence.to)).toEqual(evidence.report);
    // The change of the backend's country kept back: every proof is still right.
    const lying = createPlacementHistory(evidence.subject);
    for (const { entry } of all) if (entry.detail?.['country'] !== 'US') lying.add(entry);
    expect(lying.report(evidence.from, evidence.to).summary.countries).toEqual(['FI']);
  });
});
