import { parseObjectKey } from '@sealgate/core/names';
import type { AuditActor, Bucket, Metadata, ReplaceBlob } from '@sealgate/core/ports';
import { createMetadataWorld } from '@sealgate/testkit/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditActions } from '../audit/actions.ts';
import type { TestDatabase } from '../embedded/testing.ts';
import { openTestMetadata, suiteDatabase } from '../testing/database.ts';
import { sql } from '../testing/empty-database.ts';

const KEY = parseObjectKey('key');
const actor: AuditActor = { kind: 'system', id: 'lifecycle', requestId: 'run-1' };

/** What only PostgreSQL has: the log, and rows that nothing but a query shows. */
describe('the lifecycle in the database', () => {
  let database: TestDatabase;
  let metadata: Metadata;
  const world = createMetadataWorld(() => ({ metadata, now: () => Date.now(), close: () => Promise.resolve() }));
  beforeAll(async () => {
    database = await suiteDatabase();
    metadata = await openTestMetadata(database.databaseUrl);
  });
  afterAll(async () => {
    await metadata.close();
    await database.drop();
  });

  async function entriesOf(bucket: Bucket) {
    return await sql<{ action: number; bytes_delta: string | null; versions_delta: number | null; detail: unknown }>(
      database.databaseUrl,
      `SELECT a.action, a.bytes_delta, a.versions_delta, a.detail FROM sealgate.audit_log a
       JOIN sealgate.terms t ON t.id = a.actor WHERE a.bucket_id = $1 AND t.value = 'system:lifecycle' ORDER BY a.seq`,
      [bucket.id],
    );
  }

  async function replacement(bucket: Bucket, changes: Pick<ReplaceBlob, 'seq' | 'old'>): Promise<ReplaceBlob> {
    const request = await world.version(bucket, 'key', { redundancyClass: 'RegionalClass' });
    return { ...request, ...changes, partNumber: 0, actor };
  }

  it('says in the log what it did, and by whom', async () => {
    const bucket = await world.bucket('enabled');
    const request = await world.version(bucket, 'key', { bytes: 7 });
    const { seq } = await metadata.commitVersion(request);
    await metadata.replaceBlob(await replacement(bucket, { seq, old: request.blobId }));
    const judged = { bucketId: bucket.id, key: KEY, tags: null, newerVersions: 0, actor };
    expect(await metadata.expireVersion({ ...judged, seq, place: 'current' })).toBe('done');
    expect(await metadata.expireVersion({ ...judged, seq, place: 'noncurrent' })).toBe('done');
    const [marker] = (await metadata.walkVersions({ bucketId: bucket.id, prefix: '', after: null, limit: 9 })).versions;
    expect(await metadata.expireVersion({ ...judged, seq: marker?.seq ?? 0n, place: 'lone-marker' })).toBe('done');
    expect(await entriesOf(bucket)).toMatchObject([
      {
        action: auditActions.bytesMoved,
        bytes_delta: '0',
        versions_delta: 0,
        detail: { class: 'RegionalClass', from: request.blobId },
      },
      { action: auditActions.deleteMarkerLaid, bytes_delta: '0', versions_delta: 0 },
      { action: auditActions.versionRemoved, bytes_delta: '-7', versions_delta: -1 },
      { action: auditActions.versionRemoved, bytes_delta: '0', versions_delta: 0 },
    ]);
  });

  it('leaves no entry and no blob of what it refused', async () => {
    const bucket = await world.bucket();
    const request = await world.version(bucket, 'key');
    const { seq } = await metadata.commitVersion(request);
    const refused = await replacement(bucket, { seq, old: world.blobId() });
    expect(await metadata.replaceBlob(refused)).toBe(false);
    const judged = { bucketId: bucket.id, key: KEY, seq: seq + 1n, tags: null, newerVersions: 0, actor };
    expect(await metadata.expireVersion({ ...judged, place: 'current' })).toBe('changed');
    expect(await entriesOf(bucket)).toEqual([]);
    expect(
      await sql(database.databaseUrl, 'SELECT FROM sealgate.blobs b WHERE b.blob_id = $1', [refused.blobId]),
    ).toEqual([]);
  });

  it('keeps the rows of uploads whose versions live, however old', async () => {
    const bucket = await world.bucket();
    const uploadId = await world.beginUpload(bucket, 'key');
    const part = await world.putPart(bucket, 'key', uploadId, 1);
    await metadata.commitUpload({
      bucketId: bucket.id,
      key: KEY,
      uploadId,
      parts: [{ partNumber: 1, etag: part.etag }],
      etag: `${part.etag}-1`,
      bytes: part.bytes,
      checksum: null,
      envelope: null,
      verdict: null,
      preconditions: {},
      actor,
    });
    await sql(database.databaseUrl, "UPDATE sealgate.uploads SET finished_at = now() - interval '10 years'");
    await metadata.purgeUploads({ rememberedMs: 0, limit: 100, actor });
    const left = await sql(database.databaseUrl, 'SELECT FROM sealgate.uploads u WHERE u.bucket_id = $1', [bucket.id]);
    expect(left).toHaveLength(1);
  });
});
