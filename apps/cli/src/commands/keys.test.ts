import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CommandContext } from '../context.ts';
import { createKeyStore } from '../keys/key-store.ts';
import { createKey, useKeys } from './keys.ts';
import { unpublish } from './recovery.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sealgate-keys-command-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('says how a key is chosen by what finds it, also when two have one name', async () => {
  const texts: string[] = [];
  const keyStore = createKeyStore(folder, { now: Date.now });
  const terminal = { result: ({ text }: { readonly text: string }) => void texts.push(text) };
  const context = { keyStore, terminal } as unknown as CommandContext;
  const advised = async (name: string): Promise<string> => {
    await createKey(context, [], { name, passphrase: false });
    return /keys use (\S+)/.exec(texts.at(-1) ?? '')?.[1] ?? '';
  };
  expect(await advised('default')).toBe('');
  expect(await advised('other')).toBe('other');
  const again = await advised('default');
  await useKeys(context, [[again]]);
  expect(texts.at(-2)).toContain(await keyStore.recipients().then(([id]) => id));
});

it('removes no recovery key of two with one name', async () => {
  const keyStore = createKeyStore(folder, { now: Date.now });
  const terminal = { result: () => undefined };
  const environment = { aws: { configFile: folder, credentialsFile: folder }, dataDir: folder, tenant: 'acme' };
  const calls: string[] = [];
  const control = () => Promise.resolve({ delete: (path: string) => Promise.resolve(void calls.push(path)) });
  const context = { keyStore, terminal, environment, options: {}, control } as unknown as CommandContext;
  for (const name of ['mine', 'mine', 'other']) await createKey(context, [], { name, passphrase: false });
  await expect(unpublish(context, ['mine'])).rejects.toMatchObject({ exitCode: 2 });
  expect(calls).toEqual([]);
  await unpublish(context, ['other']);
  expect(calls).toHaveLength(1);
});
