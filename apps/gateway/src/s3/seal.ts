import { Fault } from '@sealgate/core/faults';
import type { ObjectKey } from '@sealgate/core/names';
import type { Bucket, EnvelopeRecord, ObjectVersion, PartRecord } from '@sealgate/core/ports';
import type { RequestHeaders } from '@sealgate/s3';
import {
  checkEnvelope,
  createObjectInspector,
  createPartInspector,
  type EnvelopeSummary,
  envelopeFromMetadata,
  envelopeToMetadata,
  type ForeignFormat,
  foreignFormats,
  type InspectionPolicy,
  isEnvelopeHeader,
  joinParts,
  type MetadataHeaders,
  type ParsedEnvelope,
  type PartStructure,
  parseEnvelope,
  SealError,
  summariseEnvelope,
} from '@sealgate/sealed/inspect';
import type { GovernedBucket } from './governed.ts';

/** What the seal inspection of one body says when it is through. */
export interface SealFacts {
  readonly verdict: string | null;
  readonly envelope: EnvelopeRecord | null;
}

/** Watches one body. In strict buckets `push` and `finish` throw as soon as the body cannot be a sealed object. */
export interface SealWatch {
  push(chunk: Uint8Array): void;
  finish(): SealFacts;
}

const HOW_TO_SEAL =
  'This bucket takes sealed objects only. Seal it with "sealgate put FILE s3://bucket/key" or the sealing client; for ' +
  'tools that cannot seal, use a bucket made with "sealgate bucket create NAME --encryption off".';

const UNWATCHED: SealWatch = { push: () => undefined, finish: () => ({ verdict: null, envelope: null }) };

/** A watch of a whole object. */
export interface ObjectWatch extends SealWatch {
  /** The request brings a seal's envelope, and the body must be what it says: it goes to backends as it is. */
  readonly held: boolean;
}

/**
 * @param request.hold what brings an envelope is held to it also where a bucket takes everything
 * @throws Fault EncryptionRequired at once when a strict bucket's request can be refused without its body
 */
export function watchObject(
  bucket: GovernedBucket,
  key: ObjectKey,
  request: { readonly metadata: MetadataHeaders; readonly bytes: number; readonly hold: boolean },
): ObjectWatch {
  if (!isWatched(bucket, request.metadata)) return { ...UNWATCHED, held: false };
  const names = { tenant: bucket.tenantName, bucket: bucket.name, key };
  const asked = { ...names, metadata: request.metadata, contentLength: request.bytes };
  const inspector = createObjectInspector(asked, inspectionOf(bucket));
  const held = request.hold && bringsEnvelope(request.metadata) && inspector.refusal === undefined;
  const refuse = (verdict: { readonly reason?: string; readonly message?: string } | undefined): void => {
    if (verdict !== undefined) refuseUnsealed(bucket, held, verdict);
  };
  refuse(inspector.refusal);
  return {
    held,
    push: (chunk) => refuse(inspector.push(chunk)),
    finish() {
      const verdict = inspector.finish();
      if (!verdict.sealed) refuse(verdict);
      return {
        verdict: verdict.sealed ? `sealed:${verdict.format}` : `unsealed:${verdict.reason ?? 'unknown'}`,
        envelope: verdict.envelope === undefined ? null : toRecord(verdict.envelope),
      };
    },
  };
}

/** The envelope of a multipart upload, which comes with its creation. @throws Fault EncryptionRequired */
export function envelopeOfUpload(
  bucket: GovernedBucket,
  key: ObjectKey,
  metadata: MetadataHeaders,
): EnvelopeRecord | null {
  if (!isWatched(bucket, metadata)) return null;
  try {
    const envelope = envelopeFromMetadata(metadata);
    if (envelope === undefined) throw new SealError('not-sealed');
    requireTaken(bucket, key, envelope.envelope);
    return toRecord(summariseEnvelope(envelope));
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    if (bucket.encryption === 'required') throw encryptionRequired(error.code, error.message);
    return null;
  }
}

/**
 * The seal of a copy under another name. A seal is bound to tenant, bucket and key, so the client must bring a new
 * envelope of the very same body; a strict bucket takes no copy without one.
 * @throws Fault EncryptionRequired
 */
export function sealOfCopy(
  bucket: GovernedBucket,
  key: ObjectKey,
  copy: { readonly metadata: MetadataHeaders; readonly version: Pick<ObjectVersion, 'envelope' | 'verdict'> },
): SealFacts {
  const { envelope: original, verdict } = copy.version;
  if (!isWatched(bucket, copy.metadata)) return { verdict: null, envelope: null };
  const envelope = envelopeOfUpload(bucket, key, copy.metadata);
  const sealed = verdict?.startsWith('sealed:') === true && original !== null;
  if (sealed && envelope !== null && isSameBody(original, envelope)) return { verdict, envelope };
  return { verdict: unsealed(bucket, false, { reason: sealed ? 'not-for-this-body' : 'not-sealed' }), envelope: null };
}

/** Two envelopes of one body name the same envelope id and the same header. */
export function isSameBody(one: EnvelopeRecord, other: EnvelopeRecord): boolean {
  const [a, b] = [parseEnvelope(one.encryptedKey), parseEnvelope(other.encryptedKey)];
  return Buffer.from(a.envelopeId).equals(b.envelopeId) && Buffer.from(a.headerDigest).equals(b.headerDigest);
}

/**
 * One part: what it tells is kept with it as JSON, the whole is judged at completion.
 * @param part.held the upload is held to the envelope that it was created with
 */
export function watchPart(
  bucket: Bucket,
  envelope: EnvelopeRecord | null,
  part: { readonly partNumber: number; readonly held: boolean },
): SealWatch {
  const { partNumber, held } = part;
  if (bucket.encryption === 'off' && envelope === null) return UNWATCHED;
  const inspector = createPartInspector({
    partNumber,
    ...(envelope === null ? {} : { envelope: parseEnvelope(envelope.encryptedKey) }),
  });
  return {
    push(chunk) {
      const refusal = inspector.push(chunk);
      if (refusal !== undefined) refuseUnsealed(bucket, held, refusal);
    },
    finish: () => ({ verdict: JSON.stringify(inspector.finish()), envelope: null }),
  };
}

/**
 * Judges a completed upload by what its parts told, and its envelope by what the bucket asks for now: since the upload
 * began, a key of it may have been revoked.
 * @throws Fault EncryptionRequired
 */
export function judgeParts(
  bucket: GovernedBucket,
  key: ObjectKey,
  {
    upload: { envelope, held },
    parts,
  }: {
    readonly upload: { readonly envelope: EnvelopeRecord | null; readonly held: boolean };
    readonly parts: readonly PartRecord[];
  },
): string | null {
  if (bucket.encryption === 'off' && envelope === null) return null;
  if (envelope === null) return unsealed(bucket, held, { reason: 'malformed-envelope' });
  const parsed = parseEnvelope(envelope.encryptedKey);
  try {
    requireTaken(bucket, key, parsed);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    return unsealed(bucket, held, { reason: error.code, message: error.message });
  }
  if (parts.some((part) => part.inspection === null)) return unsealed(bucket, held, { reason: 'not-inspected' });
  const verdict = joinParts(
    parts.map((part) => JSON.parse(part.inspection ?? '{}') as PartStructure),
    { envelope: parsed },
  );
  if (verdict.ok) return 'sealed:sgo1';
  return unsealed(bucket, held, { reason: verdict.reason ?? 'malformed-envelope', ...verdict });
}

/** @throws SealError when the bucket's policies and keyring do not take the envelope for this object */
function requireTaken(bucket: GovernedBucket, key: ObjectKey, envelope: ParsedEnvelope): void {
  const policy = inspectionOf(bucket);
  if (policy.takesSealed === false) throw new SealError('format-not-allowed');
  checkEnvelope(envelope, { tenant: bucket.tenantName, bucket: bucket.name, key }, policy);
}

interface Unsealed {
  readonly reason?: string;
  readonly message?: string;
}

/** The verdict on what is not sealed, where a bucket takes it. @throws Fault EncryptionRequired */
function unsealed(bucket: Bucket, held: boolean, verdict: Unsealed & { readonly reason: string }): string {
  refuseUnsealed(bucket, held, verdict);
  return `unsealed:${verdict.reason}`;
}

function refuseUnsealed(bucket: Bucket, held: boolean, verdict: Unsealed): void {
  if (bucket.encryption === 'required') throw encryptionRequired(verdict.reason, verdict.message);
  if (!held) return;
  const why = verdict.message === undefined ? '' : ` (${verdict.message})`;
  throw new Fault(
    'EncryptionRequired',
    `The request brings the envelope of a sealed object, and the body is not that object${why}. Send it without the x-amz-meta-sealgate-* headers, or seal it anew.`,
    { detail: { Reason: verdict.reason ?? 'not-sealed' } },
  );
}

/** The headers that give the envelope back to its owner. */
export function envelopeHeaders(envelope: EnvelopeRecord | null): Record<string, string> {
  return envelope === null ? {} : envelopeToMetadata(envelope.encryptedKey, envelope.keyVersion);
}

/** True when a client's SSE request must be refused: the key or the plaintext would pass the gateway. */
export function refuseServerSideEncryption(bucket: Bucket, headers: RequestHeaders): void {
  if (bucket.encryption !== 'required') return;
  const named = Object.keys(headers).find((name) => name.startsWith('x-amz-server-side-encryption'));
  if (named === undefined) return;
  throw new Fault(
    'EncryptionRequired',
    `${named} would let a key or plaintext pass through the gateway, which this bucket forbids. ${HOW_TO_SEAL}`,
    { detail: { Reason: 'server-side-encryption' } },
  );
}

/** What the bucket's policies and its tenant's keyring ask of what is sealed: neither widens the other. */
export function inspectionOf({ rules: { envelopes, keyring } }: GovernedBucket): InspectionPolicy {
  const { formats, keyAlgorithms, requiredRecipients } = envelopes;
  const allowed = keyring?.allowedKeyAlgorithms;
  const algorithms = keyAlgorithms === null ? allowed : keyAlgorithms.filter((one) => allowed?.includes(one) !== false);
  return {
    allowedFormats: (formats ?? []).filter((name): name is ForeignFormat => Object.hasOwn(foreignFormats, name)),
    takesSealed: formats?.includes('sgo1') ?? true,
    requiredRecipients: [...requiredRecipients, ...(keyring?.requiredRecipients ?? [])],
    ...(algorithms === undefined ? {} : { allowedKeyAlgorithms: algorithms }),
    ...(keyring === undefined ? {} : { knownRecipients: keyring.knownRecipients }),
  };
}

function isWatched(bucket: Bucket, metadata: MetadataHeaders): boolean {
  return bucket.encryption !== 'off' || bringsEnvelope(metadata);
}

function bringsEnvelope(metadata: MetadataHeaders): boolean {
  return Object.keys(metadata).some(isEnvelopeHeader);
}

function encryptionRequired(reason: string | undefined, message: string | undefined): Fault {
  const why = message === undefined ? '' : ` (${message})`;
  return new Fault('EncryptionRequired', `The body is not a sealed object${why}. ${HOW_TO_SEAL}`, {
    rule: 'encryption.mode=required',
    detail: { Reason: reason ?? 'not-sealed' },
  });
}

export function toRecord(summary: EnvelopeSummary): EnvelopeRecord {
  return {
    encryptedKey: summary.encryptedKey,
    keyId: summary.keyId ?? '',
    keyVersion: summary.keyVersion,
    keyAlg: summary.keyAlg,
    encryptionAlg: summary.encryptionAlg,
  };
}
