import { generateKeyPair, generateRootKey, type KeyPairKind, signKeyring } from '@sealgate/sealed/keys';
import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { entryOf, openDraft, openWork, withKey } from '../keyring/draft.ts';
import { readRootFile, writeRootFile } from '../keyring/root-file.ts';
import { callName } from '../keys/find-key.ts';
import type { StoredKey } from '../keys/key-store.ts';
import { printable } from '../output/format.ts';
import { sendKeyring } from './keyring.ts';

export interface RotateOptions {
  readonly kind: KeyPairKind;
  readonly name?: string | undefined;
  readonly root?: string | undefined;
  /** False for `--no-passphrase`. */
  readonly passphrase: boolean;
}

/**
 * `sealgate keys rotate`: a new key in the place of the first one in use. Objects stay sealed to the old one until they are
 * rewrapped, so it is neither removed nor revoked here.
 */
export async function rotateKey(context: CommandContext, _args: readonly [], options: RotateOptions): Promise<void> {
  const { keyStore, terminal } = context;
  const [oldId, ...others] = await keyStore.recipients();
  const keys = await keyStore.list();
  const old = keys.find(({ keyId }) => keyId === oldId);
  if (old === undefined) throw usageError('There is no key to rotate yet.', 'Make one: sealgate keys create');
  const passphrase = options.passphrase ? await context.passphrases.fresh() : undefined;
  const version = Math.max(...keys.map((key) => key.version)) + 1;
  const pair = await generateKeyPair(options.kind, { extractable: true });
  const name = options.name ?? `${old.name.replace(/-v\d+$/, '')}-v${version}`;
  const key = await keyStore.addPair(pair, { name, passphrase, version });
  const pinned = (await context.keyringFiles.pins()).get((await context.tenantName()) ?? '') !== undefined;
  const draft = pinned ? await addToKeyring(context, key, options.root) : undefined;
  // What is not in the published keyring is nobody's to seal to.
  const used = draft === undefined;
  if (used) await keyStore.setRecipients([key.keyId, ...others]);
  terminal.result({
    json: { keyId: key.keyId, name, version, used, draft: draft ?? null, replaces: old.keyId },
    text: textOf({ key, old, others, draft, keys: await keyStore.list() }),
  });
}

/** @returns the draft's path when it is still to be signed; undefined when it is published */
async function addToKeyring(
  context: CommandContext,
  key: StoredKey,
  root: string | undefined,
): Promise<string | undefined> {
  const work = await openWork(context);
  const draft = await openDraft(context, work);
  const next = withKey(draft, await entryOf(await key.publicKey(), 'wrap', draft.keys), false);
  const path = await context.keyringFiles.saveDraft(next);
  if (root === undefined) return path;
  await sendKeyring(context, work, await signKeyring(next, await readRootFile(root, context.passphrases)));
  return undefined;
}

function textOf(done: {
  readonly key: StoredKey;
  readonly old: StoredKey;
  readonly others: readonly string[];
  readonly draft: string | undefined;
  readonly keys: readonly StoredKey[];
}): string {
  const { key, old, others, draft, keys } = done;
  const [name, oldName] = [printable(callName(key, keys)), printable(callName(old, keys))];
  const after =
    `Then seal what is stored to it, without moving a byte: sealgate rewrap --tenant NAME\n` +
    `When that is done: sealgate keyring revoke ${oldName}; sealgate keys publish ${name}; sealgate keys unpublish ${oldName}\n`;
  if (draft === undefined) return `${key.keyId}\nNew objects are sealed to ${name} (version ${key.version}).\n${after}`;
  const use = `sealgate keys use ${[name, ...others].join(' ')}`;
  return (
    `${key.keyId}\nThe keyring with ${name} (version ${key.version}) is drafted: ${draft}\n` +
    `Have it signed where the root is (sealgate keyring sign ${draft} --root FILE > signed), publish it (sealgate keyring publish signed), ` +
    `and use it: ${use}\n${after}`
  );
}

export interface RootOptions {
  readonly passphrase: boolean;
}

/** `sealgate keys root create FILE` */
export async function createRoot(
  context: CommandContext,
  [path]: readonly [string],
  options: RootOptions,
): Promise<void> {
  const passphrase = options.passphrase ? await context.passphrases.fresh() : undefined;
  const root = await generateRootKey();
  await writeRootFile(path, root, passphrase);
  context.terminal.result({
    json: { rootKeyId: root.keyId, file: path },
    text: `${root.keyId}\nThe root is in ${printable(path)}. Keep it offline; tell its id to everybody who seals, by another way than the gateway.\n`,
  });
}
