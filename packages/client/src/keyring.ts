import type { KeyPair } from '@sealgate/sealed/keys';

export type RecipientKey = Omit<KeyPair, 'privateKey'>;
export type OpeningKey = Omit<KeyPair, 'publicKey'>;

/** The owner's keys, as far as the client needs them. A gateway never sees the private halves. */
export interface Keyring {
  /** Public keys that new objects are sealed to, the primary one first. */
  recipients(): Promise<readonly RecipientKey[]>;
  /** Version of the primary one, for people and for finding what a rotation has not reached; 1 when it is not told. */
  primaryVersion?(): Promise<number>;
  /** The private keys among these ids that the owner has. May ask for a passphrase, so it is called only when needed. */
  unlock(keyIds: readonly string[]): Promise<readonly OpeningKey[]>;
}

/** A keyring over keys that are already in memory. */
export function createKeyring(keys: {
  readonly recipients: readonly RecipientKey[];
  readonly opening: readonly OpeningKey[];
}): Keyring {
  return {
    recipients: () => Promise.resolve(keys.recipients),
    unlock: (keyIds) => Promise.resolve(keys.opening.filter(({ keyId }) => keyIds.includes(keyId))),
  };
}
