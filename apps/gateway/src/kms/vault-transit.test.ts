import { Secret } from '@sealgate/runtime/log';
import { startFakeVault } from '@sealgate/testkit/fake-vault';
import { startVaultServer, vaultProgram } from '@sealgate/testkit/vault-server';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createVaultTransit, keyManagementOf, type VaultTransitOptions } from './vault-transit.ts';

const MOUNT = 'team/transit';
const KEY = 'sealgate';
const program = vaultProgram();
const missing = program === undefined ? ' (skipped: neither "bao" nor "vault" is here)' : '';
const servers = [
  { name: 'an imitation', absent: false, start: () => startFakeVault({ mount: MOUNT, key: KEY }) },
  {
    name: `a real server${missing}`,
    absent: program === undefined,
    start: () => startVaultServer(program ?? '', { mount: MOUNT, key: KEY }),
  },
];

const faultOf = async (work: Promise<unknown>) =>
  await work.then(
    () => ({ code: 'none', message: '' }),
    (error: unknown) => error as { readonly code: string; readonly message: string },
  );
const opened = (url: string, token: string, more: Partial<VaultTransitOptions> = {}) =>
  createVaultTransit({
    ...{ url: new URL(url), mount: MOUNT, key: KEY, namespace: undefined },
    token: () => Promise.resolve(token),
    ...more,
  });

for (const { name, absent, start } of servers) {
  describe.skipIf(absent)(`the transit engine of ${name}`, () => {
    let server: Awaited<ReturnType<typeof start>>;
    beforeEach(async () => {
      server = await start();
    }, 120_000);
    afterEach(() => server.close());

    test('makes keys and unwraps them', async () => {
      const transit = opened(server.url, server.token);
      const { key, wrapped } = await transit.newDataKey();
      expect(key).toHaveLength(32);
      expect(Buffer.from(await transit.unwrap(wrapped))).toEqual(Buffer.from(key));
      const altered = wrapped.replace(/.{8}$/, wrapped.endsWith('AAAAAAA=') ? 'BBBBBBA=' : 'AAAAAAA=');
      const refused = await faultOf(transit.unwrap(altered));
      expect(refused).toMatchObject({ code: 'ConfigInvalid' });
      expect(refused.message).toContain('with 400 (cipher: message authentication failed)');
      const unknown = await faultOf(transit.unwrap(wrapped.replace(':v1:', ':v2:')));
      expect(unknown.message).toContain('with 400 (invalid ciphertext: version is too new)');
    });

    test('wraps a key anew only when its own has a newer version', async () => {
      const transit = opened(server.url, server.token);
      const { key, wrapped } = await transit.newDataKey();
      expect(wrapped).toMatch(/^vault:v1:/);
      expect(await transit.rewrap(wrapped)).toBe(wrapped);
      await server.rotate();
      const next = await transit.rewrap(wrapped);
      expect(next).toMatch(/^vault:v2:/);
      expect(Buffer.from(await transit.unwrap(next))).toEqual(Buffer.from(key));
    });

    test('says of a version that opens no more that it is too old', async () => {
      const transit = opened(server.url, server.token);
      const { key, wrapped } = await transit.newDataKey();
      await server.rotate();
      const next = await transit.rewrap(wrapped);
      await server.setMinDecryptionVersion(2);
      const refused = await faultOf(transit.unwrap(wrapped));
      expect(refused).toMatchObject({ code: 'ConfigInvalid' });
      expect(refused.message).toContain(
        'refused "decrypt" with 400 (ciphertext or signature version is disallowed by policy (too old)). Check the name of the key',
      );
      expect(Buffer.from(await transit.unwrap(next))).toEqual(Buffer.from(key));
      await server.setMinDecryptionVersion(1);
      expect(Buffer.from(await transit.unwrap(wrapped))).toEqual(Buffer.from(key));
    });

    test('reads the token for each call, and says that one has ended', async () => {
      let token = await server.newToken();
      const transit = opened(server.url, '', { token: () => Promise.resolve(token) });
      const { wrapped } = await transit.newDataKey();
      await server.revoke(token);
      const refused = await faultOf(transit.unwrap(wrapped));
      expect(refused).toMatchObject({ code: 'ConfigInvalid' });
      expect(refused.message).toMatch(
        /^The key service refused "decrypt" with 403 \(permission denied\)\. Check the token/,
      );
      expect(refused.message).not.toContain(token);
      token = await server.newToken();
      expect(await transit.unwrap(wrapped)).toHaveLength(32);
    });

    test('refuses another key, another mount and another namespace', async () => {
      for (const other of [{ key: 'other' }, { mount: 'other' }]) {
        const transit = opened(server.url, server.token, other);
        const refused = await faultOf(transit.newDataKey());
        expect(refused).toMatchObject({ code: 'ConfigInvalid' });
        expect(refused.message).toMatch(/ with 403 .*its policy, the namespace and the mount\.$/);
      }
      const outside = await faultOf(opened(server.url, server.token, { namespace: 'nowhere' }).newDataKey());
      expect(outside).toMatchObject({ code: 'ConfigInvalid' });
      expect(outside.message).toContain('with 404 (namespace not found). Check the namespace');
    });

    test('sealed it has to be waited for, and goes on when it is not', async () => {
      const transit = opened(server.url, server.token);
      const { key, wrapped } = await transit.newDataKey();
      await server.setSealed(true);
      const refused = await faultOf(transit.unwrap(wrapped));
      expect(refused).toMatchObject({ code: 'KeyServiceUnavailable' });
      expect(refused.message).toMatch(/answered 503 \(.*sealed\)/i);
      await server.setSealed(false);
      await expect
        .poll(async () => Buffer.from(await transit.unwrap(wrapped).catch(() => [])), { timeout: 30_000 })
        .toEqual(Buffer.from(key));
    });

    test('is told from one that is not there', async () => {
      const transit = opened(server.url, server.token);
      await server.close();
      const fault = await faultOf(transit.newDataKey());
      expect(fault).toMatchObject({ code: 'KeyServiceUnavailable' });
      expect(fault.message).toBe('The key service does not answer (ECONNREFUSED).');
      server = await start();
    }, 120_000);
  });
}

describe.skipIf(program === undefined)(`a real server${missing}`, () => {
  let server: Awaited<ReturnType<typeof startVaultServer>> | undefined;
  afterAll(() => server?.close());

  test('a token that ends by itself, and what the root user does to the key', async () => {
    server = await startVaultServer(program ?? '', { mount: MOUNT, key: KEY });
    const { url, call } = server;
    const short = opened(url, await server.newToken('1s'));
    await expect.poll(async () => (await faultOf(short.newDataKey())).code, { timeout: 30_000 }).toBe('ConfigInvalid');
    expect((await faultOf(short.newDataKey())).message).toContain('it may have ended');

    const transit = opened(url, server.token);
    const { wrapped } = await transit.newDataKey();
    await call('PUT', `${MOUNT}/keys/${KEY}/config`, { deletion_allowed: true });
    await call('DELETE', `${MOUNT}/keys/${KEY}`);
    const gone = await faultOf(transit.unwrap(wrapped));
    expect(gone.code).toBe('ConfigInvalid');
    expect(gone.message).toContain('(encryption key not found). Check the name of the key');
    // Another key of the same name is no older version of it.
    await call('PUT', `${MOUNT}/keys/${KEY}`, {});
    expect(await faultOf(transit.unwrap(wrapped))).toMatchObject({ code: 'ConfigInvalid' });
  }, 120_000);

  test.each(['chacha20-poly1305', 'aes128-gcm96', 'rsa-2048'])(
    'a key of type %s',
    async (type) => {
      server ??= await startVaultServer(program ?? '', { mount: MOUNT, key: KEY });
      await server.call('PUT', `${MOUNT}/keys/${type}`, { type });
      const root = await server.call('PUT', 'auth/token/create', {});
      const token = String((root['auth'] as Readonly<Record<string, unknown>>)['client_token']);
      const transit = opened(server.url, token, { key: type });
      const { key, wrapped } = await transit.newDataKey();
      await server.call('PUT', `${MOUNT}/keys/${type}/rotate`, {});
      const next = await transit.rewrap(wrapped);
      expect(next).toMatch(/^vault:v2:/);
      expect(Buffer.from(await transit.unwrap(next))).toEqual(Buffer.from(key));
    },
    120_000,
  );
});

test('a key service is not listened to for ever', async () => {
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1024;
      controller.enqueue(new Uint8Array(1024).fill(0x20));
    },
  });
  const talkative = opened('http://127.0.0.1:1', 'good', { fetch: () => Promise.resolve(new Response(endless)) });
  expect(await faultOf(talkative.newDataKey())).toMatchObject({ code: 'KeyServiceUnavailable' });
  expect(sent).toBeLessThan(128 * 1024);
});

test('of what it says about a refusal a line is told, without what a terminal would obey', async () => {
  const words = { errors: [`\u001b[2Jno\n${'x'.repeat(1000)}`, 7] };
  const rude = opened('http://127.0.0.1:1', 'good', {
    fetch: () => Promise.resolve(new Response(JSON.stringify(words), { status: 400 })),
  });
  const { message } = await faultOf(rude.newDataKey());
  expect(message).toContain('with 400 ([2Jno xxx');
  expect(message).not.toMatch(/[^\x20-\x7e]/);
  expect(message.length).toBeLessThan(500);
});

test('a key service is reached over TLS, or on the loopback', () => {
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
