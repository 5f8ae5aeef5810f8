import { parseAccessKeyId, parseBackendId } from '@sealgate/core/names';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../embedded/testing.ts';
import { openMetadata } from '../open.ts';
import { suiteDatabase } from '../testing/database.ts';

const actor = { kind: 'admin', id: 'test', requestId: 'r' } as const;
const first = { version: 1, passphrase: 'the first passphrase' };
const second = { version: 2, passphrase: 'the second passphrase' };
const accessKeyId = parseAccessKeyId('SGAKROTATED');

describe('a new passphrase', () => {
  let server: TestDatabase;
  beforeAll(async () => {
    server = await suiteDatabase();
  });
  afterAll(() => server.drop());

  const open = (...passphrases: (typeof first)[]) =>
    openMetadata({ databaseUrl: server.databaseUrl, secrets: { passphrases }, superviseQueue: false });

  it('takes over every secret in the background, and the old one can be dropped then and not before', async () => {
    const old = await open(first);
    const tenant = await old.createTenant(
      { name: 't', displayName: 't', email: null, namespace: 'default', defaultEncryption: 'off', policyName: null },
      actor,
    );
    const base = { tenantId: tenant.id, expiresAtMs: null, description: null };
    await old.createCredential({ ...base, accessKeyId, secretAccessKey: 'sécret/+=' }, actor);
    const session = {
      tenantId: tenant.id,
      accessKeyId: parseAccessKeyId('SGTKROTATED'),
      policy: null,
      description: null,
    };
    const from = { kind: 'credential', accessKeyId } as const;
    const times = { expiresAtMs: Date.now() + 3_600_000 };
    await old.createSession({ ...session, ...times, from, secretAccessKey: 's', sessionToken: 'tökén' }, actor);
    await old.createWebhook(
      { tenantId: tenant.id, name: 'hook', url: 'https://h.example/', secret: 'whsec_x', headers: { 'x-token': 'y' } },
      actor,
    );
    await old.createBackend(
      {
        id: parseBackendId('far'),
        type: 's3',
        endpoint: 'https://s3.example',
        credentials: { accessKeyId: 'AK', secretAccessKey: 'far secret' },
        ...{ custody: 'gateway', provider: 'p', providerRegion: 'r', region: 'r', country: 'FI', jurisdiction: 'EU' },
        ...{ operatorJurisdiction: 'FI', certificates: [], sla: null, weight: 1, addressing: 'path' },
      } as unknown as Parameters<typeof old.createBackend>[0],
      actor,
    );
    await old.close();

    const both = await open(first, second);
    const before = await both.secretVersions();
    expect(before.newest).toBe(2);
    expect(before.versions.find(({ version }) => version === 1)?.sealed).toBeGreaterThanOrEqual(6);
    await expect(both.retireSecretVersion(1, actor)).rejects.toMatchObject({ code: 'Conflict' });
    await expect(both.retireSecretVersion(2, actor)).rejects.toMatchObject({ code: 'Conflict' });
    await expect(both.retireSecretVersion(9, actor)).rejects.toMatchObject({ code: 'NotFound' });
    // Bounded batches; each can be the last one before a crash.
    while ((await both.resealSecrets(2)) > 0);
    expect((await both.secretVersions()).versions.find(({ version }) => version === 1)?.sealed).toBe(0);
    await both.retireSecretVersion(1, actor);
    await both.close();

    const alone = await open(second);
    expect((await alone.credential(accessKeyId))?.secretAccessKey).toBe('sécret/+=');
    expect((await alone.credential(session.accessKeyId))?.sessionToken).toBe('tökén');
    const [hook] = await alone.webhookTargets(tenant.id, ['hook']);
    expect(hook).toMatchObject({ secret: 'whsec_x', headers: { 'x-token': 'y' } });
    const [backend] = await alone.listBackends();
    expect(backend?.credentials?.secretAccessKey).toBe('far secret');
    await alone.close();
  });
});
