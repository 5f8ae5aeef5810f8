// Somebody's S3 storage on loopback with a few buckets in it, for looks at what is to be brought in.
import { hash } from 'node:crypto';
import { createFakeS3, type FakeBucket, type FakeS3, type FakeVersion } from '@sealgate/testkit/fake-s3';

/** Not the words of any other test: what is looked for afterwards must be these. */
export const LEGACY = {
  accessKeyId: 'AKIALEGACY7Q2ZP4XWTK',
  secretAccessKey: 'lgcy/9uVtSECRET+mN3kQxR7wYbZ2dFhJ5pTgA8s',
} as const;
export const LEGACY_REGION = 'legacy-1';

export function legacyBucket(keys: readonly string[], changes: Partial<FakeBucket> = {}): FakeBucket {
  const modifiedAtMs = Date.UTC(2020, 1, 29);
  const objects = new Map(
    keys.map((key): [string, FakeVersion[]] => {
      const data = Buffer.from(`what is in ${key}`);
      return [key, [{ versionId: 'null', data, etag: hash('md5', data, 'hex'), modifiedAtMs, legalHold: false }]];
    }),
  );
  return { owner: 'canonical-owner-id', objectLock: false, versioning: 'off', objects, uploads: new Map(), ...changes };
}

/** A server with what `buckets` names. */
export async function startLegacySource(buckets: Readonly<Record<string, FakeBucket>>): Promise<FakeS3> {
  const fake = await createFakeS3({ users: [{ ...LEGACY, owner: 'canonical-owner-id' }], region: LEGACY_REGION });
  for (const [name, bucket] of Object.entries(buckets)) fake.buckets.set(name, bucket);
  return fake;
}
