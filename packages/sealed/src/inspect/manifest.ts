import { sha256 } from '@noble/hashes/sha2.js';
import type { Bytes } from '../format/bytes.ts';
import { equalBytes, fromBase64url, toBase64url, utf8, utf8Text } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { sgo1EncryptionAlg } from '../format/layout.ts';
import { maxManifestChars } from '../format/limits.ts';
import { plaintextLengthOf } from '../format/sizes.ts';
import type { ParsedEnvelope } from './envelope.ts';
import type { JsonObject } from './json.ts';
import { onlyMembers, requireObject } from './json.ts';
import { isKeyId } from './recipient.ts';

/** Carries a manifest in requests and answers. */
export const manifestHeader = 'x-amz-meta-sealgate-manifest';
export const manifestType = 'sealgate-manifest+jws';
export const manifestAlgorithms = ['Ed25519', 'ES256'] as const;
export type ManifestAlgorithm = (typeof manifestAlgorithms)[number];

/** What a writer says of an object, and signs. */
export interface ManifestFacts {
  /** Of tenant, bucket and key: see contextHash. 32 bytes. */
  readonly contextHash: Uint8Array;
  readonly envelopeId: Uint8Array;
  /** SHA-256 of the body's 128-byte header. */
  readonly headerDigest: Uint8Array;
  /** Bytes of the body. */
  readonly bodyLength: number;
  readonly plaintextLength: number;
  /** Of the tree over the body's blocks, 32 bytes. */
  readonly root: Uint8Array;
  /** Grows with every version of the key. */
  readonly seq: number;
  /** SHA-256 of the manifest that it follows, 32 bytes; null when its writer knew of none. */
  readonly previous: Uint8Array | null;
  /** Seconds since 1970, by the writer's clock. */
  readonly issuedAt: number;
}

/** A manifest whose form is right. Whether its signature is, nobody has looked yet. */
export interface ParsedManifest extends ManifestFacts {
  /** The compact JWS. */
  readonly text: string;
  readonly keyId: string;
  readonly algorithm: ManifestAlgorithm;
  readonly signature: Bytes;
  /** What the signature covers. */
  readonly signed: Bytes;
}

const members = ['v', 'ctx', 'eid', 'hdr', 'alg', 'len', 'ptlen', 'root', 'seq', 'prev', 'iat'];
const text43 = (bytes: Uint8Array): string => toBase64url(bytes);

/** The payload of a manifest, in the one form that it is written in. */
export function manifestPayload(facts: ManifestFacts): string {
  return JSON.stringify({
    v: 1,
    ctx: text43(facts.contextHash),
    eid: text43(facts.envelopeId),
    hdr: text43(facts.headerDigest),
    alg: sgo1EncryptionAlg,
    len: facts.bodyLength,
    ptlen: facts.plaintextLength,
    root: text43(facts.root),
    seq: facts.seq,
    prev: facts.previous === null ? null : text43(facts.previous),
    iat: facts.issuedAt,
  });
}

/**
 * Reads a manifest. Fails closed: an unknown member, algorithm or version is refused.
 * @throws SealError `malformed-manifest`
 */
export function parseManifest(text: string): ParsedManifest {
  if (text.length > maxManifestChars) throw malformed('It is too long.');
  const [protectedText = '', payloadText = '', signatureText = '', ...more] = text.split('.');
  const signature = fromBase64url(signatureText);
  if (more.length > 0 || signature?.length !== 64) throw malformed('It is no compact JWS.');
  const header = objectIn(protectedText, ['alg', 'kid', 'typ']);
  const { alg, kid, typ } = header;
  const algorithm = manifestAlgorithms.find((known) => known === alg);
  if (algorithm === undefined || typ !== manifestType) throw malformed('Algorithm or type.');
  if (typeof kid !== 'string' || !isKeyId(kid)) throw malformed('Key id.');
  const payload = objectIn(payloadText, members);
  return {
    text,
    keyId: kid,
    algorithm,
    signature,
    signed: utf8(`${protectedText}.${payloadText}`),
    ...factsIn(payload),
  };
}

function factsIn(payload: JsonObject): ManifestFacts {
  if (payload['v'] !== 1 || payload['alg'] !== sgo1EncryptionAlg) throw malformed('Version or format.');
  const facts = {
    contextHash: bytesIn(payload, 'ctx', 32),
    envelopeId: bytesIn(payload, 'eid', 16),
    headerDigest: bytesIn(payload, 'hdr', 32),
    bodyLength: countIn(payload, 'len'),
    plaintextLength: countIn(payload, 'ptlen'),
    root: bytesIn(payload, 'root', 32),
    seq: countIn(payload, 'seq'),
    previous: payload['prev'] === null ? null : bytesIn(payload, 'prev', 32),
    issuedAt: countIn(payload, 'iat'),
  };
  if (plaintextLengthOf(facts.bodyLength) !== facts.plaintextLength)
    throw malformed('Its lengths contradict each other.');
  return facts;
}

/**
 * Whether a manifest is about this object: its names, its envelope, its length.
 * @throws SealError `not-for-this-object`, `manifest-mismatch`
 */
export function checkManifest(
  manifest: ManifestFacts,
  object: {
    readonly contextHash: Uint8Array;
    readonly envelope: Pick<ParsedEnvelope, 'envelopeId' | 'headerDigest'>;
    /** When it is known. */
    readonly bodyLength?: number | undefined;
  },
): void {
  if (!equalBytes(manifest.contextHash, object.contextHash)) throw new SealError('not-for-this-object');
  const { envelope, bodyLength = manifest.bodyLength } = object;
  const same =
    equalBytes(manifest.envelopeId, envelope.envelopeId) &&
    equalBytes(manifest.headerDigest, envelope.headerDigest) &&
    manifest.bodyLength === bodyLength;
  if (!same) throw new SealError('manifest-mismatch');
}

/** By what the next manifest names this one. */
export function manifestDigest({ text }: Pick<ParsedManifest, 'text'>): Uint8Array {
  return sha256(utf8(text));
}

function objectIn(encoded: string, allowed: readonly string[]): JsonObject {
  const bytes = fromBase64url(encoded);
  if (bytes === undefined) throw malformed('It is no compact JWS.');
  try {
    const object = requireObject(JSON.parse(utf8Text(bytes)), 'manifest');
    onlyMembers(object, allowed, 'manifest');
    return object;
  } catch (cause) {
    throw new SealError('malformed-manifest', undefined, { cause });
  }
}

function bytesIn(object: JsonObject, name: string, length: number): Bytes {
  const value = object[name];
  const bytes = typeof value === 'string' ? fromBase64url(value) : undefined;
  if (bytes?.length !== length) throw malformed(name);
  return bytes;
}

function countIn(object: JsonObject, name: string): number {
  const value = object[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw malformed(name);
  return value;
}

function malformed(detail: string): SealError {
  return new SealError('malformed-manifest', detail);
}
