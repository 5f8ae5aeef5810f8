import { fromBase64url, toBase64url, utf8 } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { maxKeyVersion, maxMetadataParts, metadataPartChars } from '../format/limits.ts';
import type { ParsedEnvelope } from './envelope.ts';
import { parseEnvelope } from './envelope.ts';

/** Request headers by lower-case name. Only `x-amz-meta-*` matters here. */
export type MetadataHeaders = Readonly<Record<string, string | undefined>>;

export const envelopeHeader = 'x-amz-meta-sealgate-envelope';
export const keyVersionHeader = 'x-amz-meta-sealgate-key-version';

export interface EnvelopeMetadata {
  readonly envelope: ParsedEnvelope;
  readonly keyVersion: number;
}

/** `x-amz-meta-sealgate-envelope`, then `-2`, `-3` ... for what does not fit into one header. */
function partName(index: number): string {
  return index === 0 ? envelopeHeader : `${envelopeHeader}-${index + 1}`;
}

/** True for the headers that carry an envelope. They belong to the object's record, not to its user metadata. */
export function isEnvelopeHeader(name: string): boolean {
  return name === keyVersionHeader || name === envelopeHeader || name.startsWith(`${envelopeHeader}-`);
}

/**
 * The headers that carry an envelope, for a request by a client or an answer by a gateway.
 * @param envelope the envelope's compact JSON
 * @throws SealError `limit-exceeded`, `invalid-argument`
 */
export function envelopeToMetadata(envelope: string, keyVersion: number): Record<string, string> {
  if (!Number.isSafeInteger(keyVersion) || keyVersion < 1 || keyVersion > maxKeyVersion) {
    throw new SealError('invalid-argument', 'Key version.');
  }
  const encoded = toBase64url(utf8(envelope));
  const parts = Math.ceil(encoded.length / metadataPartChars);
  if (parts > maxMetadataParts) throw new SealError('limit-exceeded', 'The envelope is too large.');
  const headers: Record<string, string> = {};
  for (let index = 0; index < parts; index++) {
    headers[partName(index)] = encoded.slice(index * metadataPartChars, (index + 1) * metadataPartChars);
  }
  headers[keyVersionHeader] = String(keyVersion);
  return headers;
}

/**
 * Reads the envelope headers of a request. Undefined when there are none.
 * @throws SealError `malformed-envelope`, `unsupported`, `limit-exceeded`
 */
export function envelopeFromMetadata(headers: MetadataHeaders): EnvelopeMetadata | undefined {
  const names = Object.keys(headers).filter((name) => isEnvelopeHeader(name) && headers[name] !== undefined);
  if (names.length === 0) return undefined;
  const parts = names.filter((name) => name !== keyVersionHeader).length;
  if (parts === 0) throw new SealError('malformed-envelope', 'A key version without an envelope.');
  if (parts > maxMetadataParts) throw new SealError('limit-exceeded', 'The envelope is too large.');
  let encoded = '';
  for (let index = 0; index < parts; index++) {
    const part = headers[partName(index)];
    if (part === undefined) throw new SealError('malformed-envelope', 'A part of the envelope is missing.');
    if (part.length > metadataPartChars) throw new SealError('limit-exceeded', 'An envelope header is too long.');
    encoded += part;
  }
  const bytes = fromBase64url(encoded);
  if (bytes === undefined) throw new SealError('malformed-envelope', 'The header is not base64url.');
  return { envelope: parseEnvelope(bytes), keyVersion: parseKeyVersion(headers[keyVersionHeader]) };
}

function parseKeyVersion(text: string | undefined): number {
  if (text === undefined) return 1;
  const value = Number(text);
  if (!/^[1-9][0-9]{0,9}$/.test(text) || value > maxKeyVersion) {
    throw new SealError('malformed-envelope', 'The key version is not a positive integer.');
  }
  return value;
}
