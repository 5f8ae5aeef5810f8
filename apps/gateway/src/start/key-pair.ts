import type { AccessKeyId } from '@sealgate/core/names';
import { parseAccessKeyId } from '@sealgate/core/names';

/** Without letters that are read for others; 32 of them, so that five bits give one each. */
const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** So that people and secret scanners see which kind a key is, as with AWS. */
const PREFIXES = { static: 'SGAK', temporary: 'SGTK' } as const;

/** A new key pair of the usual lengths: 20 characters and 40 (240 random bits). */
export function newAccessKey(
  random: (bytes: number) => Uint8Array,
  kind: keyof typeof PREFIXES = 'static',
): {
  readonly accessKeyId: AccessKeyId;
  readonly secretAccessKey: string;
} {
  const id = [...random(16)].map((byte) => LETTERS[byte & 31] ?? '').join('');
  return {
    accessKeyId: parseAccessKeyId(`${PREFIXES[kind]}${id}`),
    secretAccessKey: Buffer.from(random(30)).toString('base64url'),
  };
}
