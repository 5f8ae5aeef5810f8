import { Fault } from '@sealgate/core/faults';
import { KEY_BYTES_MAX, PUT_BYTES_MAX } from '@sealgate/core/limits';
import { type ObjectKey, parseObjectKey } from '@sealgate/core/names';
import type { EnvelopeRecord } from '@sealgate/core/ports';
import type { RequestHeaders } from '@sealgate/s3';
import { envelopeToMetadata, manifestHeader, SealError } from '@sealgate/sealed/inspect';
import { z } from 'zod';
import { tagRecord } from '../../s3/tags.ts';
import { DIRECT_METADATA_MAX, DIRECT_TAGS_MAX, ENVELOPE_CHARS_MAX } from '../limits.ts';

/** What a client says of an object that it uploads itself. Names as in the ingest payload. */

export const keyText = z.string().min(1).max(KEY_BYTES_MAX);
export const bytesField = z.number().int().min(0).max(PUT_BYTES_MAX);

export const envelopeFields = {
  encrypted_key: z.string().min(1).max(ENVELOPE_CHARS_MAX).optional().meta({
    description:
      'The wrapped data key. Of a sealed object: its envelope, as JSON or as base64url of it. Of anything else: kept as it is.',
  }),
  // They are told in headers later.
  key_id: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/, 'has 1 to 256 visible ASCII characters')
    .optional(),
  key_alg: z
    .string()
    .regex(/^[\x21-\x7e]{1,64}$/, 'has 1 to 64 visible ASCII characters')
    .optional(),
  key_version: z.number().int().min(1).max(2_147_483_647).default(1),
  encryption_alg: z
    .string()
    .regex(/^[\x21-\x7e]{1,64}$/, 'has 1 to 64 visible ASCII characters')
    .optional(),
};

export const wishFields = {
  class: z.string().max(63).optional().meta({ description: "Redundancy class; absent: the bucket's." }),
  replica_count: z.number().int().min(1).max(32).optional().meta({ description: 'As the tag replica-count.' }),
  residency: z.string().min(2).max(256).optional().meta({ description: 'As the tag residency: "FI", "EU".' }),
  tags: z.record(z.string().min(1).max(128), z.string().max(256)).optional(),
};

const digest = (bytes: number, name: string) =>
  z
    .string()
    .max(128)
    .meta({ description: `${name} of all bytes, hex or base64.` })
    .transform((text, context): Uint8Array => {
      const hex = new RegExp(`^[0-9a-fA-F]{${bytes * 2}}$`).test(text);
      const decoded = Buffer.from(text, hex ? 'hex' : 'base64');
      if (decoded.length === bytes && (hex || decoded.toString('base64') === text)) return decoded;
      context.addIssue(`is not ${bytes} bytes in hex or base64`);
      return z.NEVER;
    });

export const digestFields = { md5: digest(16, 'MD5').optional(), sha256: digest(32, 'SHA-256').optional() };

export interface Wishes {
  readonly replica_count?: number | undefined;
  readonly residency?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** @throws Fault InvalidTag when a wish is said twice, in two ways */
export function tagsOf({
  replica_count: count,
  residency,
  tags = {},
}: Wishes): Readonly<Record<string, string>> | null {
  const wishes = {
    ...(count === undefined ? {} : { 'replica-count': String(count) }),
    ...(residency === undefined ? {} : { residency: residency.replaceAll(',', ' ') }),
  };
  for (const [key, value] of Object.entries(wishes)) {
    if (tags[key] !== undefined && tags[key] !== value) throw new Fault('InvalidTag', `${key} is said twice.`);
  }
  const all = { ...tags, ...wishes };
  if (Object.keys(all).length > DIRECT_TAGS_MAX)
    throw new Fault('InvalidTag', `Object tags cannot be greater than ${DIRECT_TAGS_MAX}`);
  return tagRecord(Object.entries(all).map(([key, value]) => ({ key, value })));
}

export interface Declared {
  readonly encrypted_key?: string | undefined;
  readonly key_id?: string | undefined;
  readonly key_alg?: string | undefined;
  readonly key_version: number;
  readonly encryption_alg?: string | undefined;
}

/** The envelope of a sealed object, or null. */
function sealedEnvelope(text: string | undefined): string | null {
  if (text === undefined) return null;
  const json = text.startsWith('{') ? text : Buffer.from(text, 'base64url').toString('utf8');
  return json.startsWith('{"') ? json : null;
}

/**
 * The envelope of an object that another tool encrypted, as its client declares it; null when it is a sealed object's, which
 * is read out of itself, or when there is none.
 * @throws Fault ValidationFailed
 */
export function declaredEnvelope(declared: Declared): EnvelopeRecord | null {
  const { encrypted_key: encryptedKey, key_version: keyVersion } = declared;
  if (encryptedKey === undefined || sealedEnvelope(encryptedKey) !== null) return null;
  envelopeHeadersOf(encryptedKey, keyVersion);
  const { key_id: keyId = '', key_alg: keyAlg = '', encryption_alg: encryptionAlg = '' } = declared;
  return { encryptedKey, keyId, keyVersion, keyAlg, encryptionAlg };
}

/** The same said as the headers of a PUT, so that one set of rules judges both. */
export function headersOf(
  said: Declared & {
    readonly content_type?: string | undefined;
    readonly metadata?: Readonly<Record<string, string>> | undefined;
    readonly version?: string | undefined;
    readonly manifest?: string | undefined;
  },
): RequestHeaders {
  const envelope = sealedEnvelope(said.encrypted_key);
  const metadata = Object.entries(said.metadata ?? {}).map(([name, value]) => [`x-amz-meta-${name}`, value] as const);
  return {
    ...(said.content_type === undefined ? {} : { 'content-type': said.content_type }),
    ...Object.fromEntries(metadata),
    ...(said.version === undefined ? {} : { [`x-amz-meta-${VERSION_LABEL}`]: said.version }),
    ...(envelope === null ? {} : envelopeHeadersOf(envelope, said.key_version)),
    ...(said.manifest === undefined ? {} : { [manifestHeader]: said.manifest }),
  };
}

/** User metadata that keeps the client's own name of a version. */
export const VERSION_LABEL = 'client-version';

function envelopeHeadersOf(envelope: string, keyVersion: number): Record<string, string> {
  try {
    return envelopeToMetadata(envelope, keyVersion);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    throw new Fault('ValidationFailed', `encrypted_key: ${error.message}`, { cause: error });
  }
}

export const manifestField = z
  .string()
  .regex(/^[\w.-]{1,4096}$/, 'is a signed manifest')
  .meta({ description: 'What the writer of a sealed object signed about it (docs/spec/sealed-objects.md).' });

export const metadataField = z
  .record(
    z
      .string()
      .regex(/^[a-z0-9!#$%&'*+.^_|~-]{1,128}$/, 'has small letters, digits and hyphens')
      .refine((name) => !name.startsWith('sealgate-'), 'begins with a prefix of ours'),
    z.string().regex(/^[\x20-\x7e]*$/, 'has visible ASCII only'),
  )
  .refine((all) => Object.keys(all).length <= DIRECT_METADATA_MAX, `has at most ${DIRECT_METADATA_MAX} members`);

export interface NamedObject {
  readonly tenant: string;
  readonly bucket: string;
  readonly key: ObjectKey;
}

/**
 * Which object is meant: as its members say, or, where bucket or tenant are left out, as the path tenant/bucket/key that the
 * ingest payload has in `object_key`.
 * @throws Fault ValidationFailed
 */
export function namedObject(said: {
  readonly tenant?: string | undefined;
  readonly bucket?: string | undefined;
  readonly object_key: string;
}): NamedObject {
  const { tenant, bucket, object_key: text } = said;
  if (bucket !== undefined) {
    if (tenant === undefined) throw new Fault('ValidationFailed', 'Say whose bucket is meant: "tenant" is missing.');
    return { tenant, bucket, key: parseObjectKey(text) };
  }
  const [, owner = '', name = '', key = ''] = /^([^/]+)\/([^/]+)\/(.+)$/s.exec(text) ?? [];
  if (key === '' || (tenant !== undefined && tenant !== owner)) {
    throw new Fault('ValidationFailed', 'Name tenant and bucket, or give object_key as tenant/bucket/key.');
  }
  return { tenant: owner, bucket: name, key: parseObjectKey(key) };
}
