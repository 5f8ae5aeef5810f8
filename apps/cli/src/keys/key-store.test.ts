import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair, type KeyPair } from '@sealgate/sealed/keys';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKeyStore, type KeyStore } from './key-store.ts';
import { createStoreKeyring } from './keyring.ts';
import { createPassphrases } from './passphrase.ts';

const never = (): Promise<string> => Promise.reject(new Error('nobody may be asked'));
const noAsking = createPassphrases({ fromEnvironment: undefined, ask: undefined });
/** The least that a reader accepts: the cost itself is tested where it is made. */
const CHEAPEST = { memoryKiB: 19_456, passes: 2, lanes: 1 };
/** Deriving keys is slow on purpose. */
const SLOW_MS = 30_000;
const NOW = Date.UTC(2026, 10, 21);

let folder: string;
let store: KeyStore;
let pair: KeyPair;
beforeAll(async () => {
  pair = await generateKeyPair('P-256', { extractable: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealgate-keys-'));
  store = createKeyStore(join(folder, 'sealgate'), { now: () => NOW, cost: CHEAPEST });
});
afterEach(() => rm(folder, { recursive: true }));

const keyFile = async (): Promise<string> => join(store.folder, (await readdir(store.folder))[0]!);

describe('key store', () => {
  it('is empty before the first key', async () => {
    expect(await store.list()).toEqual([]);
    expect(await store.recipients()).toEqual([]);
  });

  it('keeps a key for its owner alone', async () => {
    await store.addPair(pair, { name: 'mine', passphrase: undefined });
    expect((await stat(store.folder)).mode & 0o777).toBe(0o700);
    expect((await stat(await keyFile())).mode & 0o777).toBe(0o600);
    const [key] = await store.list();
    expect(key).toMatchObject({ keyId: pair.keyId, name: 'mine', kind: 'P-256', protection: 'clear' });
    expect((await key!.publicKey()).keyId).toBe(pair.keyId);
    expect((await key!.privateKey(never)).keyId).toBe(pair.keyId);
  });

  it(
    'keeps nothing readable under a passphrase',
    async () => {
      await store.addPair(pair, { name: 'mine', passphrase: 'correct horse' });
      const stored = JSON.parse(await readFile(await keyFile(), 'utf8')) as { privateKey: unknown };
      expect(stored.privateKey).toMatch(/^[\w-]+\.\.[\w.-]+$/);
      const [key] = await store.list();
      expect(key!.protection).toBe('passphrase');
      expect((await key!.privateKey(() => Promise.resolve('correct horse'))).keyId).toBe(pair.keyId);
      await expect(key!.privateKey(() => Promise.resolve('wrong'))).rejects.toMatchObject({ code: 'wrong-passphrase' });
    },
    SLOW_MS,
  );

  it('keeps the public key of somebody else, which opens nothing', async () => {
    await store.addPublic(pair, { name: 'recovery' });
    const [key] = await store.list();
    expect(key!.protection).toBe('none');
    await expect(key!.privateKey(never)).rejects.toThrow(/public half/);
  });

  it('never loses a private half to the public one of the same key', async () => {
    await store.addPair(pair, { name: 'mine', passphrase: undefined, version: 3 });
    const { privateKey: _, ...publicHalf } = pair;
    expect(await store.addPublic(publicHalf, { name: 'imported' })).toMatchObject({
      name: 'mine',
      protection: 'clear',
    });
    const [key] = await store.list();
    expect(key).toMatchObject({ name: 'mine', protection: 'clear', version: 3 });
    expect((await key!.privateKey(never)).keyId).toBe(pair.keyId);
  });

  it('keeps the version of a key that comes back from a backup, also over a damaged file', async () => {
    await store.addPair(pair, { name: 'mine', passphrase: undefined, version: 3 });
    await store.addPair(pair, { name: 'again', passphrase: undefined });
    expect((await store.list())[0]).toMatchObject({ name: 'again', version: 3 });
    await writeFile(await keyFile(), 'torn');
    await store.addPair(pair, { name: 'restored', passphrase: undefined });
    expect((await store.list())[0]).toMatchObject({ name: 'restored', protection: 'clear' });
  });

  it('refuses a key that others can read, and says how to put it right', async () => {
    await store.addPair(pair, { name: 'mine', passphrase: undefined });
    await chmod(await keyFile(), 0o640);
    await expect(store.list()).rejects.toMatchObject({ hint: expect.stringContaining('chmod 600') as string });
  });

  it.each(['', '{}', '[]', '{"version":1}', 'null'])('refuses a damaged file (%j) without showing it', async (text) => {
    await store.addPair(pair, { name: 'mine', passphrase: undefined });
    await writeFile(await keyFile(), text);
    await expect(store.list()).rejects.toThrow(/is damaged/);
  });
});

describe('keyring of the store', () => {
  const keyring = (passphrases = noAsking) => {
    const made: string[] = [];
    const ring = createStoreKeyring({
      store,
      passphrases,
      passphraseOfFirstKey: undefined,
      trusted: () => Promise.resolve(undefined),
      onFirstKey: (key) => void made.push(key.keyId),
    });
    return { ring, made };
  };

  it('makes the first key when there is none, once, and says so', async () => {
    const { ring, made } = keyring();
    const first = await ring.recipients();
    expect(made).toEqual([first[0]!.keyId]);
    expect((await ring.recipients()).map(({ keyId }) => keyId)).toEqual(made);
    expect(made).toHaveLength(1);
    expect((await ring.unlock(made)).map(({ keyId }) => keyId)).toEqual(made);
  });

  it('never makes a key where keys were but none is chosen', async () => {
    await store.addPair(pair, { name: 'mine', passphrase: undefined });
    await expect(keyring().ring.recipients()).rejects.toMatchObject({
      hint: expect.stringContaining('keys use') as string,
    });
  });

  it('refuses to seal when a chosen key has gone', async () => {
    await store.addPair(pair, { name: 'mine', passphrase: undefined });
    await store.setRecipients([pair.keyId, 'urn:gone']);
    await expect(keyring().ring.recipients()).rejects.toThrow(/urn:gone/);
  });

  it(
    'asks for no passphrase when a key in the clear opens it too',
    async () => {
      const other = await generateKeyPair('P-256', { extractable: true });
      await store.addPair(pair, { name: 'mine', passphrase: undefined });
      await store.addPair(other, { name: 'other', passphrase: 'secret' });
      const asked: string[] = [];
      const ask = (question: string): Promise<string> => {
        asked.push(question);
        return Promise.resolve('secret');
      };
      const { ring } = keyring(createPassphrases({ fromEnvironment: undefined, ask }));
      expect(await ring.unlock([pair.keyId, other.keyId, 'urn:unknown'])).toHaveLength(1);
      expect(asked).toEqual([]);
      expect(await ring.unlock([other.keyId])).toHaveLength(1);
      expect(await ring.unlock([other.keyId])).toHaveLength(1);
      expect(asked).toEqual(['Passphrase of the key other:']);
    },
    SLOW_MS,
  );
});

describe('passphrases', () => {
  const answers = (...list: string[]) =>
    createPassphrases({ fromEnvironment: undefined, ask: () => Promise.resolve(list.shift() ?? '') });

  it('come from the environment first', async () => {
    const passphrases = createPassphrases({ fromEnvironment: 'env', ask: never });
    expect(await passphrases.existing('mine')).toBe('env');
    expect(await passphrases.fresh()).toBe('env');
  });

  it('are asked for twice when they are new', async () => {
    expect(await answers('a', 'a').fresh()).toBe('a');
    expect(await answers('').fresh()).toBeUndefined();
    await expect(answers('a', 'b').fresh()).rejects.toThrow(/differ/);
  });

  it('are never waited for where nobody can answer', async () => {
    await expect(noAsking.existing('mine')).rejects.toThrow(/under a passphrase/);
    await expect(noAsking.fresh()).rejects.toThrow(/needs a passphrase/);
  });
});
