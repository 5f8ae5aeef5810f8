/** Keys under a passphrase: nothing here seals or opens objects. */
export type { SealErrorCode } from '../format/codes.ts';
export { SealError } from '../format/codes.ts';
export type { Argon2Cost } from './passphrase-jwk.ts';
export { protectJwk, unprotectJwk } from './passphrase-jwk.ts';
