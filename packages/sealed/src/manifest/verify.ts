import { equalBytes } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import type { ParsedManifest } from '../inspect/manifest.ts';
import { signAlgorithms, type VerifyKey } from './verify-key.ts';

/**
 * Whether one of these keys signed the manifest. The algorithm is the key's own; what the manifest says must be the same.
 * @throws SealError `untrusted-writer` (none of the keys is its signer), `bad-signature`
 */
export async function verifyManifest(manifest: ParsedManifest, keys: readonly VerifyKey[]): Promise<void> {
  const key = keys.find(({ keyId }) => keyId === manifest.keyId);
  if (key === undefined) throw new SealError('untrusted-writer');
  if (key.algorithm !== manifest.algorithm) throw new SealError('bad-signature');
  const { sign } = signAlgorithms[key.algorithm];
  const good = await crypto.subtle.verify(sign, key.publicKey, manifest.signature, manifest.signed);
  if (!good) throw new SealError('bad-signature');
}

/** Whether these are the bytes that the writer signed. @throws SealError `manifest-mismatch` */
export function requireRoot(manifest: Pick<ParsedManifest, 'root'>, root: Uint8Array): void {
  if (!equalBytes(manifest.root, root)) throw new SealError('manifest-mismatch');
}
