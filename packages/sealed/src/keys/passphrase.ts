import type { Argon2Cost } from '../at-rest/index.ts';
import { protectJwk, unprotectJwk } from '../at-rest/index.ts';
import { SealError } from '../format/codes.ts';
import { exportPrivateKey } from './key-pair.ts';
import type { OpeningKey } from './recipient-key.ts';
import { importPrivateKey } from './recipient-key.ts';

/**
 * Encrypts an extractable private key under a passphrase.
 * @param options.cost Argon2id cost, by default 64 MiB, 3 passes, 4 lanes (RFC 9106, second recommendation)
 * @throws SealError `invalid-argument`
 */
export async function protectPrivateKey(
  key: OpeningKey,
  passphrase: string,
  options: { readonly cost?: Argon2Cost } = {},
): Promise<string> {
  return protectJwk(await exportPrivateKey(key), passphrase, options);
}

/**
 * Opens what {@link protectPrivateKey} made.
 * @throws SealError `wrong-passphrase`, `malformed-key`, `unsupported`, `limit-exceeded` (cost outside of the accepted bounds)
 */
export async function unprotectPrivateKey(
  blob: string,
  passphrase: string,
  options: { readonly extractable?: boolean } = {},
): Promise<OpeningKey> {
  const jwk = await unprotectJwk(blob, passphrase);
  const key = await importPrivateKey(jwk, options);
  if (key.keyId !== jwk.kid) throw new SealError('key-id-mismatch');
  return key;
}
