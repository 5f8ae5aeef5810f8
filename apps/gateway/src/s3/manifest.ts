import { createHash } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { ObjectKey } from '@sealgate/core/names';
import type { Bucket, PartRecord, StoredHeaders, UploadRecord } from '@sealgate/core/ports';
import { headerValue, type RequestHeaders } from '@sealgate/s3';
import {
  checkManifest,
  contextHash,
  createBlockTree,
  createLeafHasher,
  envelopeFromMetadata,
  manifestBlockBytes,
  manifestHeader,
  type ParsedEnvelope,
  type ParsedManifest,
  parseEnvelope,
  parseManifest,
  SealError,
} from '@sealgate/sealed/inspect';
import { type VerifyKey, verifyManifest } from '@sealgate/sealed/manifest';
import type { GovernedBucket } from './governed.ts';
import { MANIFEST_PART_BYTES_MAX } from './limits.ts';
import { metadataHeaders } from './request-headers.ts';
import type { SealWatch } from './seal.ts';

/** Asks for a part's leaves to be kept, for the manifest that comes with the completion. */
const LEAVES_HEADER = 'x-sealgate-manifest';
const DIGEST_BYTES = 32;
const newHash = () => createHash('sha256');

/** The header that gives a manifest back. */
export function manifestHeaders({ manifest }: Pick<StoredHeaders, 'manifest'>): Record<string, string> {
  return manifest === undefined ? {} : { [manifestHeader]: manifest };
}

declare const admitted: unique symbol;

/** What a request brings as its manifest, once the bucket had its say about who signed it. */
export interface AdmittedManifest {
  readonly text: string | undefined;
  /** Made by `admitManifest` alone, so that no way to write can leave the question out. */
  readonly [admitted]: true;
}

/**
 * The manifest of what a request writes. Where the policies of the bucket ask for it, a writer of the tenant's keyring signed
 * it: that is judged before the body is read, with public keys. What else it says is held to the bytes later.
 * @throws Fault ManifestRequired, InvalidArgument
 */
export async function admitManifest(bucket: GovernedBucket, text: string | undefined): Promise<AdmittedManifest> {
  if (bucket.rules.envelopes.manifest === 'signed') await requireWriter(bucket, text);
  return { text } as AdmittedManifest;
}

/** The manifest that the headers of a request bring. */
export function manifestIn(headers: RequestHeaders): string | undefined {
  return headerValue(headers, manifestHeader);
}

/**
 * Where a bucket takes only what is signed: that there is somebody who may sign, which can be said before a body is sent.
 * @throws Fault ManifestRequired
 */
export function requireSomeWriter(bucket: GovernedBucket): void {
  if (bucket.rules.envelopes.manifest === 'signed') requireWriters(bucket);
}

function requireWriters({ rules: { keyring } }: GovernedBucket): readonly VerifyKey[] {
  if (keyring === undefined) {
    throw unsigned('keyring-missing', 'The tenant has published no keyring that could name writers', HOW_TO_PUBLISH);
  }
  const { inUse } = keyring.writers;
  if (inUse.length > 0) return inUse;
  throw unsigned('writer-missing', 'The tenant\'s keyring names no writer (use "sign") that is in use', HOW_TO_PUBLISH);
}

async function requireWriter(bucket: GovernedBucket, text: string | undefined): Promise<void> {
  const manifest = text === undefined ? undefined : parsed(text);
  if (manifest !== undefined && bucket.rules.keyring?.writers.revoked.has(manifest.keyId) === true) {
    throw unsigned('revoked-writer', `The key ${manifest.keyId} that signed the manifest is revoked`, HOW_TO_SIGN);
  }
  const writers = requireWriters(bucket);
  if (manifest === undefined) {
    throw unsigned('manifest-missing', 'The request brings no manifest of a writer', HOW_TO_SIGN);
  }
  try {
    await verifyManifest(manifest, writers);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    throw unsigned(error.code, error.message, HOW_TO_SIGN);
  }
}

const HOW_TO_SIGN =
  'Make a key ("sealgate keys create --use sign"), put it into the keyring ("sealgate keyring add KEY --use sign", then ' +
  '"sealgate keyring publish --root FILE"), and "sealgate put" signs with it.';
const HOW_TO_PUBLISH =
  'Its owner publishes one: "sealgate keyring init ROOT", "sealgate keyring add KEY --use sign", "sealgate keyring publish --root FILE".';

function unsigned(reason: string, why: string, how: string): Fault {
  return new Fault(
    'ManifestRequired',
    `This bucket takes only what a writer of its tenant's keyring signed. ${why.replace(/\.$/, '')}. ${how}`,
    { rule: 'encryption.requireManifest', detail: { Reason: reason } },
  );
}

interface SealedPlace {
  readonly bucket: Pick<Bucket, 'name' | 'tenantName'>;
  readonly key: ObjectKey;
  readonly envelope: ParsedEnvelope | undefined;
  readonly bytes: number;
}

/**
 * Watches a body for what its writer signed about it, when the request brings that: its form and what it is about are
 * checked at once, its root at the end of the body. A manifest that is not right is refused in every bucket: kept, it
 * would make readers refuse the object.
 * @throws Fault InvalidArgument; BadDigest (of `finish`)
 */
export function withManifest(
  watch: SealWatch,
  { headers, manifest: { text } }: { readonly headers: RequestHeaders; readonly manifest: AdmittedManifest },
  place: Omit<SealedPlace, 'envelope'>,
): SealWatch {
  if (text === undefined) return watch;
  const envelope = envelopeIn(headers);
  const manifest = readManifest(text, { ...place, envelope });
  const tree = createBlockTree();
  return hashingLeaves(watch, {
    onLeaf: (leaf) => tree.add(leaf),
    onEnd(facts) {
      requireRoot(manifest, tree.root());
      return facts;
    },
  });
}

type SealFacts = ReturnType<SealWatch['finish']>;

/** The watch, with the leaves of the bytes that it sees, and a last word on what it found. */
function hashingLeaves(
  watch: SealWatch,
  then: { readonly onLeaf: (leaf: Uint8Array) => void; readonly onEnd: (facts: SealFacts) => SealFacts },
): SealWatch {
  const hasher = createLeafHasher(newHash, then.onLeaf);
  return {
    push(chunk) {
      watch.push(chunk);
      hasher.push(chunk);
    },
    finish() {
      const facts = watch.finish();
      hasher.finish();
      return then.onEnd(facts);
    },
  };
}

/** A manifest is taken with the bytes that it is about, and nowhere else. @throws Fault InvalidArgument */
export function refuseManifest(headers: RequestHeaders): void {
  if (headers[manifestHeader] !== undefined)
    throw refused('it comes with the bytes that it is about, or with the completion of their upload');
}

/** Keeps the leaves of a part beside what its inspection found, when the client says that a manifest will come. */
export function withLeaves(watch: SealWatch, headers: RequestHeaders, bytes: number): SealWatch {
  if (headerValue(headers, LEAVES_HEADER) !== 'leaves' || bytes > MANIFEST_PART_BYTES_MAX) return watch;
  const leaves: Uint8Array[] = [];
  return hashingLeaves(watch, {
    onLeaf: (leaf) => void leaves.push(leaf),
    onEnd(facts) {
      if (facts.verdict === null) return facts;
      const found = JSON.parse(facts.verdict) as object;
      return { ...facts, verdict: JSON.stringify({ ...found, leaves: Buffer.concat(leaves).toString('base64url') }) };
    },
  });
}

/**
 * The manifest that comes with a completion, held to the parts as they were received.
 * @throws Fault InvalidArgument, BadDigest
 */
export function manifestOfParts(
  { text }: AdmittedManifest,
  bucket: Pick<Bucket, 'name' | 'tenantName'>,
  { upload, parts }: { readonly upload: UploadRecord; readonly parts: readonly PartRecord[] },
): { readonly manifest?: string } {
  if (text === undefined) return {};
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const envelope = upload.envelope === null ? undefined : parseEnvelope(upload.envelope.encryptedKey);
  const manifest = readManifest(text, { bucket, key: upload.key, envelope, bytes });
  if (parts.slice(0, -1).some((part) => part.bytes % manifestBlockBytes !== 0)) {
    throw refused(`parts but the last must be multiples of ${manifestBlockBytes} bytes`);
  }
  const tree = createBlockTree();
  for (const part of parts) for (const leaf of leavesOf(part)) tree.add(leaf);
  requireRoot(manifest, tree.root());
  return { manifest: text };
}

function* leavesOf({ inspection, bytes }: PartRecord): Generator<Uint8Array> {
  const found = (inspection === null ? {} : JSON.parse(inspection)) as { readonly leaves?: unknown };
  const leaves = Buffer.from(typeof found.leaves === 'string' ? found.leaves : '', 'base64url');
  if (leaves.length !== Math.ceil(bytes / manifestBlockBytes) * DIGEST_BYTES || leaves.length === 0) {
    throw refused(
      `every part must be sent with "${LEAVES_HEADER}: leaves" and have at most ${MANIFEST_PART_BYTES_MAX} bytes`,
    );
  }
  for (let at = 0; at < leaves.length; at += DIGEST_BYTES) yield leaves.subarray(at, at + DIGEST_BYTES);
}

function envelopeIn(headers: RequestHeaders): ParsedEnvelope | undefined {
  try {
    return envelopeFromMetadata(metadataHeaders(headers))?.envelope;
  } catch (error) {
    if (error instanceof SealError) return undefined;
    throw error;
  }
}

/** @throws Fault InvalidArgument */
function readManifest(text: string, { bucket, key, envelope, bytes }: SealedPlace): ParsedManifest {
  if (envelope === undefined) throw refused('it comes without the key envelope that it speaks of');
  const manifest = parsed(text);
  try {
    const names = { tenant: bucket.tenantName, bucket: bucket.name, key };
    checkManifest(manifest, { contextHash: contextHash(names), envelope, bodyLength: bytes });
    return manifest;
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    throw refused(error.message, error.code);
  }
}

/** @throws Fault InvalidArgument */
function parsed(text: string): ParsedManifest {
  try {
    return parseManifest(text);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    throw refused(error.message, error.code);
  }
}

function requireRoot(manifest: ParsedManifest, root: Uint8Array): void {
  if (Buffer.from(manifest.root).equals(root)) return;
  throw new Fault('BadDigest', 'The root in the manifest is not that of the body that was received.', {
    detail: { ArgumentName: manifestHeader },
  });
}

function refused(why: string, reason = 'manifest'): Fault {
  return new Fault('InvalidArgument', `The manifest cannot be kept: ${why}`, {
    detail: { ArgumentName: manifestHeader, Reason: reason },
  });
}
