import { RECOVERY_KEYS_PER_TENANT_MAX } from '@sealgate/core/limits';
import type { ObjectKey } from '@sealgate/core/names';
import type { Metadata, MetadataObjects, MetadataRecovery, ObjectVersion } from '@sealgate/core/ports';
import { fail, type MemoryState } from './state.ts';

export function createRecovery(state: MemoryState, objects: Pick<MetadataObjects, 'version'>): MetadataRecovery {
  return { ...createKeys(state), ...createRequests(state), ...createLog(state, objects), ...createStatus(state) };
}

function activeBuckets(state: MemoryState) {
  return [...state.buckets.values()].filter(({ deleted }) => !deleted).map(({ record }) => record);
}

function request(state: MemoryState, bucketIds: readonly number[]): number {
  state.seq += 1n;
  const made = { number: state.seq, dueAtMs: state.clock.now(), delayMs: 0 };
  for (const id of bucketIds) state.recovery.requests.set(id, made);
  return bucketIds.length;
}

function requestOfTenant(state: MemoryState, tenantId: string): void {
  const own = activeBuckets(state).filter((bucket) => bucket.tenantId === tenantId);
  request(
    state,
    own.map(({ id }) => id),
  );
}

function createKeys(
  state: MemoryState,
): Pick<MetadataRecovery, 'addRecoveryKey' | 'listRecoveryKeys' | 'deleteRecoveryKey'> {
  const { recovery } = state;
  return {
    async addRecoveryKey({ tenantId, ...key }) {
      if (!state.tenants.has(tenantId)) fail('NotFound');
      const known = recovery.keys.find((other) => other.tenantId === tenantId && other.keyId === key.keyId);
      const others = recovery.keys.filter((other) => other.tenantId === tenantId && other !== known);
      if (others.length >= RECOVERY_KEYS_PER_TENANT_MAX) fail('QuotaExceeded');
      const made = { createdAtMs: state.clock.now(), ...known, ...key };
      recovery.keys = [...recovery.keys.filter((other) => other !== known), { ...made, tenantId }];
      requestOfTenant(state, tenantId);
      return made;
    },
    async listRecoveryKeys(tenantId) {
      return recovery.keys
        .filter((key) => key.tenantId === tenantId)
        .map(({ tenantId: _tenantId, ...key }) => key)
        .sort((a, b) => a.createdAtMs - b.createdAtMs || (a.keyId < b.keyId ? -1 : 1));
    },
    async deleteRecoveryKey(tenantId, keyId) {
      const left = recovery.keys.filter((key) => key.tenantId !== tenantId || key.keyId !== keyId);
      if (left.length === recovery.keys.length) fail('NotFound');
      recovery.keys = left;
      requestOfTenant(state, tenantId);
    },
  };
}

function createRequests(
  state: MemoryState,
): Pick<MetadataRecovery, 'requestManifests' | 'requestedManifests' | 'finishManifestRequest'> {
  const { requests } = state.recovery;
  return {
    async requestManifests(scope) {
      const asked = activeBuckets(state).filter(
        ({ id, tenantId }) =>
          scope === 'all' || ('bucketId' in scope ? id === scope.bucketId : tenantId === scope.tenantId),
      );
      return request(
        state,
        asked.map(({ id }) => id),
      );
    },
    async requestedManifests(limit) {
      const now = state.clock.now();
      return [...requests]
        .filter(([, { dueAtMs }]) => dueAtMs <= now)
        .map(([bucketId, { number }]) => ({ bucketId, number }))
        .sort((a, b) => Number(a.number - b.number) || a.bucketId - b.bucketId)
        .slice(0, limit);
    },
    async finishManifestRequest({ bucketId, number }) {
      const found = requests.get(bucketId);
      if (found === undefined) return;
      if (found.number === number) requests.delete(bucketId);
      else if (found.delayMs > 0) requests.set(bucketId, { ...found, dueAtMs: state.clock.now() + found.delayMs });
    },
  };
}

function createLog(
  state: MemoryState,
  objects: Pick<MetadataObjects, 'version'>,
): Pick<MetadataRecovery, 'markLog' | 'isLogFinal' | 'loggedChanges' | 'versionsAt'> {
  const { changes } = state.recovery;
  return {
    markLog: async () => ({ seq: BigInt(changes.length), until: '', atMs: state.clock.now() }),
    // Each change takes effect in one step, so none is ever under way.
    isLogFinal: async () => true,
    async loggedChanges({ after, upTo, limit }) {
      const found = changes.slice(Number(after), Number(upTo)).slice(0, limit);
      return { changes: found, through: found.length < limit ? upTo : (found.at(-1)?.seq ?? upTo) };
    },
    async versionsAt(bucketId, places) {
      const bucket = state.buckets.get(bucketId);
      const keys = new Set(places.map(({ key }) => key));
      const found: ObjectVersion[] = [];
      for (const key of keys) {
        for (const { version } of bucket?.versions.get(key) ?? []) {
          const asked = places.some((place) => place.key === key && place.seq === version.seq);
          const shown = await objects.version(bucketId, key, version.versionId);
          if (shown !== undefined && (asked || version.versionId === 'null')) found.push(shown);
        }
      }
      return found;
    },
  };
}

function createStatus(state: MemoryState): Pick<MetadataRecovery, 'recoveryStatus' | 'countRecoverable'> {
  const ownerKeys = (tenantId: string): number => state.recovery.keys.filter((key) => key.tenantId === tenantId).length;
  return {
    async recoveryStatus(afterId, limit) {
      return activeBuckets(state)
        .filter(({ id }) => id > afterId)
        .sort((a, b) => a.id - b.id)
        .slice(0, limit)
        .map((bucket) => ({
          bucketId: bucket.id,
          tenant: bucket.tenantName,
          bucket: bucket.name,
          ownerKeys: ownerKeys(bucket.tenantId),
          position: state.cursors.get(`recovery/${bucket.id}`)?.position ?? null,
          requested: state.recovery.requests.has(bucket.id),
        }));
    },
    async countRecoverable() {
      const all = activeBuckets(state);
      const byOwner = all.filter(({ tenantId }) => ownerKeys(tenantId) > 0).length;
      return { byOwner, others: all.length - byOwner };
    },
  };
}

type Changing =
  | 'commitVersion'
  | 'commitUpload'
  | 'deleteObject'
  | 'updateVersion'
  | 'expireVersion'
  | 'replaceBlob'
  | 'settleClass';

/**
 * The same metadata, whose changes of versions are logged. What a change did is seen by comparing the key's versions
 * before and after: every method takes effect before it first waits.
 */
export function logged<T extends Pick<Metadata, Changing | 'changeEnvelopes' | 'deleteBucket'>>(
  state: MemoryState,
  metadata: T,
): T {
  const { changes } = state.recovery;
  const note = (bucketId: number, key: ObjectKey | null, versionSeq: bigint): void => {
    changes.push({ seq: BigInt(changes.length + 1), bucketId, key, versionSeq });
  };
  const seqsOf = (bucketId: number, key: ObjectKey): readonly bigint[] =>
    (state.buckets.get(bucketId)?.versions.get(key) ?? []).map(({ version }) => version.seq);
  const watch = <Request extends { readonly bucketId: number; readonly key: ObjectKey }, Result>(
    run: (request: Request) => Promise<Result>,
  ): ((request: Request) => Promise<Result>) => {
    return (request) => {
      const { bucketId, key } = request;
      const before = seqsOf(bucketId, key);
      const result = run(request);
      const after = seqsOf(bucketId, key);
      const moved = [...before.filter((seq) => !after.includes(seq)), ...after.filter((seq) => !before.includes(seq))];
      for (const seq of moved.length > 0 ? moved : after) note(bucketId, key, seq);
      return result;
    };
  };
  return {
    ...metadata,
    commitVersion: watch(metadata.commitVersion),
    commitUpload: watch(metadata.commitUpload),
    deleteObject: watch(metadata.deleteObject),
    updateVersion: watch(metadata.updateVersion),
    expireVersion: watch(metadata.expireVersion),
    replaceBlob: watch(metadata.replaceBlob),
    settleClass: watch(metadata.settleClass),
    changeEnvelopes: async (request) => {
      const outcomes = await metadata.changeEnvelopes(request);
      request.changes.forEach(({ key, seq }, at) => {
        if (outcomes[at] === 'changed') note(request.bucketId, key, seq);
      });
      return outcomes;
    },
    deleteBucket: (id: number, actor: Parameters<Metadata['deleteBucket']>[1]) => {
      const result = metadata.deleteBucket(id, actor);
      if (state.buckets.get(id)?.deleted === true) note(id, null, 0n);
      return result;
    },
  };
}
