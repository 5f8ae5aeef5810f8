import type { BlobId } from './blob-id.ts';
import type { Brand } from './brand.ts';

/**
 * What a client sees as `x-amz-version-id`: the version's commit sequence and the tail of its blob id, so that the row
 * is found through the primary key and nobody can guess a neighbour's id. `null` is S3's own name for the version of
 * an unversioned or suspended bucket.
 */
export type VersionId = Brand<string, 'VersionId'>;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const FORM = /^[0-9a-hjkmnp-tv-z]{13}[0-9a-f]{16}$/;

/** `seq` is the commit sequence (0 < seq < 2^63); `blobId` the attempt that won. 29 characters, ascending with `seq`. */
export function encodeVersionId(seq: bigint, blobId: BlobId): VersionId {
  let text = '';
  for (let rest = seq, i = 0; i < 13; i += 1, rest >>= 5n) text = (ALPHABET[Number(rest & 31n)] ?? '') + text;
  return (text + blobId.replaceAll('-', '').slice(16)) as VersionId;
}

/** The parts of a version id, or undefined when `text` cannot be one (S3 then answers as for an unknown version). */
export function decodeVersionId(text: string): { readonly seq: bigint; readonly blobTail: string } | undefined {
  if (!FORM.test(text)) return undefined;
  let seq = 0n;
  for (const letter of text.slice(0, 13)) seq = (seq << 5n) | BigInt(ALPHABET.indexOf(letter));
  return seq > 0n && seq < 1n << 63n ? { seq, blobTail: text.slice(13) } : undefined;
}
