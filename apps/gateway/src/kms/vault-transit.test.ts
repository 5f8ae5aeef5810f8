import { Secret } from '@sealgate/runtime/log';
import { type FakeVault, startFakeVault } from '@sealgate/testkit/fake-vault';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createVaultTransit, keyManagementOf } from './vault-transit.ts';

let vault: FakeVault;
beforeEach(async () => {
  vault = await startFakeVault({ mount: 'transit', key: 'sealgate', token: 'good' });
});
afterEach(() => vault.close());

const opened = (token = 'good') =>
  createVaultTransit({
    url: new URL(vault.url),
    mount: 'transit',
    key: 'sealgate',
    namespace: undefined,
    token: () => Promise.resolve(token),
  });
const codeOf = async (work: Promise<unknown>) =>
  await work.then(
    () => 'none',
    (error: unknown) => (error as { code: string }).code,
  );

describe('the transit engine of a Vault', () => {
  test('makes keys and unwraps them', async () => {
    const { key, wrapped } = await opened().newDataKey();
    expect(key).toHaveLength(32);
    expect(Buffer.from(await opened().unwrap(wrapped))).toEqual(Buffer.from(key));
    expect(await codeOf(opened().unwrap(wrapped.replace(/.{8}$/, 'AAAAAAA=')))).toBe('ConfigInvalid');
  });

  test('wraps a key anew only when its own has a newer version', async () => {
    const { key, wrapped } = await opened().newDataKey();
    expect(await opened().rewrap(wrapped)).toBe(wrapped);
    vault.rotate();
    const next = await opened().rewrap(wrapped);
    expect(next).toMatch(/^vault:v2:/);
    expect(Buffer.from(await opened().unwrap(next))).toEqual(Buffer.from(key));
  });

  test('tells what can be mended from what has to be waited for', async () => {
    expect(await codeOf(opened('bad').newDataKey())).toBe('ConfigInvalid');
    vault.setSealed(true);
    expect(await codeOf(opened().newDataKey())).toBe('KeyServiceUnavailable');
    await vault.close();
    expect(await codeOf(opened().newDataKey())).toBe('KeyServiceUnavailable');
    vault = await startFakeVault({ mount: 'transit', key: 'sealgate', token: 'good' });
  });

  test('is not listened to for ever', async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1024;
        controller.enqueue(new Uint8Array(1024).fill(0x20));
      },
    });
    const talkative = createVaultTransit({
      ...{ url: new URL(vault.url), mount: 'transit', key: 'sealgate', namespace: undefined },
      token: () => Promise.resolve('good'),
      fetch: () => Promise.resolve(new Response(endless)),
    });
    expect(await codeOf(talkative.newDataKey())).toBe('KeyServiceUnavailable');
    expect(sent).toBeLessThan(128 * 1024);
  });

  test('is reached over TLS, or on the loopback', () => {
    const settings = {
      ...{ kmsVaultMount: 'transit', kmsVaultKey: 'sealgate', kmsVaultNamespace: undefined },
      ...{ kmsVaultToken: new Secret('good'), kmsVaultTokenFile: undefined },
    };
    expect(keyManagementOf({ ...settings, kmsVaultUrl: undefined })).toBeUndefined();
    expect(() => keyManagementOf({ ...settings, kmsVaultUrl: 'http://vault.example:8200' })).toThrow('must be https');
    expect(keyManagementOf({ ...settings, kmsVaultUrl: 'https://vault.example:8200' })?.name).toBe(
      'vault-transit:transit/sealgate',
    );
    expect(keyManagementOf({ ...settings, kmsVaultUrl: 'http://127.0.0.1:8200' })).toBeDefined();
    expect(() =>
      keyManagementOf({ ...settings, kmsVaultToken: undefined, kmsVaultUrl: 'https://vault.example' }),
    ).toThrow('KMS_VAULT_TOKEN');
  });
});
