import type { Bytes } from '../format/bytes.ts';
import { fromBase64url, utf8, utf8Text } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { envelopeIdBytes } from '../format/layout.ts';
import { maxEnvelopeBytes, maxEnvelopePayloadBytes, maxRecipients } from '../format/limits.ts';
import { onlyMembers, parseJsonObject, requireObject, requireString } from './json.ts';
import type { EnvelopeRecipient } from './recipient.ts';
import { parseRecipient } from './recipient.ts';

export const envelopeType = 'sealgate-key+jwe';
const version = 1;

/** The key envelope (JWE, RFC 7516 General JSON) with everything checked that can be checked without a private key. */
export interface ParsedEnvelope {
  /** Compact JSON made from the checked members only: the form to store and to send. */
  readonly text: string;
  readonly recipients: readonly [EnvelopeRecipient, ...EnvelopeRecipient[]];
  /** The envelope id of the body it belongs to, 16 bytes. */
  readonly envelopeId: Bytes;
  /** SHA-256 of that body's 128-byte header. */
  readonly headerDigest: Bytes;
  /** SHA-256 over tenant, bucket and key: see contextHash. */
  readonly contextHash: Bytes;
  /** The JWE's shared members, base64url as they came. */
  readonly jwe: { readonly protected: string; readonly iv: string; readonly ciphertext: string; readonly tag: string };
}

/**
 * Reads and checks a key envelope. The checks fail closed: an unknown member, algorithm or version is refused.
 * @throws SealError `limit-exceeded`, `malformed-envelope`, `unsupported`
 */
export function parseEnvelope(input: string | Uint8Array): ParsedEnvelope {
  // A string has at least as many UTF-8 bytes as UTF-16 units, so this bounds both before anything is encoded.
  if (input.length > maxEnvelopeBytes) throw new SealError('limit-exceeded', 'The envelope is too large.');
  const json = typeof input === 'string' ? input : utf8Text(input);
  if (utf8(json).length > maxEnvelopeBytes) throw new SealError('limit-exceeded', 'The envelope is too large.');

  const document = parseJsonObject(json, 'envelope');
  onlyMembers(document, ['protected', 'recipients', 'iv', 'ciphertext', 'tag'], 'envelope');
  const jwe = {
    protected: requireString(document, 'protected'),
    iv: requireString(document, 'iv'),
    ciphertext: requireString(document, 'ciphertext'),
    tag: requireString(document, 'tag'),
  };
  decode(jwe.iv, { name: 'iv', bytes: 12 });
  decode(jwe.tag, { name: 'tag', bytes: 16 });
  const payload = fromBase64url(jwe.ciphertext);
  if (payload === undefined || payload.length === 0) throw new SealError('malformed-envelope', 'ciphertext');
  if (payload.length > maxEnvelopePayloadBytes) throw new SealError('limit-exceeded', 'ciphertext');

  const protectedHeader = parseProtected(jwe.protected);
  const recipients = parseRecipients(document['recipients'], protectedHeader.epk);
  return {
    text: JSON.stringify({
      protected: jwe.protected,
      recipients: recipients.map((one) => one.json),
      iv: jwe.iv,
      ciphertext: jwe.ciphertext,
      tag: jwe.tag,
    }),
    recipients,
    ...protectedHeader.binding,
    jwe,
  };
}

function parseProtected(encoded: string): {
  binding: Omit<ParsedEnvelope, 'text' | 'recipients' | 'jwe'>;
  epk: unknown;
} {
  const bytes = fromBase64url(encoded);
  if (bytes === undefined) throw new SealError('malformed-envelope', 'protected');
  const header = parseJsonObject(utf8Text(bytes), 'protected');
  // `zip` would leak lengths, `crit` names what we do not know, `alg` belongs to a recipient.
  onlyMembers(header, ['enc', 'typ', 'sg', 'epk'], 'protected');
  if (header['enc'] !== 'A256GCM') throw new SealError('unsupported', 'Content encryption of the envelope.');
  if (header['typ'] !== envelopeType) throw new SealError('unsupported', 'Type of the envelope.');
  const sg = requireObject(header['sg'], 'sg');
  if (sg['v'] !== version) throw new SealError('unsupported', 'Version of the envelope.');
  onlyMembers(sg, ['v', 'eid', 'hdr', 'ctx'], 'sg');
  return {
    binding: {
      envelopeId: decode(requireString(sg, 'eid'), { name: 'eid', bytes: envelopeIdBytes }),
      headerDigest: decode(requireString(sg, 'hdr'), { name: 'hdr', bytes: 32 }),
      contextHash: decode(requireString(sg, 'ctx'), { name: 'ctx', bytes: 32 }),
    },
    epk: header['epk'],
  };
}

function parseRecipients(value: unknown, protectedEpk: unknown): ParsedEnvelope['recipients'] {
  if (!Array.isArray(value) || value.length === 0) throw new SealError('malformed-envelope', 'recipients');
  if (value.length > maxRecipients) throw new SealError('limit-exceeded', 'Too many recipients.');
  // JOSE libraries put the ephemeral key of a sole recipient into the protected header; with several it has no owner.
  if (protectedEpk !== undefined && value.length > 1) throw new SealError('malformed-envelope', 'epk');
  const entries: readonly unknown[] = value;
  const recipients = entries.map((entry) => parseRecipient(requireObject(entry, 'recipient'), protectedEpk));
  const [first, ...others] = recipients;
  if (first === undefined) throw new SealError('malformed-envelope', 'recipients');
  if (new Set(recipients.map((one) => one.keyId)).size !== recipients.length) {
    throw new SealError('malformed-envelope', 'Two recipients have one key id.');
  }
  return [first, ...others];
}

function decode(text: string, expected: { name: string; bytes: number }): Bytes {
  const bytes = fromBase64url(text);
  if (bytes?.length !== expected.bytes) throw new SealError('malformed-envelope', expected.name);
  return bytes;
}
