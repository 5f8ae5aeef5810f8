import {
  type PhysicalBucketName,
  parseAccessKeyId,
  parseBackendId,
  parseBucketName,
  parseTenantId,
} from '@sealgate/core/names';
import { describe, expect, it } from 'vitest';
import { actor, faultOf, physicalName, type World } from './context.ts';

const NOBODY = parseTenantId('00000000-0000-4000-8000-ffffffffffff');

export function describeRegistry(world: World): void {
  const metadata = () => world.metadata();

  describe('tenants and credentials', () => {
    it('finds a tenant by id and by name, and refuses a name twice', async () => {
      const tenant = await world.tenant({ email: 'a@b.example' });
      expect(tenant.ownerId).toMatch(/^[0-9a-f]{64}$/);
      expect(await metadata().tenant(tenant.id)).toEqual(tenant);
      expect(await metadata().tenant(tenant.name)).toEqual(tenant);
      expect(await metadata().tenant('nobody')).toBeUndefined();
      expect(await faultOf(world.tenant({ name: tenant.name }))).toBe('Conflict');
    });

    it('changes what is named and nothing else', async () => {
      const tenant = await world.tenant({ policyName: 'strict' });
      const suspended = await metadata().updateTenant(tenant.id, { state: 'suspended' }, actor);
      expect(suspended).toEqual({ ...tenant, state: 'suspended' });
      const changed = await metadata().updateTenant(
        tenant.id,
        { policyName: null, defaultEncryption: 'required' },
        actor,
      );
      expect(changed).toEqual({ ...suspended, policyName: null, defaultEncryption: 'required' });
      expect(await metadata().tenant(tenant.id)).toEqual(changed);
      expect(await faultOf(metadata().updateTenant(NOBODY, { state: 'active' }, actor))).toBe('NotFound');
    });

    it('has settings, those that nobody asked for by default', async () => {
      const plain = await world.tenant();
      const strict = {
        objectOwnership: 'BucketOwnerEnforced',
        legacySignatures: false,
        blockPublicAccess: true,
      } as const;
      expect(plain.settings).toEqual(strict);
      const sharing = await world.tenant({ settings: { objectOwnership: 'ObjectWriter' } });
      const loose = { objectOwnership: 'ObjectWriter', legacySignatures: false, blockPublicAccess: false };
      expect(sharing.settings).toEqual(loose);
      const settings = { ...strict, legacySignatures: true };
      expect((await metadata().updateTenant(plain.id, { settings }, actor)).settings).toEqual(settings);
      expect((await metadata().tenant(plain.id))?.settings).toEqual(settings);
    });

    it('knows how requests are recorded, of a tenant and of each of its buckets', async () => {
      const tenant = await world.tenant();
      const bucket = await world.bucket('off', { tenantId: tenant.id });
      const other = await world.bucket();
      const told = async () => {
        const found = await metadata().bucket(bucket.namespace, bucket.name);
        return [
          (await metadata().tenant(tenant.id))?.requestRecords,
          found?.ownerRequestRecords,
          found?.requestRecords,
        ];
      };
      expect(await told()).toEqual([null, null, null]);
      await metadata().updateTenant(tenant.id, { requestRecords: 'off' }, actor);
      const changed = await metadata().updateBucket(bucket.id, { requestRecords: 'synchronous' }, actor);
      expect(changed).toMatchObject({ requestRecords: 'synchronous', ownerRequestRecords: 'off' });
      expect(await told()).toEqual(['off', 'off', 'synchronous']);
      // Other changes leave it.
      await metadata().updateTenant(tenant.id, { displayName: 'another' }, actor);
      await metadata().updateBucket(bucket.id, { encryption: 'report' }, actor);
      expect(await told()).toEqual(['off', 'off', 'synchronous']);
      await metadata().updateTenant(tenant.id, { requestRecords: null }, actor);
      await metadata().updateBucket(bucket.id, { requestRecords: null }, actor);
      expect(await told()).toEqual([null, null, null]);
      expect((await metadata().bucketById(other.id))?.ownerRequestRecords).toBeNull();
      const credential = {
        ...{ tenantId: tenant.id, accessKeyId: parseAccessKeyId(world.unused('AKIARECORDS')), description: null },
        ...{ secretAccessKey: 'secret', expiresAtMs: null },
      };
      await metadata().createCredential(credential, actor);
      await metadata().updateTenant(tenant.id, { requestRecords: 'batched' }, actor);
      expect((await metadata().credential(credential.accessKeyId))?.tenant.requestRecords).toBe('batched');
    });

    it('finds a tenant by canonical id or e-mail address, when that names one', async () => {
      const email = `${world.unused('Someone')}@Example.org`;
      const tenant = await world.tenant({ email });
      expect(await metadata().tenantByOwner(tenant.ownerId)).toEqual(tenant);
      expect(await metadata().tenantByOwner(email.toLowerCase())).toEqual(tenant);
      expect(await metadata().tenantByOwner('nobody@example.org')).toBeUndefined();
      await world.tenant({ email });
      expect(await metadata().tenantByOwner(email)).toBeUndefined();
    });

    it('rotates a key: the new one is as the old one, which ends after the overlap', async () => {
      const tenant = await world.tenant();
      const [old, next] = [parseAccessKeyId(world.unused('AKIAOLD')), parseAccessKeyId(world.unused('AKIANEW'))];
      const facts = { tenantId: tenant.id, expiresAtMs: null, description: 'backup', policy: '{"a": 1}' };
      await metadata().createCredential({ ...facts, accessKeyId: old, secretAccessKey: 'a secret' }, actor);
      const by = { replacement: next, secretAccessKey: 'another secret', overlapMs: 3_600_000 };
      const before = world.now();
      await metadata().rotateCredential(old, by, actor);
      const [ending, made] = [await metadata().credential(old), await metadata().credential(next)];
      expect(ending?.expiresAtMs).toBeGreaterThanOrEqual(before + 3_600_000 - 5000);
      expect(ending?.expiresAtMs).toBeLessThanOrEqual(world.now() + 3_600_000 + 5000);
      expect(made).toMatchObject({
        secretAccessKey: 'another secret',
        expiresAtMs: null,
        description: 'backup',
        state: 'active',
      });
      expect(made?.policy).toBe(facts.policy);
      // Again: it never ends later than it would have.
      const again = { ...by, replacement: parseAccessKeyId(world.unused('AKIANEW')), overlapMs: 7_200_000 };
      await metadata().rotateCredential(old, again, actor);
      expect((await metadata().credential(old))?.expiresAtMs).toBe(ending?.expiresAtMs);
      expect(await faultOf(metadata().rotateCredential(old, by, actor))).toBe('Conflict');
      await metadata().setCredentialState(old, 'disabled', actor);
      const late = { ...by, replacement: parseAccessKeyId(world.unused('AKIANEW')) };
      expect(await faultOf(metadata().rotateCredential(old, late, actor))).toBe('NotFound');
      expect(await faultOf(metadata().rotateCredential(parseAccessKeyId('AKIANOBODY'), late, actor))).toBe('NotFound');
    });

    it('knows in which hour a key was last used', async () => {
      const tenant = await world.tenant();
      const accessKeyId = parseAccessKeyId(world.unused('AKIAUSED'));
      const facts = { tenantId: tenant.id, expiresAtMs: null, description: null };
      const made = await metadata().createCredential({ ...facts, accessKeyId, secretAccessKey: 'a secret' }, actor);
      expect(made.lastUsedAtMs).toBeNull();
      await metadata().noteCredentialUse([accessKeyId, parseAccessKeyId('AKIANOBODY')]);
      const used = (await metadata().listCredentials(tenant.id))[0]?.lastUsedAtMs ?? 0;
      expect(used % 3_600_000).toBe(0);
      expect(Math.abs(world.now() - used)).toBeLessThanOrEqual(3_600_000 + 5000);
    });

    it('bounds a credential by a policy', async () => {
      const { id: tenantId } = await world.tenant();
      const accessKeyId = parseAccessKeyId(world.unused('AKIA'));
      const facts = { tenantId, accessKeyId, secretAccessKey: 'x', expiresAtMs: null, description: null };
      const made = await metadata().createCredential({ ...facts, policy: '{"a": 1}' }, actor);
      expect(made).toMatchObject({ kind: 'static', policy: '{"a": 1}', parent: null });
      expect(await metadata().credential(accessKeyId)).toEqual(made);
      await metadata().setCredentialPolicy(accessKeyId, null, actor);
      expect((await metadata().credential(accessKeyId))?.policy).toBeNull();
      expect(await faultOf(metadata().setCredentialPolicy(parseAccessKeyId('AKIANOBODY'), null, actor))).toBe(
        'NotFound',
      );
    });

    it('pages tenants by name, each one once', async () => {
      const names = [];
      for (let i = 0; i < 5; i += 1) names.push((await world.tenant()).name);
      const seen: string[] = [];
      for (let cursor: string | null = null, pages = 0; pages === 0 || cursor !== null; pages += 1) {
        const page: Awaited<ReturnType<ReturnType<typeof metadata>['listTenants']>> = await metadata().listTenants(
          cursor,
          2,
        );
        expect(page.items.length).toBeLessThanOrEqual(2);
        seen.push(...page.items.map((tenant) => tenant.name));
        cursor = page.next;
      }
      expect(seen).toEqual([...new Set(seen)].sort());
      expect(seen).toEqual(expect.arrayContaining(names));
    });

    it('gives a credential back with its secret and its tenant as it is now', async () => {
      const tenant = await world.tenant();
      const accessKeyId = parseAccessKeyId(world.unused('AKIA'));
      const facts = { expiresAtMs: 2_000_000_000_123, description: 'a key' };
      const request = { tenantId: tenant.id, accessKeyId, secretAccessKey: 'sécret/+=', ...facts };
      const made = await metadata().createCredential(request, actor);
      expect(made).toMatchObject({
        ...facts,
        accessKeyId,
        secretAccessKey: 'sécret/+=',
        tenant,
        state: 'active',
        sessionToken: null,
      });
      expect(await metadata().credential(accessKeyId)).toEqual(made);
      expect(await faultOf(metadata().createCredential(request, actor))).toBe('Conflict');
      await metadata().setCredentialState(accessKeyId, 'disabled', actor);
      await metadata().updateTenant(tenant.id, { state: 'suspended' }, actor);
      expect(await metadata().credential(accessKeyId)).toMatchObject({
        state: 'disabled',
        tenant: { state: 'suspended' },
      });
      const [listed] = await metadata().listCredentials(tenant.id);
      expect(listed).toMatchObject({ accessKeyId, description: 'a key' });
      expect(JSON.stringify(listed)).not.toContain('sécret');
      await metadata().deleteCredential(accessKeyId, actor);
      expect(await metadata().credential(accessKeyId)).toBeUndefined();
      expect(await faultOf(metadata().deleteCredential(accessKeyId, actor))).toBe('NotFound');
      expect(await faultOf(metadata().setCredentialState(accessKeyId, 'active', actor))).toBe('NotFound');
      expect(await faultOf(metadata().createCredential({ ...request, tenantId: NOBODY }, actor))).toBe('NotFound');
    });
  });

  describe('backends', () => {
    it('keeps what it is told, numbers it, and opens its secret', async () => {
      const made = await world.backend({ certificates: ['ISO 27001', 'a "b", {c}\\'], sla: '99.9', weight: 0.5 });
      const all = await metadata().listBackends();
      const found = all.find((backend) => backend.id === made.id);
      expect(found).toEqual(made);
      expect(found?.credentials?.secretAccessKey).toBe('a secret');
      expect(found?.certificates).toEqual(['ISO 27001', 'a "b", {c}\\']);
      expect(new Set(all.map((backend) => backend.num)).size).toBe(all.length);
      expect(await faultOf(world.backend({ id: made.id }))).toBe('Conflict');
    });

    it('never keeps a secret that is in the custody of an agent or a client', async () => {
      const made = await world.backend({ custody: 'client' });
      expect(made.credentials).toBeNull();
    });

    it('keeps the last probe and the state', async () => {
      const made = await world.backend();
      await metadata().recordProbe(made.id, { put: true, etagIsMd5: false }, 1_900_000_000_000, actor);
      const drain = { from: ['healthy'], to: 'draining', reason: 'it is old' } as const;
      expect(await metadata().setBackendState(made.id, drain, actor)).toBe(true);
      expect(await metadata().setBackendState(made.id, { ...drain, to: 'degraded' }, actor)).toBe(false);
      const found = (await metadata().listBackends()).find((backend) => backend.id === made.id);
      const expected = {
        capabilities: { put: true, etagIsMd5: false },
        probedAtMs: 1_900_000_000_000,
        state: 'draining',
      };
      expect(found).toMatchObject(expected);
      const unknown = parseBackendId('nowhere');
      expect(
        await faultOf(metadata().setBackendState(unknown, { from: ['healthy'], to: 'healthy', reason: '' }, actor)),
      ).toBe('NoSuchBackend');
      expect(await faultOf(metadata().recordProbe(unknown, {}, 0, actor))).toBe('NoSuchBackend');
    });
  });

  describe('facts of a backend', () => {
    const prices = { currency: 'EUR', storagePerGbMonth: 0.01, egressPerGb: null, per1000Requests: 0.005 };

    it('are kept as they are told, at its making and later, and no others change', async () => {
      const made = await world.backend({ prices, expectedLatencyMs: 12.5, zone: 'FI-HEL-X' });
      expect(made).toMatchObject({ prices, expectedLatencyMs: 12.5, zone: 'FI-HEL-X' });
      expect(await world.backend()).toMatchObject({ prices: null, expectedLatencyMs: null, zone: null });
      const change = { country: 'SE', certificates: ['C5'], weight: 0, prices: null, sla: '99' } as const;
      const changed = await metadata().updateBackend(made.id, change, actor);
      expect(changed).toEqual({ ...made, ...change });
      expect((await metadata().listBackends()).find(({ id }) => id === made.id)).toEqual(changed);
      const back = await metadata().updateBackend(made.id, { prices, sla: null, zone: null }, actor);
      expect(back).toEqual({ ...changed, prices, sla: null, zone: null });
      expect(await metadata().updateBackend(made.id, {}, actor)).toEqual(back);
      const nowhere = parseBackendId('nowhere');
      expect(await faultOf(metadata().updateBackend(nowhere, { weight: 1 }, actor))).toBe('NoSuchBackend');
    });
  });

  describe('buckets', () => {
    it('finds a bucket by name and by number', async () => {
      const bucket = await world.bucket('off', { regionLock: ['EU', 'FI'], configs: { cors: '<a/>', tagging: '' } });
      expect(bucket).toMatchObject({
        versioning: 'off',
        regionLock: ['EU', 'FI'],
        configs: { cors: '<a/>', tagging: '' },
      });
      expect(await metadata().bucket(bucket.namespace, bucket.name)).toEqual(bucket);
      expect(await metadata().bucketById(bucket.id)).toEqual(bucket);
      expect(await metadata().bucket('elsewhere', bucket.name)).toBeUndefined();
    });

    it('tells apart whose bucket has the name already', async () => {
      const mine = await world.bucket();
      const again = world.bucket('off', { name: mine.name, tenantId: mine.tenantId });
      expect(await faultOf(again)).toBe('BucketAlreadyOwnedByYou');
      expect(await faultOf(world.bucket('off', { name: mine.name }))).toBe('BucketAlreadyExists');
      const elsewhere = await world.tenant({ namespace: world.unused('space-') });
      expect(await world.bucket('off', { name: mine.name, tenantId: elsewhere.id })).toMatchObject({ name: mine.name });
    });

    it('gives no bucket to a tenant that is not active', async () => {
      const tenant = await world.tenant();
      await metadata().updateTenant(tenant.id, { state: 'suspended' }, actor);
      expect(await faultOf(world.bucket('off', { tenantId: tenant.id }))).toBe('AccessDenied');
    });

    it('lists by name, from a prefix and behind a name', async () => {
      const { id: tenantId } = await world.tenant();
      const base = world.unused('list-');
      for (const end of ['b', 'a.c', 'a-c', 'a'])
        await world.bucket('off', { tenantId, name: parseBucketName(`${base}${end}`) });
      const list = async (prefix: string, after: string, limit: number) => {
        const page = await metadata().listBuckets(tenantId, { prefix, after, limit });
        return [page.buckets.map((bucket) => bucket.name.slice(base.length)), page.truncated];
      };
      expect(await list('', '', 10)).toEqual([['a', 'a-c', 'a.c', 'b'], false]);
      expect(await list('', '', 2)).toEqual([['a', 'a-c'], true]);
      expect(await list('', `${base}a-c`, 2)).toEqual([['a.c', 'b'], false]);
      expect(await list(`${base}a`, `${base}a`, 10)).toEqual([['a-c', 'a.c'], false]);
    });

    it('changes settings and documents one by one', async () => {
      const bucket = await world.bucket('off', { configs: { cors: '<a/>', lifecycle: '<l/>' }, policyName: 'p' });
      const change = { configs: { cors: null, tagging: '<t/>' }, regionLock: ['FI'], policyName: null } as const;
      const changed = await metadata().updateBucket(bucket.id, change, actor);
      const configs = { lifecycle: '<l/>', tagging: '<t/>' };
      expect(changed).toEqual({ ...bucket, configs, regionLock: ['FI'], policyName: null });
      expect(await metadata().bucketById(bucket.id)).toEqual(changed);
    });

    it('never goes back to unversioned, nor suspends what object lock needs', async () => {
      const versioned = await world.bucket('enabled');
      expect(await faultOf(metadata().updateBucket(versioned.id, { versioning: 'off' }, actor))).toBe(
        'InvalidBucketState',
      );
      const locked = await world.bucket('off', { objectLock: true });
      expect(locked.versioning).toBe('enabled');
      expect(await faultOf(metadata().updateBucket(locked.id, { versioning: 'suspended' }, actor))).toBe(
        'InvalidBucketState',
      );
    });

    it('goes only when it is empty, and its name is free again', async () => {
      const bucket = await world.bucket();
      await world.put(bucket, 'key');
      expect(await faultOf(metadata().deleteBucket(bucket.id, actor))).toBe('BucketNotEmpty');
      await world.remove(bucket, 'key');
      await metadata().deleteBucket(bucket.id, actor);
      expect(await metadata().bucket(bucket.namespace, bucket.name)).toBeUndefined();
      expect(await metadata().bucketById(bucket.id)).toBeUndefined();
      expect(await faultOf(metadata().deleteBucket(bucket.id, actor))).toBe('NoSuchBucket');
      expect(await faultOf(metadata().updateBucket(bucket.id, { encryption: 'off' }, actor))).toBe('NoSuchBucket');
      const next = await world.bucket('off', { tenantId: bucket.tenantId, name: bucket.name });
      expect(next.id).not.toBe(bucket.id);
    });

    it('counts old versions and delete markers as contents', async () => {
      const bucket = await world.bucket('enabled');
      const marker = await world.remove(bucket, 'never-there');
      expect(await faultOf(metadata().deleteBucket(bucket.id, actor))).toBe('BucketNotEmpty');
      await world.remove(bucket, 'never-there', marker.versionId);
      await metadata().deleteBucket(bucket.id, actor);
    });

    it('keeps the first physical bucket of a backend', async () => {
      const bucket = await world.bucket();
      const [first] = await world.backends();
      const other = 's3gw-other' as PhysicalBucketName;
      await metadata().recordPhysicalBucket({ bucketId: bucket.id, backend: first.id, name: other, counter: 1 });
      const names = await metadata().physicalBuckets(bucket.id);
      expect(names.size).toBe(3);
      expect(names.get(first.id)).toBe(physicalName(bucket, first.id));
    });
  });

  describe('policies', () => {
    it('numbers versions and gives the newest', async () => {
      const name = world.unused('policy-');
      expect(await metadata().policy(name)).toBeUndefined();
      const first = await metadata().putPolicy(name, 'a: 1\n', actor);
      const second = await metadata().putPolicy(name, 'a: 2\n', actor);
      expect([first.version, second.version]).toEqual([1, 2]);
      expect(await metadata().policy(name)).toEqual(second);
      expect((await metadata().listPolicies()).filter((policy) => policy.name === name)).toEqual([second]);
    });
  });
}
