// Secrets at rest under a key that a key service wraps: a strict imitation of Vault's transit engine, and a real OpenBao or
// HashiCorp Vault where one is on the PATH (or SEALGATE_TEST_VAULT names one).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { admin, createBucket, newDataDir, removeDataDir, run, sealgate, startGateway } from '../support/gateway.ts';
import { startFakeVault, startVaultServer, vaultProgram } from '../support/key-servers.ts';
import { newClient } from '../support/s3-client.ts';
import { hasTool } from '../support/tools.ts';

interface Versions {
  readonly newest: number;
  readonly versions: readonly { readonly version: number; readonly sealed: number }[];
}
type Gateway = Awaited<ReturnType<typeof startGateway>>;

const KEY = { mount: 'transit', key: 'sealgate' };
const program = vaultProgram();
const missing = program === undefined ? ' (skipped: neither "bao" nor "vault" is here)' : '';
const servers = [
  { name: 'an imitation', absent: false, start: () => startFakeVault(KEY) },
  { name: `a real server${missing}`, absent: program === undefined, start: () => startVaultServer(program ?? '', KEY) },
];

async function sealedUnder(gateway: Gateway): Promise<readonly number[]> {
  const { versions } = await admin<Versions>(gateway, 'GET', '/admin/secrets');
  return versions.filter(({ sealed }) => sealed > 0).map(({ version }) => version);
}

async function serves(gateway: Gateway): Promise<void> {
  const s3 = newClient(gateway.credentials);
  await s3.send(new PutObjectCommand({ Bucket: 'kept', Key: 'a', Body: 'x' }));
  s3.destroy();
}

for (const { name, absent, start } of servers) {
  test.skipIf(absent)(
    `a passphrase is left for a key service, the key is rotated, and without the service nothing starts: ${name}`,
    async () => {
      const dataDir = newDataDir();
      const vault = await start();
      const file = join(dataDir, 'token');
      writeFileSync(file, vault.token);
      const env = { SEALGATE_KMS_VAULT_URL: vault.url, SEALGATE_KMS_VAULT_TOKEN_FILE: file };
      const raised = { ...env, SEALGATE_KMS_KEY_VERSION: '101' };
      const refuses = async (settings: Readonly<Record<string, string>>, reason: RegExp) => {
        // Not only said, but ended: who watches over the process is to learn of it.
        const failed = startGateway({ dataDir, env: settings });
        await expect(failed).rejects.toThrow(/ended before it was ready/);
        await expect(failed).rejects.toThrow(reason);
      };
      try {
        let gateway = await startGateway({ dataDir });
        await createBucket(gateway, 'kept', { encryption: 'off' });
        expect(await sealedUnder(gateway)).toEqual([1]);
        await gateway.stop();

        gateway = await startGateway({ dataDir, env });
        await expect.poll(() => sealedUnder(gateway)).toEqual([100]);
        expect((await sealgate(gateway, ['secret', 'retire', '1'])).code).toBe(0);
        await serves(gateway);
        await gateway.stop();

        // A new version of the service's key: the same key, wrapped anew, so that the service may forget the old version.
        await vault.rotate();
        gateway = await startGateway({ dataDir, env });
        await vault.setMinDecryptionVersion(2);
        await serves(gateway);
        await gateway.stop();
        // A new key: everything is sealed anew. A key that rests under a version that opens no more is told as that.
        gateway = await startGateway({ dataDir, env: raised });
        await expect.poll(() => sealedUnder(gateway)).toEqual([101]);
        await serves(gateway);
        await gateway.stop();
        await vault.rotate();
        await vault.setMinDecryptionVersion(3);
        await refuses(raised, /too old[^]*min_decryption_version/);
        await vault.setMinDecryptionVersion(1);

        // Who renews tokens writes the new one into the file.
        await vault.revoke(vault.token);
        await refuses(raised, /403[^]*permission denied[^]*the token \(it may have ended\)/);
        writeFileSync(file, `${await vault.newToken()}\n`);
        gateway = await startGateway({ dataDir, env: raised });
        // What runs goes on without it.
        await vault.setSealed(true);
        await serves(gateway);
        await gateway.stop();
        await refuses(raised, /The key service answered 503/);
        await refuses({}, /vault-transit:transit\/sealgate/);
      } finally {
        await vault.close();
        removeDataDir(dataDir);
      }
    },
    600_000,
  );
}

test.skipIf(program === undefined || !hasTool('openssl'))(
  `a namespace of a real server over TLS, with a certificate that is trusted and one that is not${missing}`,
  async () => {
    const dataDir = newDataDir();
    const tls = { cert: join(dataDir, 'cert.pem'), key: join(dataDir, 'key.pem') };
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const made = await run('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', tls.key, '-out', tls.cert]);
    expect(made).toMatchObject({ code: 0 });
    const vault = await startVaultServer(program ?? '', { ...KEY, mount: 'team/transit', namespace: 'storage', tls });
    const env = {
      SEALGATE_KMS_VAULT_URL: vault.tlsUrl,
      SEALGATE_KMS_VAULT_MOUNT: 'team/transit',
      SEALGATE_KMS_VAULT_NAMESPACE: 'storage',
      SEALGATE_KMS_VAULT_TOKEN: vault.token,
    };
    try {
      await expect(startGateway({ dataDir, env })).rejects.toThrow(/does not answer \(\w*SELF_SIGNED_CERT\w*\)/);
      const trusted = { ...env, NODE_EXTRA_CA_CERTS: tls.cert };
      const outside = { ...trusted, SEALGATE_KMS_VAULT_NAMESPACE: 'elsewhere' };
      await expect(startGateway({ dataDir, env: outside })).rejects.toThrow(/refused "datakey\/plaintext" with 40[34]/);
      const gateway = await startGateway({ dataDir, env: trusted });
      expect(await sealedUnder(gateway)).toEqual([100]);
      await gateway.stop();
      const again = await startGateway({ dataDir, env: trusted });
      expect(await sealedUnder(again)).toEqual([100]);
      await again.stop();
    } finally {
      await vault.close();
      removeDataDir(dataDir);
    }
  },
  600_000,
);
