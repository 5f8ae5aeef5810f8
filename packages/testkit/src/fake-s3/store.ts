import type { Retention } from '@sealgate/core/ports';

/** What the fake server holds. Plain data that tests may look into and change. */
export interface FakeVersion {
  readonly versionId: string;
  /** Null for a delete marker. */
  data: Buffer | null;
  readonly etag: string;
  readonly modifiedAtMs: number;
  legalHold: boolean;
  /** As its put said it, base64: checked when it came. */
  readonly sha256?: string;
  retention?: Retention | null;
}

export interface FakeUpload {
  readonly key: string;
  readonly parts: Map<number, Buffer>;
}

export interface FakeBucket {
  readonly owner: string;
  readonly objectLock: boolean;
  /** It has a default retention: every put is one of a locked object. */
  readonly defaultLock?: boolean;
  /** What new objects are encrypted with. */
  readonly encryption?: 'AES256' | 'aws:kms';
  readonly tags?: Readonly<Record<string, string>>;
  versioning: 'off' | 'enabled' | 'suspended';
  /** Newest version last. */
  readonly objects: Map<string, FakeVersion[]>;
  readonly uploads: Map<string, FakeUpload>;
}

export function newestVersion(bucket: FakeBucket, key: string): FakeVersion | undefined {
  return bucket.objects.get(key)?.at(-1);
}

export function addVersion(bucket: FakeBucket, key: string, version: FakeVersion): void {
  const versions = bucket.versioning === 'off' ? [] : (bucket.objects.get(key) ?? []);
  const kept = version.versionId === 'null' ? versions.filter((each) => each.versionId !== 'null') : versions;
  bucket.objects.set(key, [...kept, version]);
}

export function removeVersion(bucket: FakeBucket, key: string, versionId: string): void {
  const left = (bucket.objects.get(key) ?? []).filter((version) => version.versionId !== versionId);
  if (left.length === 0) bucket.objects.delete(key);
  else bucket.objects.set(key, left);
}

/** Keys in the order of S3. They are ASCII here, so the order of UTF-16 units is the order of bytes. */
export function sortedKeys(bucket: FakeBucket): string[] {
  return [...bucket.objects.keys()].sort();
}
