import type { TrustedWriters } from '@sealgate/client';
import { type Keyring, type KeyringKey, signersOf } from '@sealgate/sealed/keyring';
import { importVerifyKey } from '@sealgate/sealed/manifest';
import type { WriterStore } from './writer-store.ts';

/**
 * Whose signature counts: those of `writers.json`, and those of the tenant's keyring with use `sign`. What the keyring
 * revoked counts no more, whoever else trusts it; how far, judgeWriter says.
 */
export async function trustedWriters(
  store: Pick<WriterStore, 'trusted'>,
  keyring: Pick<Keyring, 'keys'> | undefined,
  nowMs: number,
): Promise<TrustedWriters> {
  const chosen = await store.trusted();
  if (keyring === undefined) return { keys: chosen, revoked: new Map() };
  const { inUse, revoked } = signersOf(keyring, Math.floor(nowMs / 1000));
  const chosenIds = new Set(chosen.map(({ keyId }) => keyId));
  const listed = await Promise.all(inUse.filter(({ keyId }) => !chosenIds.has(keyId)).map(verifyKeyOf));
  const gone = await Promise.all(
    keyring.keys
      .filter(({ keyId }) => revoked.has(keyId))
      .map(async (entry) => {
        const { keyId } = entry;
        const revokedAt = revoked.get(keyId) ?? 0;
        return [keyId, { key: await verifyKeyOf(entry), revokedAt, chosen: chosenIds.has(keyId) }] as const;
      }),
  );
  return { keys: [...chosen.filter(({ keyId }) => !revoked.has(keyId)), ...listed], revoked: new Map(gone) };
}

function verifyKeyOf({ jwk }: KeyringKey) {
  return importVerifyKey(jwk);
}
