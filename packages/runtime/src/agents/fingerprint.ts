import { createHash } from 'node:crypto';

/** What people compare: the SHA-256 of a public key, as OpenSSH shows it. */
export function fingerprint(publicKey: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(publicKey).digest('base64').replace(/=+$/, '')}`;
}
