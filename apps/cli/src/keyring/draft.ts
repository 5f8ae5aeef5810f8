import {
  type Keyring,
  type KeyringContent,
  type KeyringKey,
  type KeyringPin,
  type KeyUse,
  publicJwkOf,
} from '@sealgate/sealed/keyring';
import { exportPublicKey, type RecipientKey } from '@sealgate/sealed/keys';
import { CliError, usageError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import type { ControlClient } from '../control/control-client.ts';
import { fetchTrusted } from './trusted-keyring.ts';

/** A tenant's keyring as a command works on it. */
export interface Work {
  readonly tenant: string;
  readonly pin: KeyringPin;
  readonly control: ControlClient;
}

/** @throws CliError when no root is pinned for the tenant */
export async function openWork(context: CommandContext): Promise<Work> {
  const tenant = await context.tenantName();
  if (tenant === undefined) throw usageError('Name the tenant: --tenant or SEALGATE_TENANT.');
  const pin = (await context.keyringFiles.pins()).get(tenant);
  if (pin === undefined) {
    throw new CliError(`No root is pinned for the tenant ${tenant}.`, {
      hint: 'Begin with "sealgate keyring init", or learn the root from its owner: sealgate keyring pin <id>',
    });
  }
  return { tenant, pin, control: await context.tenantControl() };
}

/** The draft there is, else one that follows the newest keyring. */
export async function openDraft(context: CommandContext, work: Work): Promise<KeyringContent> {
  const { keyringFiles: files } = context;
  const draft = await files.draft(work.tenant);
  if (draft !== undefined && draft.seq > work.pin.seq) return draft;
  return followerOf(await fetchTrusted({ control: work.control, files }, work.pin));
}

function followerOf(keyring: Keyring): KeyringContent {
  const { tenant, seq, digest, keys, allowedAlgs, requiredRecipients } = keyring;
  return { tenant, seq: seq + 1, prev: digest, issuedAt: nowSeconds(), keys, allowedAlgs, requiredRecipients };
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** @param version of the owner's keys of this use; one more than the highest when left out */
export async function entryOf(
  key: RecipientKey,
  use: KeyUse,
  others: readonly KeyringKey[],
  version?: number,
): Promise<KeyringKey> {
  return await entryOfJwk(await exportPublicKey(key), use, others, version);
}

/** The same of a public JWK. */
export async function entryOfJwk(
  given: unknown,
  use: KeyUse,
  others: readonly KeyringKey[],
  version?: number,
): Promise<KeyringKey> {
  const { jwk, keyId } = await publicJwkOf(given);
  const highest = Math.max(0, ...others.filter((other) => other.use === use).map((other) => other.version));
  return { keyId, jwk, use, version: version ?? highest + 1, nbf: 0, revokedAt: null };
}

/** A draft with a key added; one that is there already comes into use again. */
export function withKey(draft: KeyringContent, entry: KeyringKey, required: boolean): KeyringContent {
  const keys = [...draft.keys.filter(({ keyId }) => keyId !== entry.keyId), entry];
  const requiredRecipients = required
    ? [...new Set([...draft.requiredRecipients, entry.keyId])]
    : draft.requiredRecipients.filter((keyId) => keyId !== entry.keyId);
  return { ...draft, keys, requiredRecipients, issuedAt: nowSeconds() };
}

/** @throws CliError when the keyring has no such key */
export function withoutKey(draft: KeyringContent, keyId: string): KeyringContent {
  if (!draft.keys.some((key) => key.keyId === keyId)) throw usageError(`The keyring has no key ${keyId}.`);
  const revokedAt = nowSeconds();
  return {
    ...draft,
    issuedAt: revokedAt,
    keys: draft.keys.map((key) => (key.keyId === keyId ? { ...key, revokedAt } : key)),
    requiredRecipients: draft.requiredRecipients.filter((required) => required !== keyId),
  };
}
