import { readFile } from 'node:fs/promises';
import {
  type Keyring,
  type KeyringContent,
  type KeyUse,
  parseKeyringContent,
  publicJwkOf,
  readKeyring,
} from '@sealgate/sealed/keyring';
import { exportPublicKey, signKeyring } from '@sealgate/sealed/keys';
import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import {
  entryOf,
  entryOfJwk,
  nowSeconds,
  openDraft,
  openWork,
  type Work,
  withKey,
  withoutKey,
} from '../keyring/draft.ts';
import { readRootFile } from '../keyring/root-file.ts';
import { fetchTrusted } from '../keyring/trusted-keyring.ts';
import { findKey } from '../keys/find-key.ts';
import { formatTable, formatTime, printable } from '../output/format.ts';
import { findWriter } from '../writers/find-writer.ts';

const KEY_ID = /^urn:ietf:params:oauth:jwk-thumbprint:sha-256:[A-Za-z0-9_-]{43}$/;
const ALGORITHMS = ['ECDH-ES+A256KW', 'RSA-OAEP-256'] as const;

export interface RootOption {
  readonly root?: string | undefined;
}

/** `sealgate keyring init ROOT`: pins the root and makes a first draft of the keys in use. */
export async function initKeyring(context: CommandContext, [root]: readonly [string]): Promise<void> {
  const { keyringFiles: files, keyStore } = context;
  const tenant = await context.tenantName();
  if (tenant === undefined) throw usageError('Name the tenant: --tenant or SEALGATE_TENANT.');
  const rootKeyId = await rootIdOf(context, root);
  const known = (await files.pins()).get(tenant);
  if (known !== undefined && known.seq > 0) throw usageError(`The tenant ${tenant} has a keyring already.`);
  const recipients = await keyStore.recipients();
  const keys = (await keyStore.list()).filter(({ keyId }) => recipients.includes(keyId));
  if (keys.length === 0) throw usageError('There is no key in use yet.', 'Make one: sealgate keys create');
  let draft: KeyringContent = {
    ...{ tenant, seq: 1, prev: null, issuedAt: nowSeconds(), keys: [] },
    ...{ allowedAlgs: ALGORITHMS, requiredRecipients: [] },
  };
  for (const key of keys) draft = withKey(draft, await entryOf(await key.publicKey(), 'wrap', draft.keys), false);
  const path = await files.saveDraft(draft);
  await files.savePin({ tenant, rootKeyId, seq: 0, digest: null });
  tellDraft(context, draft, path);
}

/** `sealgate keyring pin ID`: believes keyrings that this root signs, and no others. */
export async function pinRoot(context: CommandContext, [rootKeyId]: readonly [string]): Promise<void> {
  const tenant = await context.tenantName();
  if (tenant === undefined) throw usageError('Name the tenant: --tenant or SEALGATE_TENANT.');
  if (!KEY_ID.test(rootKeyId)) throw usageError(`${printable(rootKeyId)} is no id of a root key.`);
  const known = (await context.keyringFiles.pins()).get(tenant);
  if (known !== undefined && known.rootKeyId !== rootKeyId) {
    throw usageError(`Another root is pinned for the tenant ${tenant}: ${known.rootKeyId}`);
  }
  if (known === undefined) await context.keyringFiles.savePin({ tenant, rootKeyId, seq: 0, digest: null });
  context.terminal.result({
    json: { tenant, rootKeyId },
    text: `Keyrings of ${printable(tenant)} are believed when ${rootKeyId} signed them.\n`,
  });
}

export interface AddOptions {
  readonly use: KeyUse;
  readonly required?: boolean | undefined;
}

/** `sealgate keyring add KEY` */
export async function addToKeyring(
  context: CommandContext,
  [named]: readonly [string],
  options: AddOptions,
): Promise<void> {
  const { use, required = false } = options;
  if (required && use !== 'wrap' && use !== 'recovery')
    throw usageError('Envelopes are sealed to keys with use wrap or recovery: --required goes with those.');
  const work = await openWork(context);
  const jwk = await publicKeyOf(context, named, use);
  const draft = await openDraft(context, work);
  const { keyId } = await publicJwkOf(jwk);
  const before = draft.keys.find((key) => key.keyId === keyId);
  await changeDraft(context, withKey(draft, await entryOfJwk(jwk, use, draft.keys, before?.version), required));
}

async function publicKeyOf(context: CommandContext, named: string, use: KeyUse): Promise<unknown> {
  if (use === 'sign') return await context.writerStore.exportKey((await findWriter(context.writerStore, named)).keyId);
  return await exportPublicKey(await (await findKey(context.keyStore, named)).publicKey());
}

/** `sealgate keyring revoke KEY`: named as in the key store, or by its id. */
export async function revokeInKeyring(context: CommandContext, [named]: readonly [string]): Promise<void> {
  const work = await openWork(context);
  const here = [...(await context.keyStore.list()), ...(await context.writerStore.list())];
  const known = new Set(here.filter(({ name }) => name === named).map(({ keyId }) => keyId));
  const draft = await openDraft(context, work);
  const [keyId = named, ...others] = draft.keys.map((key) => key.keyId).filter((id) => id === named || known.has(id));
  if (others.length > 0) throw usageError(`"${printable(named)}" names several keys.`, 'Use the id of one of them.');
  const left = withoutKey(draft, keyId);
  await changeDraft(context, left);
  if (left.keys.some(({ use, revokedAt }) => use === 'wrap' && revokedAt === null)) return;
  context.terminal.note(
    'It has no key in use any more: once it is published nothing can be sealed. Add one first ("sealgate keyring add").',
  );
}

async function changeDraft(context: CommandContext, draft: KeyringContent): Promise<void> {
  tellDraft(context, draft, await context.keyringFiles.saveDraft(draft));
}

function tellDraft(context: CommandContext, draft: KeyringContent, path: string): void {
  const { seq, tenant } = draft;
  context.terminal.result({
    json: { tenant, seq, draft: path, keys: draft.keys.length, requiredRecipients: draft.requiredRecipients },
    text:
      `Keyring ${seq} of ${printable(tenant)} is drafted: ${path}\n` +
      'Publish it with the root at hand ("sealgate keyring publish --root FILE"), or sign it where the root is ' +
      '("sealgate keyring sign DRAFT --root FILE > signed") and publish that ("sealgate keyring publish signed").\n',
  });
}

/** `sealgate keyring sign DRAFT --root FILE`: needs no gateway. */
export async function signDraft(
  context: CommandContext,
  [path]: readonly [string],
  options: RootOption,
): Promise<void> {
  if (options.root === undefined) throw usageError('Name the file of the root: --root.');
  const content = await parseKeyringContent(await readFile(path, 'utf8'));
  const { text, digest, seq } = await signKeyring(content, await readRootFile(options.root, context.passphrases));
  context.terminal.result({ json: { seq, digest, document: text }, text: `${text}\n` });
}

/** `sealgate keyring publish [SIGNED] [--root FILE]` */
export async function publishKeyring(
  context: CommandContext,
  [path]: readonly [string | undefined],
  options: RootOption,
): Promise<void> {
  const work = await openWork(context);
  const signed =
    path === undefined
      ? await signedDraft(context, work, options)
      : await readKeyring((await readFile(path, 'utf8')).trim());
  await sendKeyring(context, work, signed);
  const { seq, digest } = signed;
  context.terminal.result({
    json: { tenant: work.tenant, seq, digest },
    text: `Keyring ${seq} of ${printable(work.tenant)} is published. Strict buckets take its keys in use as recipients, and no others.\n`,
  });
}

async function signedDraft(context: CommandContext, { tenant }: Work, { root }: RootOption): Promise<Keyring> {
  const draft = await context.keyringFiles.draft(tenant);
  if (draft === undefined) throw usageError('There is no draft to publish.', 'Make one: sealgate keyring add <key>');
  if (root === undefined)
    throw usageError('Name the file of the root (--root), or a keyring that was signed elsewhere.');
  return await signKeyring(draft, await readRootFile(root, context.passphrases));
}

/** Publishes, and has what is published now checked as any other client does. */
export async function sendKeyring(context: CommandContext, work: Work, signed: Keyring): Promise<void> {
  const { tenant, pin, control } = work;
  if (signed.rootKeyId !== pin.rootKeyId)
    throw new CliError(`It is signed by another root than the one that is pinned (${pin.rootKeyId}).`);
  if (signed.tenant !== tenant) throw new CliError(`It is signed for the tenant ${signed.tenant}.`);
  await control.send('POST', '/proxy/keyrings', { tenant, document: signed.text });
  const seen = await fetchTrusted({ control, files: context.keyringFiles }, pin);
  if (seen.seq >= signed.seq) await context.keyringFiles.removeDraft(tenant);
}

/** `sealgate keyring show` and `verify`: the newest one, checked from what is pinned. */
export async function showKeyring(context: CommandContext): Promise<void> {
  const work = await openWork(context);
  const keyring = await fetchTrusted({ control: work.control, files: context.keyringFiles }, work.pin);
  const { tenant, seq, digest, rootKeyId, issuedAt, keys, allowedAlgs, requiredRecipients } = keyring;
  const here = [...(await context.keyStore.list()), ...(await context.writerStore.list())];
  const names = new Map(here.map(({ keyId, name }) => [keyId, name]));
  const rows = keys.map(({ keyId, use, version, revokedAt }) => [
    use,
    String(version),
    revokedAt === null
      ? requiredRecipients.includes(keyId)
        ? 'required'
        : 'in use'
      : `revoked ${formatTime(revokedAt * 1000)}`,
    printable(names.get(keyId) ?? '-'),
    keyId,
  ]);
  context.terminal.result({
    json: { tenant, seq, digest, rootKeyId, issuedAt, keys, allowedAlgs, requiredRecipients },
    text:
      `Keyring ${seq} of ${printable(tenant)}, signed ${formatTime(issuedAt * 1000)} UTC by ${rootKeyId}, which is pinned.\n\n` +
      formatTable([['USE', 'VERSION', 'STATE', 'HERE AS', 'ID'], ...rows]),
  });
}

/** A file of a root key, or its id. */
async function rootIdOf(context: CommandContext, named: string): Promise<string> {
  return KEY_ID.test(named) ? named : (await readRootFile(named, context.passphrases)).keyId;
}
