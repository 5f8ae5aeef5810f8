import { parseObjectKey } from '@sealgate/core/names';
import { type Bucket, type Metadata, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import { createMetadataWorld } from '@sealgate/testkit/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../embedded/testing.ts';
import { openTestMetadata, suiteDatabase } from '../testing/database.ts';
import { sql } from '../testing/empty-database.ts';

const KEY = parseObjectKey('key');

/** What no caller of the port can bring about, brought about by hand: the last guard must hold then, too. */
describe('a locked version in a bucket that lost its object lock', () => {
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

  async function lockedIn(state: 'off' | 'suspended'): Promise<Bucket> {
    const bucket = await world.bucket('off', { objectLock: true });
    await world.put(bucket, 'key', { attributes: { ...PLAIN_ATTRIBUTES, legalHold: true } });
    await sql(
      database.databaseUrl,
      `UPDATE sealgate.buckets SET object_lock = false, versioning = '${state}' WHERE id = ${bucket.id}`,
    );
    await sql(database.databaseUrl, `UPDATE sealgate.objects SET is_null = true WHERE bucket_id = ${bucket.id}`);
    return bucket;
  }

  it.each(['off', 'suspended'] as const)('is not replaced, nor removed, while versioning is %s', async (state) => {
    const bucket = await lockedIn(state);
    await expect(world.put(bucket, 'key')).rejects.toMatchObject({ code: 'InternalError' });
    await expect(world.remove(bucket, 'key')).rejects.toMatchObject({ code: 'InternalError' });
    await expect(world.remove(bucket, 'key', 'null')).rejects.toMatchObject({ code: 'AccessDenied' });
    const uploadId = await world.beginUpload(bucket, 'key');
    const part = await world.putPart(bucket, 'key', uploadId, 1);
    const completion = metadata.commitUpload({
      ...{ bucketId: bucket.id, key: KEY, uploadId, parts: [{ partNumber: 1, etag: part.etag }], etag: 'aa-1' },
      ...{ bytes: part.bytes, checksum: null, envelope: null, verdict: null, preconditions: {} },
      actor: { kind: 'system', id: 'test', requestId: '' },
    });
    await expect(completion).rejects.toMatchObject({ code: 'InternalError' });
    expect(await metadata.currentVersion(bucket.id, KEY)).toMatchObject({ attributes: { legalHold: true } });
    expect((await world.due()).size).toBe(0);
  });

  it('is not dropped from history for a new null version', async () => {
    const bucket = await lockedIn('off');
    await sql(database.databaseUrl, `UPDATE sealgate.buckets SET versioning = 'enabled' WHERE id = ${bucket.id}`);
    await world.put(bucket, 'key');
    await sql(database.databaseUrl, `UPDATE sealgate.buckets SET versioning = 'suspended' WHERE id = ${bucket.id}`);
    await expect(world.put(bucket, 'key')).rejects.toMatchObject({ code: 'InternalError' });
    await expect(world.remove(bucket, 'key')).rejects.toMatchObject({ code: 'InternalError' });
    expect(await metadata.version(bucket.id, KEY, 'null')).toMatchObject({ attributes: { legalHold: true } });
  });
});
