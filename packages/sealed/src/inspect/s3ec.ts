import { SealError } from '../format/codes.ts';
import type { MetadataHeaders } from './metadata.ts';
import type { EnvelopeSummary, ForeignFormat } from './verdict.ts';

/**
 * Amazon S3 Encryption Client objects, recognised by their metadata alone. Format versions are not client versions:
 * V2 is written by clients of generation 2 and 3, V3 (key-committing) by generation 4 (Java, Go, .NET) or 3 (others).
 */
export interface S3ecMatch {
  readonly format: ForeignFormat;
  /** Why the metadata is not acceptable. */
  readonly error?: SealError;
  readonly summary?: EnvelopeSummary;
  /** What the metadata says about the body. */
  readonly exactLength?: number;
  readonly minLength: number;
}

const prefix = 'x-amz-meta-';
const tagBytes = 16;
/** A V3 wrapping code and what it stands for. */
const v3Wraps: Readonly<Record<string, string>> = {
  '22': 's3ec:RSA-OAEP-SHA1',
  '02': 's3ec:AES/GCM',
  '12': 's3ec:kms+context',
};
/** Legacy `kms`, `AESWrap` and `RSA/ECB/OAEPWithSHA-256AndMGF1Padding` can be imported, but are no new writes. */
const v2Wraps = ['RSA-OAEP-SHA1', 'AES/GCM', 'kms+context'];
const markers = {
  v1: ['x-amz-key'],
  v2: ['x-amz-key-v2', 'x-amz-wrap-alg', 'x-amz-cek-alg', 'x-amz-tag-len'],
  v3: ['x-amz-c', 'x-amz-d', 'x-amz-i', 'x-amz-w', 'x-amz-3', 'x-amz-m', 'x-amz-t'],
} as const;

/** Undefined when no S3EC metadata is there at all. */
export function recogniseS3ec(headers: MetadataHeaders): S3ecMatch | undefined {
  const has = (names: readonly string[]): boolean => names.some((name) => headers[prefix + name] !== undefined);
  const found = { v1: has(markers.v1), v2: has(markers.v2), v3: has(markers.v3) };
  if (!found.v1 && !found.v2 && !found.v3) return undefined;
  // Keys of two versions together are a downgrade attempt or a broken writer.
  if (Number(found.v1) + Number(found.v2) + Number(found.v3) > 1) {
    return { format: found.v3 ? 's3ec-v3' : 's3ec-v2', error: wrong('Metadata of two versions.'), minLength: 0 };
  }
  if (found.v1) {
    const error = new SealError('format-not-allowed', 'Version 1 can be imported, not written.');
    return { format: 's3ec-v1', error, minLength: 0 };
  }
  const format = found.v3 ? 's3ec-v3' : 's3ec-v2';
  try {
    return found.v3 ? readV3(headers) : readV2(headers);
  } catch (error) {
    if (error instanceof SealError) return { format, error, minLength: 0 };
    throw error;
  }
}

function readV3(headers: MetadataHeaders): S3ecMatch {
  if (headers[`${prefix}x-amz-c`] !== '115') throw new SealError('unsupported', 'x-amz-c');
  base64(headers, { name: 'x-amz-i', bytes: [28] });
  base64(headers, { name: 'x-amz-d', bytes: [28] });
  const code = headers[`${prefix}x-amz-w`] ?? '';
  const keyAlg = Object.hasOwn(v3Wraps, code) ? v3Wraps[code] : undefined;
  if (keyAlg === undefined) throw new SealError('unsupported', 'x-amz-w');
  const encryptedKey = base64(headers, { name: 'x-amz-3', bytes: keyAlg.endsWith('SHA1') ? rsaSizes : undefined });
  return {
    format: 's3ec-v3',
    minLength: tagBytes,
    summary: { keyAlg, keyVersion: 1, recipients: [], encryptionAlg: 's3ec-v3/115', encryptedKey },
  };
}

function readV2(headers: MetadataHeaders): S3ecMatch {
  const cek = headers[`${prefix}x-amz-cek-alg`];
  if (cek === 'AES/CBC/PKCS5Padding') throw new SealError('format-not-allowed', 'CBC is not authenticated.');
  if (cek !== 'AES/GCM/NoPadding') throw new SealError('unsupported', 'x-amz-cek-alg');
  if (headers[`${prefix}x-amz-tag-len`] !== '128') throw wrong('x-amz-tag-len');
  base64(headers, { name: 'x-amz-iv', bytes: [12] });
  const wrap = headers[`${prefix}x-amz-wrap-alg`] ?? '';
  if (!v2Wraps.includes(wrap)) throw new SealError('unsupported', 'x-amz-wrap-alg');
  const encryptedKey = base64(headers, {
    name: 'x-amz-key-v2',
    bytes: wrap === 'RSA-OAEP-SHA1' ? rsaSizes : undefined,
  });
  const plain = headers[`${prefix}x-amz-unencrypted-content-length`];
  if (plain !== undefined && !/^(0|[1-9][0-9]{0,14})$/.test(plain)) throw wrong('x-amz-unencrypted-content-length');
  return {
    format: 's3ec-v2',
    minLength: tagBytes,
    ...(plain === undefined ? {} : { exactLength: Number(plain) + tagBytes }),
    summary: { keyAlg: `s3ec:${wrap}`, keyVersion: 1, recipients: [], encryptionAlg: 's3ec-v2/AES-GCM', encryptedKey },
  };
}

/** Modulus lengths of RSA keys of 2048, 3072, 4096 and 8192 bits. */
const rsaSizes: readonly number[] = [256, 384, 512, 1024];
const maxWrappedChars = 4096;

function base64(headers: MetadataHeaders, expected: { name: string; bytes: readonly number[] | undefined }): string {
  const text = headers[prefix + expected.name] ?? '';
  const valid = text.length > 0 && text.length <= maxWrappedChars && text.length % 4 === 0;
  if (!valid || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw wrong(expected.name);
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = (text.length / 4) * 3 - padding;
  if (expected.bytes?.includes(bytes) === false) throw wrong(expected.name);
  return text;
}

function wrong(detail: string): SealError {
  return new SealError('malformed-envelope', detail);
}
