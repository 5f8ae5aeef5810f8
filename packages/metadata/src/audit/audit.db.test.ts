import { parseAccessKeyId, parseBackendId, parseObjectKey } from '@sealgate/core/names';
import type { AuditActor, Metadata, UpdateVersion } from '@sealgate/core/ports';
import { createMetadataWorld } from '@sealgate/testkit/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../embedded/testing.ts';
import { openTestMetadata, suiteDatabase } from '../testing/database.ts';
import { sql } from '../testing/empty-database.ts';
import { auditActions } from './actions.ts';

interface Entry {
  readonly action: number;
  readonly actor: string;
  readonly request_id: string;
  readonly remote_address: string | null;
  readonly bytes_delta: string | null;
  readonly versions_delta: number | null;
  readonly bucket_id: number | null;
  readonly key: string | null;
  readonly replicas: Buffer | null;
  readonly detail: unknown;
}

const admin: AuditActor = { kind: 'admin', id: 'root', requestId: 'request-9', remoteAddress: '2001:db8::1%eth0' };

describe('audit log', () => {
  let database: TestDatabase;
  let metadata: Metadata;
  let seen = 0n;
  const world = createMetadataWorld(() => ({ metadata, now: () => Date.now(), close: () => Promise.resolve() }));

  beforeAll(async () => {
    database = await suiteDatabase();
    metadata = await openTestMetadata(database.databaseUrl);
  });
  afterAll(async () => {
    await metadata.close();
    await database.drop();
  });
  beforeEach(async () => {
    await entries();
  });

  /** What was added since the last look. */
  async function entries(): Promise<Entry[]> {
    const rows = await sql<Entry & { seq: string }>(
      database.databaseUrl,
      `SELECT a.*, t.value AS actor FROM sealgate.audit_log a JOIN sealgate.terms t ON t.id = a.actor WHERE a.seq > $1 ORDER BY a.seq`,
      [seen.toString()],
    );
    seen = BigInt(rows.at(-1)?.seq ?? seen);
    return rows;
  }
  const actionsOf = (rows: readonly Entry[]) => rows.map((row) => row.action);

  it('says who, from where and at which request', async () => {
    await metadata.putPolicy('p', 'x', admin);
    const expected = {
      action: auditActions.policyApplied,
      actor: 'admin:root',
      request_id: 'request-9',
      remote_address: '2001:db8::1',
    };
    expect(await entries()).toMatchObject([expected]);
  });

  it('has an entry for every change of the registry, and none of its secrets', async () => {
    const tenant = await world.tenant();
    await metadata.updateTenant(tenant.id, { state: 'suspended' }, admin);
    await metadata.updateTenant(tenant.id, { state: 'active' }, admin);
    const accessKeyId = parseAccessKeyId('AKIAAUDIT');
    const facts = { tenantId: tenant.id, secretAccessKey: 'top secret', expiresAtMs: null, description: null };
    await metadata.createCredential({ ...facts, accessKeyId }, admin);
    await metadata.setCredentialState(accessKeyId, 'disabled', admin);
    await metadata.deleteCredential(accessKeyId, admin);
    const backend = await world.backend({ id: parseBackendId('audited') });
    await metadata.recordProbe(backend.id, { put: true }, 0, admin);
    await metadata.setBackendState(backend.id, { from: ['healthy'], to: 'draining', reason: 'why not' }, admin);
    const { tenantCreated, tenantChanged, credentialCreated, credentialChanged, credentialDeleted } = auditActions;
    const { backendCreated, backendProbed, backendStateChanged } = auditActions;
    const rows = await entries();
    expect(actionsOf(rows)).toEqual([
      ...[tenantCreated, tenantChanged, tenantChanged, credentialCreated, credentialChanged, credentialDeleted],
      ...[backendCreated, backendProbed, backendStateChanged],
    ]);
    expect(JSON.stringify(rows)).not.toMatch(/secret/i);
    expect(rows[8]?.detail).toEqual({ backend: 'audited', state: 'draining', reason: 'why not' });
  });

  it('has an entry for every change of a bucket and its objects, with what it did to the bytes', async () => {
    await world.backends();
    const tenant = await world.tenant();
    await entries();
    const bucket = await world.bucket('enabled', { tenantId: tenant.id });
    await world.put(bucket, 'key', { bytes: 100 });
    const { versionId } = await world.put(bucket, 'key', { bytes: 50 });
    await world.remove(bucket, 'key');
    await world.remove(bucket, 'key', versionId);
    const rows = await entries();
    const { bucketCreated, physicalBucketMade, bucketChanged, versionPublished, deleteMarkerLaid, versionRemoved } =
      auditActions;
    expect(actionsOf(rows)).toEqual([
      ...[bucketCreated, physicalBucketMade, physicalBucketMade, physicalBucketMade, bucketChanged],
      ...[versionPublished, versionPublished, deleteMarkerLaid, versionRemoved],
    ]);
    expect(rows.slice(5).map((row) => [row.key, Number(row.bytes_delta), row.versions_delta])).toEqual([
      ['key', 100, 1],
      ['key', 50, 1],
      ['key', 0, 0],
      ['key', -50, -1],
    ]);
    expect(rows[5]?.replicas).toHaveLength(12);
    const feed = await sql<{ action: number }>(
      database.databaseUrl,
      'SELECT * FROM sealgate.change_log WHERE bucket_id = $1',
      [bucket.id],
    );
    expect(feed).toHaveLength(4);
  });

  it('tells every change of a version in its place, and no value of a tag', async () => {
    const bucket = await world.bucket('off', { objectLock: true });
    const key = parseObjectKey('key');
    const { seq } = await world.put(bucket, 'key');
    await entries();
    const update = (change: UpdateVersion['change'], bypassGovernance = false) =>
      metadata.updateVersion({ bucketId: bucket.id, key, change, bypassGovernance, actor: admin });
    const retention = { mode: 'GOVERNANCE', untilMs: Date.now() + 3_600_000 } as const;
    await update({ retention });
    await update({ retention: null }, true);
    await update({ legalHold: true });
    await update({ acl: { grants: [] } });
    await update({ tags: { patient: 'Jane Doe' } });
    await expect(
      metadata.deleteObject({ bucketId: bucket.id, key, versionId: 'null', preconditions: {}, actor: admin }),
    ).resolves.toMatchObject({ existed: false });
    const { lockChanged, accessChanged, tagsChanged } = auditActions;
    const rows = await entries();
    expect(actionsOf(rows)).toEqual([lockChanged, lockChanged, lockChanged, accessChanged, tagsChanged]);
    expect(rows.map((row) => row.detail)).toEqual([
      { retainUntil: retention.untilMs, retentionMode: 'G' },
      { retainUntil: null, retentionMode: null, bypassGovernance: true },
      { legalHold: true },
      { acl: { grants: [] } },
      { tags: true },
    ]);
    const feed = await sql<{ version_seq: string; bytes_delta: string }>(
      database.databaseUrl,
      'SELECT a.version_seq, c.bytes_delta FROM sealgate.change_log c JOIN sealgate.audit_log a USING (seq) WHERE c.bucket_id = $1 AND c.action BETWEEN 7 AND 9',
      [bucket.id],
    );
    expect(feed).toEqual(Array.from({ length: 5 }, () => ({ version_seq: seq.toString(), bytes_delta: '0' })));
  });

  it('has an entry for every step of an upload and every change of a copy', async () => {
    const bucket = await world.bucket();
    const [first] = await world.backends();
    await entries();
    const uploadId = await world.beginUpload(bucket, 'big');
    const part = await world.putPart(bucket, 'big', uploadId, 1);
    await metadata.reportBadReplica(part.blobId, first.id, 0);
    await metadata.reportBadReplica(part.blobId, first.id, 0);
    await metadata.abortUpload({ bucketId: bucket.id, key: parseObjectKey('big'), uploadId, actor: admin });
    await metadata.finishDeletion(part.blobId, part.replicas);
    const { uploadBegun, partStored, replicaChanged, uploadAborted, replicasRemoved } = auditActions;
    expect(actionsOf(await entries())).toEqual([
      uploadBegun,
      partStored,
      replicaChanged,
      uploadAborted,
      replicasRemoved,
    ]);
  });

  it('leaves no entry of what was refused', async () => {
    const bucket = await world.bucket();
    await world.put(bucket, 'key');
    await entries();
    await expect(world.put(bucket, 'key', { preconditions: { ifNoneMatch: '*' } })).rejects.toThrow();
    await expect(metadata.deleteBucket(bucket.id, admin)).rejects.toThrow();
    await world.remove(bucket, 'nothing');
    expect(await entries()).toEqual([]);
  });

  it.each([
    'UPDATE sealgate.audit_log SET key = NULL',
    'DELETE FROM sealgate.audit_log',
    'TRUNCATE sealgate.audit_log',
  ])('refuses %s, even to its owner', async (statement) => {
    await expect(sql(database.databaseUrl, statement)).rejects.toThrow(/append-only/);
  });
});
