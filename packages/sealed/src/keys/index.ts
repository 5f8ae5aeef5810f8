/** Key pairs of the owner: make, import, export, and keep under a passphrase. */
export { type Argon2Cost, protectJwk, unprotectJwk } from '../at-rest/index.ts';
export type { SealErrorCode } from '../format/codes.ts';
export { SealError } from '../format/codes.ts';
export type { KeyPair, KeyPairKind } from './key-pair.ts';
export { exportPrivateKey, exportPublicKey, generateKeyPair, keyPairKinds } from './key-pair.ts';
export { protectPrivateKey, unprotectPrivateKey } from './passphrase.ts';
export type { KeyKind, OpeningKey, RecipientKey } from './recipient-key.ts';
export { importPrivateKey, importPublicKey, keyIdOf } from './recipient-key.ts';
export type { RootKey } from './root-key.ts';
export { generateRootKey, readRootKey, signKeyring } from './root-key.ts';
export { exportSignKey, generateSignKey, importSignKey } from './sign-key.ts';
