import type { MetadataHousekeeping, ObjectVersion, UpdateVersion, VersionAttributes } from '@sealgate/core/ports';
import { fail, type MemoryState, type StoredBucket, type StoredVersion } from './state.ts';

export function failLocked(): never {
  fail('AccessDenied', 'Access Denied because object protected by object lock.');
}

/** Retention and legal hold need object lock: with it a bucket keeps every version, so nothing replaces a locked one. */
export function lockable(
  bucket: StoredBucket,
  wanted: Partial<Pick<VersionAttributes, 'retention' | 'legalHold'>>,
): void {
  if (bucket.record.objectLock) return;
  if ((wanted.retention ?? null) !== null || (wanted.legalHold ?? null) !== null) failUnlocked();
}

function failUnlocked(): never {
  fail('InvalidRequest', 'Bucket is missing Object Lock Configuration');
}

export function isLocked(version: ObjectVersion, at: { readonly now: number; readonly bypass: boolean }): boolean {
  const { retention, legalHold } = version.attributes;
  return (
    legalHold === true ||
    (retention !== null && retention.untilMs > at.now && !(at.bypass && retention.mode === 'GOVERNANCE'))
  );
}

/** Changes a version in its place. */
export function changeVersion(
  state: MemoryState,
  bucket: StoredBucket,
  target: { readonly found: StoredVersion; readonly request: UpdateVersion },
): { readonly versionId: ObjectVersion['versionId']; readonly seq: bigint } {
  const { found, request } = target;
  const { version } = found;
  const { tags = version.tags, ...change } = request.change;
  if (version.deleteMarker) fail(request.versionId === undefined ? 'NoSuchKey' : 'MethodNotAllowed');
  if (!bucket.record.objectLock && (change.retention !== undefined || change.legalHold !== undefined)) failUnlocked();
  const { retention: old } = version.attributes;
  const bypassed = request.bypassGovernance === true && old?.mode === 'GOVERNANCE';
  if (change.retention !== undefined && old !== null && old.untilMs > state.clock.now() && !bypassed) {
    const { retention } = change;
    if (retention === null || retention.untilMs < old.untilMs || retention.mode !== old.mode) failLocked();
  }
  const { ownerId, acl, retention, legalHold } = { ...version.attributes, ...change };
  const attributes = { ...version.attributes, ownerId, acl, retention, legalHold };
  found.version = { ...version, tags, attributes };
  if ((change.retention ?? null) !== null) noteLock(state, found);
  state.seq += 1n;
  return { versionId: version.versionId, seq: version.seq };
}

/** Backends are to hear of the retention of a version, once its last copies have come in. */
export function noteLock(state: MemoryState, version: StoredVersion): void {
  if (version.version.attributes.retention === null) return;
  state.lockPushes.set(version.version.seq, { version, dueAtMs: state.clock.now() + state.pendingGraceMs });
}

export function createLockPushes(state: MemoryState): Pick<MetadataHousekeeping, 'leaseLockPushes' | 'finishLockPush'> {
  const isThere = ({ version }: StoredVersion): boolean =>
    state.buckets
      .get(version.bucketId)
      ?.versions.get(version.key)
      ?.some((other) => other.version.seq === version.seq) === true;
  return {
    async leaseLockPushes(limit, leaseMs) {
      const now = state.clock.now();
      const due = [...state.lockPushes.values()].filter((push) => push.dueAtMs <= now).slice(0, limit);
      return due.flatMap((push) => {
        const { bucketId, key, versionId, seq, attributes } = push.version.version;
        if (!isThere(push.version) || attributes.retention === null || attributes.retention.untilMs <= now) {
          state.lockPushes.delete(seq);
          return [];
        }
        push.dueAtMs = now + leaseMs + state.pendingGraceMs;
        return [{ bucketId, key, versionId, seq, untilMs: attributes.retention.untilMs }];
      });
    },
    async finishLockPush({ seq, untilMs }) {
      if (state.lockPushes.get(seq)?.version.version.attributes.retention?.untilMs === untilMs)
        state.lockPushes.delete(seq);
    },
  };
}
