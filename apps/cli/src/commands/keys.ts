import { readFile } from 'node:fs/promises';
import {
  exportPrivateKey,
  exportPublicKey,
  generateKeyPair,
  importPrivateKey,
  importPublicKey,
  type KeyPairKind,
} from '@sealgate/sealed/keys';
import { usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import { callName, findKey } from '../keys/find-key.ts';
import type { StoredKey } from '../keys/key-store.ts';
import { formatTable, printable } from '../output/format.ts';

export interface CreateOptions {
  readonly kind?: KeyPairKind | 'Ed25519' | undefined;
  readonly name: string;
  /** False for `--no-passphrase`. */
  readonly passphrase: boolean;
  readonly use?: boolean | string | undefined;
}

/** `sealgate keys create` */
export async function createKey(context: CommandContext, _args: readonly [], options: CreateOptions) {
  const { kind = options.use === 'sign' ? 'Ed25519' : 'P-256' } = options;
  if (options.use === 'sign') {
    const { createSignKey } = await import('./writers.ts');
    await createSignKey(context, { ...options, kind });
    return;
  }
  if (typeof options.use === 'string') throw usageError('--use takes nothing, or "sign".');
  if (kind === 'Ed25519')
    throw usageError('Ed25519 keys sign and seal nothing.', 'Say it: sealgate keys create --use sign');
  const { keyStore } = context;
  const passphrase = options.passphrase ? await context.passphrases.fresh() : undefined;
  const pair = await generateKeyPair(kind, { extractable: true });
  const key = await keyStore.addPair(pair, { name: options.name, passphrase });
  const recipients = await keyStore.recipients();
  const used = recipients.length === 0 || options.use === true;
  if (used) await keyStore.setRecipients([key.keyId]);
  const named = callName(key, await keyStore.list());
  context.terminal.result({
    json: asJson(key, used ? [key.keyId] : recipients),
    text: `${key.keyId}\n${used ? 'New objects are sealed to this key.' : `New objects are not sealed to it yet: sealgate keys use ${named}`}\n`,
  });
}

/** `sealgate keys list` */
export async function listKeys(context: CommandContext) {
  const { keyStore, terminal, options } = context;
  const [keys, recipients] = await Promise.all([keyStore.list(), keyStore.recipients()]);
  if (options.json === true) {
    for (const key of keys) terminal.item({ json: asJson(key, recipients), text: '' });
    return;
  }
  const rows = keys.map((key) => [
    key.name,
    key.kind,
    recipients.includes(key.keyId) ? 'yes' : 'no',
    key.protection,
    key.createdAt.slice(0, 10),
    key.keyId,
  ]);
  const text =
    keys.length === 0
      ? 'There are no keys yet. The first "sealgate put" makes one; "sealgate keys create" does too.\n'
      : formatTable([['NAME', 'KIND', 'USED', 'PROTECTION', 'CREATED', 'ID'], ...rows]);
  terminal.result({ json: [], text });
}

export interface ExportOptions {
  readonly private?: boolean | undefined;
}

/** `sealgate keys export [KEY]`: the public half, or with `--private` the whole key in the clear. */
export async function exportKey(
  context: CommandContext,
  [named]: readonly [string | undefined],
  options: ExportOptions,
) {
  const key = await findKey(context.keyStore, named);
  const jwk =
    options.private === true
      ? await exportPrivateKey(
          await key.privateKey(() => context.passphrases.existing(key.name), { extractable: true }),
        )
      : await exportPublicKey(await key.publicKey());
  if (options.private === true)
    context.terminal.note('This is the private key in the clear. Keep it off this machine.');
  context.terminal.result({ json: jwk, text: `${JSON.stringify(jwk, undefined, 2)}\n` });
}

export interface ImportOptions {
  readonly name: string;
  readonly passphrase: boolean;
  readonly use?: boolean | undefined;
  readonly add?: boolean | undefined;
}

/** `sealgate keys import FILE`: a JWK, private or public. */
export async function importKey(context: CommandContext, [path]: readonly [string], options: ImportOptions) {
  const { keyStore } = context;
  const jwk = await readJwk(path);
  const publicKey = await importPublicKey(jwk);
  const isPrivate = jwk['d'] !== undefined;
  const key = isPrivate
    ? await keyStore.addPair(
        { ...publicKey, ...(await importPrivateKey(jwk, { extractable: true })) },
        { name: options.name, passphrase: options.passphrase ? await context.passphrases.fresh() : undefined },
      )
    : await keyStore.addPublic(publicKey, { name: options.name });
  if (!isPrivate && key.protection !== 'none') {
    context.terminal.note(`Its private half is here already, as ${printable(key.name)}: it stays as it is.`);
  }
  const before = await keyStore.recipients();
  const recipients = chosen(before, key.keyId, options);
  if (recipients !== before) await keyStore.setRecipients(recipients);
  context.terminal.result({ json: asJson(key, recipients), text: `${key.keyId}\n` });
}

/** `sealgate keys use KEY...`: new objects are sealed to these. */
export async function useKeys(context: CommandContext, [names]: readonly [readonly string[]]) {
  const keys = await Promise.all(names.map((name) => findKey(context.keyStore, name)));
  const keyIds = [...new Set(keys.map(({ keyId }) => keyId))];
  await context.keyStore.setRecipients(keyIds);
  const shown = keys.map(({ name }) => name).join(', ');
  context.terminal.result({ json: { recipients: keyIds }, text: `New objects are sealed to: ${shown}\n` });
}

/** `sealgate keys protect [KEY]`: puts the private half under a new passphrase. */
export async function protectKey(context: CommandContext, [named]: readonly [string | undefined]) {
  const key = await findKey(context.keyStore, named);
  const opened = await key.privateKey(() => context.passphrases.existing(key.name), { extractable: true });
  const passphrase = await context.passphrases.fresh();
  if (passphrase === undefined) throw usageError('An empty passphrase protects nothing. The key stays as it was.');
  const stored = await context.keyStore.addPair(
    { ...(await key.publicKey()), ...opened },
    { name: key.name, passphrase, version: key.version },
  );
  const recipients = await context.keyStore.recipients();
  context.terminal.result({ json: asJson(stored, recipients), text: `${key.name} is under the passphrase now.\n` });
}

function chosen(before: readonly string[], keyId: string, { use, add }: ImportOptions): readonly string[] {
  if (use === true) return [keyId];
  return add === true && !before.includes(keyId) ? [...before, keyId] : before;
}

async function readJwk(path: string): Promise<JsonObject> {
  const text = await readFile(path, 'utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Said below, without the text: it may be a key.
  }
  throw usageError(`${path} holds no JWK.`);
}

function asJson(key: StoredKey, recipients: readonly string[]): JsonObject {
  const { keyId, name, kind, createdAt, protection } = key;
  return { keyId, name, kind, createdAt, protection, used: recipients.includes(keyId) };
}
