import { type ParsedManifest, SealError } from '@sealgate/sealed/inspect';
import { verifyManifest } from '@sealgate/sealed/manifest';
import type { TrustedWriters } from './writers.ts';

/**
 * Whether a manifest is signed by somebody whose signature counts. When a signature was made nobody can prove: the time in
 * a manifest is its writer's word, and a thief of a revoked key writes what he likes. So what a revoked key signed counts
 * only when it says itself that it is older than the revocation, and besides this machine took this very manifest before,
 * or its owner trusts the key by a decision of their own.
 *
 * @param remembered this very manifest was taken before
 * @throws SealError `untrusted-writer`, `bad-signature`, `revoked-writer`
 */
export async function judgeWriter(
  manifest: ParsedManifest,
  { keys, revoked }: TrustedWriters,
  remembered: boolean,
): Promise<void> {
  const gone = revoked.get(manifest.keyId);
  if (gone === undefined) {
    await verifyManifest(manifest, keys);
    return;
  }
  await verifyManifest(manifest, [gone.key]);
  if (manifest.issuedAt >= gone.revokedAt || !(remembered || gone.chosen)) throw new SealError('revoked-writer');
}
