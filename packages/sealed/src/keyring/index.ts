/** Keyrings: which public keys are the tenant's, signed by its offline root. Nothing here holds or uses a secret key. */
export type { KeyringContent, KeyringKey, KeyUse, PublicJwk } from './content.ts';
export { keyUses, parseKeyringContent, publicJwkOf, writeKeyringContent } from './content.ts';
export type { Keyring, KeyringSigners } from './keyring.ts';
export { readKeyring, recipientPolicyOf, signersOf } from './keyring.ts';
export type { KeyringPin } from './trust.ts';
export { assertFollows, trustKeyrings } from './trust.ts';
