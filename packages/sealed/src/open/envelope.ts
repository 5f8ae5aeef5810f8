import { sha256 } from '@noble/hashes/sha2.js';
import type { FlattenedJWE } from 'jose';
import { flattenedDecrypt } from 'jose';
import { dataKeyBytes } from '../floe/session.ts';
import type { Bytes } from '../format/bytes.ts';
import { equalBytes, fromBase64url, utf8Text } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import type { ParsedEnvelope } from '../inspect/envelope.ts';
import { parseEnvelope } from '../inspect/envelope.ts';
import { checkEnvelope } from '../inspect/inspect.ts';
import { onlyMembers, parseJsonObject, requireString } from '../inspect/json.ts';
import type { ObjectNames } from '../inspect/names.ts';
import type { EnvelopeRecipient } from '../inspect/recipient.ts';
import type { OpeningKey, RecipientKey } from '../keys/recipient-key.ts';
import { sealEnvelope } from '../seal/envelope.ts';

/** An envelope as text, bytes, or already parsed. */
export type EnvelopeInput = string | Uint8Array | ParsedEnvelope;

export function readEnvelope(input: EnvelopeInput): ParsedEnvelope {
  return typeof input === 'string' || input instanceof Uint8Array ? parseEnvelope(input) : input;
}

/** An envelope's secret content. The caller wipes `dataKey` after use. */
export interface OpenedEnvelope {
  readonly envelope: ParsedEnvelope;
  readonly dataKey: Bytes;
  readonly names: ObjectNames;
}

/**
 * Decrypts an envelope. Only recipients whose key id is that of a given key are tried, with the algorithm that the key
 * has, not the one that the message names.
 * @param names what the caller asked for; undefined only where the envelope itself is the source (recovery)
 * @throws SealError `wrong-key` for every failure of decryption alike, `not-for-this-object`, and parseEnvelope's
 */
export async function openEnvelope(
  input: EnvelopeInput,
  options: { readonly keys: readonly OpeningKey[]; readonly names: ObjectNames | undefined },
): Promise<OpenedEnvelope> {
  const envelope = readEnvelope(input);
  // Public and cheap, so it goes first: a swapped envelope costs no private key operation.
  if (options.names !== undefined) checkEnvelope(envelope, options.names);
  const payload = await decrypt(envelope, options.keys);
  const { dataKey, names } = readPayload(payload);
  payload.fill(0);
  // The hash was compared with what was asked for; now with the secret names: so those are what was asked for.
  checkEnvelope(envelope, names);
  return { envelope, dataKey, names };
}

/**
 * The names that an envelope was made for: for recovery from backends, whose keys are hashed.
 * @throws SealError as openEnvelope
 */
export async function readEnvelopeNames(input: EnvelopeInput, keys: readonly OpeningKey[]): Promise<ObjectNames> {
  const opened = await openEnvelope(input, { keys, names: undefined });
  opened.dataKey.fill(0);
  return opened.names;
}

/**
 * A new envelope for the same body: other recipients (rotation), or another name (copy, rename). The body stays as it is.
 *
 * It does not revoke anything for somebody who kept the old envelope and an old private key: that needs re-encryption.
 * @param options.names what the object is called now; a mismatch is refused
 * @param options.newNames what it will be called, if that changes
 * @throws SealError as openEnvelope; `invalid-argument`, `limit-exceeded` for the recipients
 */
export async function rewrapEnvelope(
  old: EnvelopeInput,
  options: {
    readonly keys: readonly OpeningKey[];
    readonly names: ObjectNames;
    readonly recipients: readonly RecipientKey[];
    readonly newNames?: ObjectNames;
  },
): Promise<ParsedEnvelope> {
  const { envelope, dataKey, names } = await openEnvelope(old, options);
  try {
    const { envelopeId, headerDigest } = envelope;
    const content = { dataKey, names: options.newNames ?? names, envelopeId, headerDigest };
    return await sealEnvelope(content, options.recipients);
  } finally {
    dataKey.fill(0);
  }
}

/** @throws SealError `envelope-mismatch` when the envelope was made for another body */
export function assertEnvelopeFitsBody(
  envelope: ParsedEnvelope,
  header: { bytes: Uint8Array; envelopeId: Uint8Array },
): void {
  const same = equalBytes(envelope.envelopeId, header.envelopeId);
  if (!same || !equalBytes(envelope.headerDigest, sha256(header.bytes))) throw new SealError('envelope-mismatch');
}

async function decrypt(envelope: ParsedEnvelope, keys: readonly OpeningKey[]): Promise<Uint8Array> {
  let failure: unknown;
  for (const key of keys) {
    const recipient = envelope.recipients.find(({ keyId }) => keyId === key.keyId);
    if (recipient === undefined) continue;
    try {
      const { plaintext } = await flattenedDecrypt(flatten(envelope, recipient), key.privateKey, {
        keyManagementAlgorithms: [key.keyAlg],
        contentEncryptionAlgorithms: ['A256GCM'],
      });
      return plaintext;
    } catch (cause) {
      failure = cause;
    }
  }
  // One answer for every way to fail, so that nobody learns how far a forged envelope got.
  throw new SealError('wrong-key', undefined, failure === undefined ? {} : { cause: failure });
}

function flatten(envelope: ParsedEnvelope, recipient: EnvelopeRecipient): FlattenedJWE {
  return { ...envelope.jwe, header: { ...recipient.json.header }, encrypted_key: recipient.wrappedKey };
}

function readPayload(payload: Uint8Array): { dataKey: Bytes; names: ObjectNames } {
  const content = parseJsonObject(utf8Text(payload), 'payload');
  onlyMembers(content, ['dk', 'n'], 'payload');
  const dataKey = fromBase64url(requireString(content, 'dk'));
  if (dataKey?.length !== dataKeyBytes) throw new SealError('malformed-envelope', 'dk');
  const list: unknown = content['n'];
  if (!Array.isArray(list) || list.length !== 3) throw new SealError('malformed-envelope', 'n');
  const [tenant, bucket, key] = list as readonly unknown[];
  if (typeof tenant !== 'string' || typeof bucket !== 'string' || typeof key !== 'string') {
    throw new SealError('malformed-envelope', 'n');
  }
  return { dataKey, names: { tenant, bucket, key } };
}
