import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFault } from '@sealgate/core/faults';
import type { AccessKeyId, TenantId } from '@sealgate/core/names';
import {
  type Credential,
  completeSettings,
  type Metadata,
  type NewCredential,
  type NewTenant,
  type Tenant,
} from '@sealgate/core/ports';
import { Secret } from '@sealgate/runtime/log';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureFirstCredential, writeCredentials } from './credentials-file.ts';
import { loadSecrets } from './secrets.ts';

let dataDir = '';
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'sealgate-files-'));
});
afterEach(() => {
  rmSync(dataDir, { recursive: true });
});

const nothingGiven = () => ({ dataDir, adminApiKey: undefined, tenantSecretPassphrase: undefined });

describe('secrets', () => {
  it('are made once, are not printed, and are the same for who comes second', async () => {
    const [first, second] = await Promise.all([loadSecrets(nothingGiven()), loadSecrets(nothingGiven())]);
    const third = await loadSecrets(nothingGiven());
    const keys = [first, second, third].map(
      ({ adminKey, passphrase }) => `${adminKey.reveal()} ${passphrase.reveal()}`,
    );
    expect(new Set(keys).size).toBe(1);
    expect(first.adminKey.reveal()).not.toBe(first.passphrase.reveal());
    expect(JSON.stringify(first)).not.toContain(first.adminKey.reveal());
  });

  it('give way to settings, one by one', async () => {
    const given = { ...nothingGiven(), adminApiKey: new Secret('a-given-admin-key') };
    const { adminKey, passphrase } = await loadSecrets(given);
    expect(adminKey.reveal()).toBe('a-given-admin-key');
    expect(passphrase.reveal()).toHaveLength(32);
  });

  it('need no folder when all are given', async () => {
    await loadSecrets({ dataDir, adminApiKey: new Secret('x'), tenantSecretPassphrase: new Secret('y') });
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it.each(['{', '[]', '{"adminApiKey": "x"}'])('are never made anew over a damaged file: %s', async (text) => {
    writeFileSync(join(dataDir, 'secrets.json'), text);
    await expect(loadSecrets(nothingGiven())).rejects.toSatisfy((error) => isFault(error, 'StartFailed'));
    expect(readFileSync(join(dataDir, 'secrets.json'), 'utf8')).toBe(text);
  });
});

/** Just enough of a registry. */
function fakeRegistry() {
  const tenants = new Map<string, Tenant>();
  const credentials = new Map<string, Credential>();
  const registry: Pick<Metadata, 'tenant' | 'createTenant' | 'credential' | 'createCredential'> = {
    tenant: (name) => Promise.resolve(tenants.get(name)),
    createTenant(facts: NewTenant) {
      const settings = completeSettings(facts.settings ?? {});
      const quotas = { bytes: null, objects: null, requestsPerSecond: null };
      const made = {
        ...facts,
        settings,
        quotas,
        id: 'id' as TenantId,
        ownerId: 'o',
        state: 'active' as const,
        createdAtMs: 0,
      };
      tenants.set(facts.name, made);
      return Promise.resolve(made);
    },
    credential: (id: AccessKeyId) => Promise.resolve(credentials.get(id)),
    createCredential(facts: NewCredential) {
      const tenant = [...tenants.values()][0];
      if (tenant === undefined) throw new Error('no tenant');
      const bounds = { policy: null, sessionPolicy: null, parent: null, sessionToken: null } as const;
      const made = { ...facts, ...bounds, tenant, kind: 'static', state: 'active', createdAtMs: 0 } as const;
      credentials.set(facts.accessKeyId, made);
      return Promise.resolve(made);
    },
  };
  return { registry, tenants, credentials };
}

describe('credentials.json', () => {
  const endpoints = { s3Endpoint: 'http://h:1', controlEndpoint: 'http://h:2', region: 'eu-test-1', adminKey: 'k' };

  it('keeps its key pair from start to start, and follows the ports', async () => {
    const { registry, credentials } = fakeRegistry();
    const first = await ensureFirstCredential(registry, dataDir);
    await writeCredentials(dataDir, { ...endpoints, ...first });
    expect(await ensureFirstCredential(registry, dataDir)).toEqual(first);
    await writeCredentials(dataDir, { ...endpoints, ...first, s3Endpoint: 'http://h:3' });
    const file = JSON.parse(readFileSync(join(dataDir, 'credentials.json'), 'utf8')) as object;
    expect(file).toEqual({ ...endpoints, ...first, s3Endpoint: 'http://h:3' });
    expect(credentials.size).toBe(1);
  });

  it.each([
    ['damaged', () => '{'],
    ['of another database', () => JSON.stringify({ accessKeyId: 'SGAKSOMEBODYELSES', secretAccessKey: 'x' })],
    ['with an impossible key', () => JSON.stringify({ accessKeyId: 'no key!', secretAccessKey: 'x' })],
    ['with another secret', (id: string) => JSON.stringify({ accessKeyId: id, secretAccessKey: 'x' })],
  ])('gets a new key pair of the same tenant when it is %s', async (_what, text) => {
    const { registry, tenants } = fakeRegistry();
    const first = await ensureFirstCredential(registry, dataDir);
    writeFileSync(join(dataDir, 'credentials.json'), text(first.accessKeyId));
    const second = await ensureFirstCredential(registry, dataDir);
    expect(second.accessKeyId).not.toBe(first.accessKeyId);
    expect(second.tenant).toBe(first.tenant);
    expect(tenants.size).toBe(1);
  });
});
