// Secrets at rest under a key that a key service wraps. The service is a strict imitation of Vault's transit engine.
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { startFakeVault } from '../support/fake-vault.ts';
import { admin, createBucket, newDataDir, removeDataDir, sealgate, startGateway } from '../support/gateway.ts';
import { newClient } from '../support/s3-client.ts';

interface Versions {
  readonly newest: number;
  readonly versions: readonly { readonly version: number; readonly sealed: number }[];
}

test('a passphrase is left for a key service, the key is rotated, and without the service nothing starts', async () => {
  const dataDir = newDataDir();
  const vault = await startFakeVault({ mount: 'transit', key: 'sealgate', token: 'a-token' });
  const env = { SEALGATE_KMS_VAULT_URL: vault.url, SEALGATE_KMS_VAULT_TOKEN: 'a-token' };
  const sealedUnder = async (of: Parameters<typeof admin>[0]) => {
    const { versions } = await admin<Versions>(of, 'GET', '/admin/secrets');
    return versions.filter(({ sealed }) => sealed > 0).map(({ version }) => version);
  };
  const serves = async (gateway: Awaited<ReturnType<typeof startGateway>>) => {
    const s3 = newClient(gateway.credentials);
    await s3.send(new PutObjectCommand({ Bucket: 'kept', Key: 'a', Body: 'x' }));
    s3.destroy();
  };
  try {
    let gateway = await startGateway({ dataDir });
    await createBucket(gateway, 'kept', { encryption: 'off' });
    expect(await sealedUnder(gateway)).toEqual([1]);
    await gateway.stop();

    gateway = await startGateway({ dataDir, env });
    await expect.poll(() => sealedUnder(gateway), { timeout: 60_000 }).toEqual([100]);
    expect((await sealgate(gateway, ['secret', 'retire', '1'])).code).toBe(0);
    await serves(gateway);
    await gateway.stop();

    // A new version of the service's key: the same key, wrapped anew. A new key: everything is sealed anew.
    vault.rotate();
    gateway = await startGateway({ dataDir, env });
    expect(vault.calls).toContain('rewrap');
    await serves(gateway);
    await gateway.stop();
    gateway = await startGateway({ dataDir, env: { ...env, SEALGATE_KMS_KEY_VERSION: '101' } });
    await expect.poll(() => sealedUnder(gateway), { timeout: 60_000 }).toEqual([101]);
    await serves(gateway);
    await gateway.stop();

    vault.setSealed(true);
    // Not only said, but ended: who watches over the process is to learn of it.
    await expect(startGateway({ dataDir, env: { ...env, SEALGATE_KMS_KEY_VERSION: '101' } })).rejects.toThrow(
      /ended before it was ready[^]*The key service answered 503/,
    );
    await expect(startGateway({ dataDir })).rejects.toThrow(
      /ended before it was ready[^]*vault-transit:transit\/sealgate/,
    );
  } finally {
    await vault.close();
    removeDataDir(dataDir);
  }
}, 600_000);
