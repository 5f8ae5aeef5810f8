import { createHash } from 'node:crypto';
import { BUCKETS_PER_TENANT_MAX } from '@sealgate/core/limits';
import { parseTenantId, parseTenantName } from '@sealgate/core/names';
import { type Backend, type Bucket, completeSettings, type MetadataRegistry } from '@sealgate/core/ports';
import { asSeen } from './sessions.ts';
import { activeBucket, bucketOf, compareKeys, fail, type MemoryState, nextNumber } from './state.ts';

type Tenants = Pick<
  MetadataRegistry,
  | 'createTenant'
  | 'tenant'
  | 'tenantByOwner'
  | 'listTenants'
  | 'updateTenant'
  | 'createCredential'
  | 'credential'
  | 'listCredentials'
  | 'rotateCredential'
  | 'noteCredentialUse'
  | 'setCredentialState'
  | 'setCredentialPolicy'
  | 'deleteCredential'
>;

export function createRegistry(state: MemoryState): MetadataRegistry {
  return { ...createTenants(state), ...createBackends(state), ...createBuckets(state), ...createPolicies(state) };
}

function createTenants(state: MemoryState): Tenants {
  const byId = (id: string) => state.tenants.get(id) ?? fail('NotFound');
  return {
    async createTenant(tenant) {
      parseTenantName(tenant.name);
      if ([...state.tenants.values()].some((other) => other.name === tenant.name)) fail('Conflict');
      const id = parseTenantId(`00000000-0000-4000-8000-${nextNumber(state).toString(16).padStart(12, '0')}`);
      const ownerId = createHash('sha256').update(`sealgate owner ${id}`).digest('hex');
      const settings = completeSettings(tenant.settings ?? {});
      const quotas = { bytes: null, objects: null, requestsPerSecond: null };
      const made = {
        ...tenant,
        settings,
        quotas,
        requestRecords: null,
        id,
        ownerId,
        state: 'active' as const,
        createdAtMs: state.clock.now(),
      };
      state.tenants.set(id, made);
      return made;
    },
    async tenant(idOrName) {
      return state.tenants.get(idOrName) ?? [...state.tenants.values()].find((tenant) => tenant.name === idOrName);
    },
    async tenantByOwner(ownerIdOrEmail) {
      const named = [...state.tenants.values()].filter(
        ({ ownerId, email, ...tenant }) =>
          tenant.state !== 'deleted' &&
          (ownerId === ownerIdOrEmail || email?.toLowerCase() === ownerIdOrEmail.toLowerCase()),
      );
      return named.length === 1 ? named[0] : undefined;
    },
    async listTenants(cursor, limit) {
      const all = [...state.tenants.values()]
        .filter((tenant) => compareKeys(tenant.name, cursor ?? '') > 0)
        .sort((a, b) => compareKeys(a.name, b.name));
      const items = all.slice(0, limit);
      return { items, next: all.length > limit ? (items.at(-1)?.name ?? null) : null };
    },
    async updateTenant(id, change) {
      const known = byId(id);
      if (known.state !== 'active' && known.state !== 'suspended') fail('NotFound');
      const changed = { ...known, ...change, quotas: { ...known.quotas, ...change.quotas } };
      state.tenants.set(id, changed);
      if (change.policyName !== undefined) state.placementEpoch += 1n;
      return changed;
    },
    async createCredential(credential) {
      const { tenantId, ...rest } = credential;
      if (state.credentials.has(rest.accessKeyId)) fail('Conflict');
      if (['deleting', 'deleted'].includes(byId(tenantId).state)) fail('NotFound');
      const made = {
        ...rest,
        tenant: byId(tenantId),
        kind: 'static' as const,
        state: 'active' as const,
        policy: rest.policy ?? null,
        sessionPolicy: null,
        parent: null,
        sessionToken: null,
        createdAtMs: state.clock.now(),
        lastUsedAtMs: null,
      };
      state.credentials.set(rest.accessKeyId, made);
      return made;
    },
    async credential(accessKeyId) {
      const found = state.credentials.get(accessKeyId);
      return found === undefined ? undefined : asSeen(state, { ...found, tenant: byId(found.tenant.id) });
    },
    async listCredentials(tenantId) {
      return [...state.credentials.values()]
        .filter((credential) => credential.tenant.id === tenantId && credential.kind === 'static')
        .sort((a, b) => compareKeys(a.accessKeyId, b.accessKeyId))
        .map(({ secretAccessKey: _secret, ...shown }) => ({ ...shown, tenant: byId(tenantId) }));
    },
    async rotateCredential(accessKeyId, { replacement, secretAccessKey, overlapMs }) {
      const now = state.clock.now();
      const old = state.credentials.get(accessKeyId);
      const ended = old?.expiresAtMs !== null && (old?.expiresAtMs ?? 0) <= now;
      if (old?.kind !== 'static' || old.state !== 'active' || ended) fail('NotFound');
      if (['deleting', 'deleted'].includes(byId(old.tenant.id).state)) fail('NotFound');
      if (state.credentials.has(replacement)) fail('Conflict');
      const expiresAtMs = Math.min(old.expiresAtMs ?? Number.POSITIVE_INFINITY, now + overlapMs);
      state.credentials.set(accessKeyId, { ...old, expiresAtMs });
      const fresh = { accessKeyId: replacement, secretAccessKey, expiresAtMs: null, createdAtMs: now };
      state.credentials.set(replacement, { ...old, ...fresh, lastUsedAtMs: null });
    },
    async noteCredentialUse(accessKeyIds) {
      const hourMs = 60 * 60_000;
      const lastUsedAtMs = Math.floor(state.clock.now() / hourMs) * hourMs;
      for (const id of accessKeyIds) {
        const found = state.credentials.get(id);
        if (found !== undefined) state.credentials.set(id, { ...found, lastUsedAtMs });
      }
    },
    async setCredentialState(accessKeyId, credentialState) {
      const found = state.credentials.get(accessKeyId) ?? fail('NotFound');
      state.credentials.set(accessKeyId, { ...found, state: credentialState });
    },
    async setCredentialPolicy(accessKeyId, policy) {
      const found = state.credentials.get(accessKeyId);
      if (found?.kind !== 'static') fail('NotFound');
      state.credentials.set(accessKeyId, { ...found, policy });
    },
    async deleteCredential(accessKeyId) {
      if (!state.credentials.delete(accessKeyId)) fail('NotFound');
    },
  };
}

function createBackends(
  state: MemoryState,
): Pick<
  MetadataRegistry,
  'createBackend' | 'listBackends' | 'recordProbe' | 'setBackendState' | 'setBackgroundLimits' | 'updateBackend'
> {
  const change = (id: Backend['id'], facts: Partial<Backend>) => {
    const changed = { ...(state.backends.get(id) ?? fail('NoSuchBackend')), ...facts };
    state.backends.set(id, changed);
    state.placementEpoch += 1n;
    return changed;
  };
  return {
    async createBackend(backend) {
      if (state.backends.has(backend.id)) fail('Conflict');
      const made: Backend = {
        prices: null,
        expectedLatencyMs: null,
        zone: null,
        ...backend,
        agentId: backend.agentId ?? null,
        num: state.backends.size + 1,
        credentials: backend.custody === 'gateway' ? backend.credentials : null,
        capabilities: {},
        probedAtMs: null,
        state: 'healthy',
        stateSinceMs: state.clock.now(),
        createdAtMs: state.clock.now(),
      };
      state.backends.set(backend.id, made);
      state.placementEpoch += 1n;
      return made;
    },
    async listBackends() {
      return [...state.backends.values()].sort((a, b) => compareKeys(a.id, b.id));
    },
    async recordProbe(id, capabilities, atMs) {
      change(id, { capabilities, probedAtMs: atMs });
    },
    async setBackgroundLimits(id, background) {
      change(id, { background });
    },
    async setBackendState(id, { from, to }) {
      const found = state.backends.get(id) ?? fail('NoSuchBackend');
      if (!from.includes(found.state)) return false;
      change(id, { state: to, stateSinceMs: state.clock.now() });
      return true;
    },
    async updateBackend(id, facts) {
      if (state.backends.get(id)?.state === 'retired') fail('NoSuchBackend');
      return change(id, facts);
    },
  };
}

type Buckets = Pick<
  MetadataRegistry,
  | 'createBucket'
  | 'bucket'
  | 'bucketById'
  | 'listBuckets'
  | 'deleteBucket'
  | 'updateBucket'
  | 'physicalBuckets'
  | 'recordPhysicalBucket'
>;

function createBuckets(state: MemoryState): Buckets {
  const active = () =>
    [...state.buckets.values()].filter((bucket) => !bucket.deleted).map((bucket) => bucketOf(state, bucket.record));
  return {
    async createBucket(bucket) {
      const tenant = state.tenants.get(bucket.tenantId);
      if (tenant?.state !== 'active') fail('AccessDenied');
      const taken = active().find((other) => other.namespace === tenant.namespace && other.name === bucket.name);
      if (active().filter((other) => other.tenantId === tenant.id).length >= BUCKETS_PER_TENANT_MAX)
        fail('QuotaExceeded');
      if (taken !== undefined) fail(taken.tenantId === tenant.id ? 'BucketAlreadyOwnedByYou' : 'BucketAlreadyExists');
      const record: Bucket = {
        ...bucket,
        id: nextNumber(state),
        tenantName: tenant.name,
        ownerId: tenant.ownerId,
        ownerDisplayName: tenant.displayName,
        namespace: tenant.namespace,
        versioning: bucket.objectLock ? 'enabled' : 'off',
        requestRecords: null,
        createdAtMs: state.clock.now(),
      };
      state.buckets.set(record.id, { record, deleted: false, versions: new Map(), keys: [], physical: new Map() });
      return bucketOf(state, record);
    },
    async bucket(namespace, name) {
      const found = active().find((bucket) => bucket.namespace === namespace && bucket.name === name);
      const owner = found && state.tenants.get(found.tenantId)?.state;
      return owner === 'active' || owner === 'suspended' ? found : undefined;
    },
    async bucketById(id) {
      return active().find((bucket) => bucket.id === id);
    },
    async listBuckets(tenantId, { prefix, after, limit }) {
      const all = active()
        .filter((bucket) => bucket.tenantId === tenantId && bucket.name.startsWith(prefix) && bucket.name > after)
        .sort((a, b) => compareKeys(a.name, b.name));
      return { buckets: all.slice(0, limit), truncated: all.length > limit };
    },
    async deleteBucket(id) {
      const bucket = activeBucket(state, id);
      if (bucket.versions.size > 0) fail('BucketNotEmpty');
      bucket.deleted = true;
      bucket.deletedAtMs = state.clock.now();
    },
    async updateBucket(id, { configs, ...change }) {
      const bucket = activeBucket(state, id);
      const { versioning, objectLock } = bucket.record;
      const leavesVersioning = change.versioning === 'off' && versioning !== 'off';
      if (change.objectLock === true && (change.versioning ?? versioning) !== 'enabled') fail('InvalidBucketState');
      if (leavesVersioning || (objectLock && change.versioning !== undefined && change.versioning !== 'enabled')) {
        fail('InvalidBucketState');
      }
      const documents = Object.entries({ ...bucket.record.configs, ...configs }).filter(
        ([, document]) => document !== null,
      );
      if (change.policyName !== undefined || change.regionLock !== undefined) state.placementEpoch += 1n;
      bucket.record = {
        ...bucket.record,
        ...change,
        configs: Object.fromEntries(documents),
      };
      return bucketOf(state, bucket.record);
    },
    async physicalBuckets(bucketId) {
      return new Map(state.buckets.get(bucketId)?.physical);
    },
    async recordPhysicalBucket({ bucketId, backend, name }) {
      const physical = state.buckets.get(bucketId)?.physical;
      if (physical?.has(backend) === false) physical.set(backend, name);
    },
  };
}

function createPolicies(state: MemoryState): Pick<MetadataRegistry, 'putPolicy' | 'policy' | 'listPolicies'> {
  return {
    async putPolicy(name, document) {
      const versions = state.policies.get(name) ?? [];
      const made = { name, version: versions.length + 1, document, createdAtMs: state.clock.now() };
      state.policies.set(name, [...versions, made]);
      state.placementEpoch += 1n;
      return made;
    },
    async policy(name) {
      return state.policies.get(name)?.at(-1);
    },
    async listPolicies() {
      return [...state.policies.values()]
        .flatMap((versions) => versions.at(-1) ?? [])
        .sort((a, b) => compareKeys(a.name, b.name));
    },
  };
}
