import { isFault } from '@sealgate/core/faults';
import {
  contextHash,
  manifestDigest,
  manifestHeader,
  type ObjectNames,
  type ParsedEnvelope,
  type ParsedManifest,
  parseManifest,
  plaintextLengthOf,
  SealError,
} from '@sealgate/sealed/inspect';
import { leavesOf, rootOf, verifyManifest } from '@sealgate/sealed/manifest';
import { signManifest } from '@sealgate/sealed/seal';
import { fromBase64url, toBase64url } from '../bytes.ts';
import { headObject } from '../objects/head.ts';
import type { ObjectTarget } from '../objects/multipart.ts';
import type { PutDeps } from '../put/types.ts';
import { contextOf } from './read-manifest.ts';
import type { SignKey, Writers } from './writers.ts';

/** Asks a gateway to keep the leaves of a part, so that it can check the manifest of the whole. */
const LEAVES_HEADERS = { 'x-sealgate-manifest': 'leaves' } as const;
const DIGEST_BYTES = 32;

/** Signs one object that is being written. */
export interface ObjectSigning {
  /** Of requests with a part of the body. */
  readonly partHeaders: Readonly<Record<string, string>>;
  /** Of a part that begins where a block does; base64url of all its digests. */
  leavesOf(part: Uint8Array): Promise<string>;
  /** The header with the manifest, once all leaves are known. */
  headers(parts: readonly string[], bodyLength: number): Promise<Readonly<Record<string, string>>>;
  /** The object was acknowledged. */
  stored(): Promise<void>;
  /** Id of the key, when a manifest was made. */
  signedBy(): string | undefined;
}

/** Undefined when the owner has no key to sign with. */
export async function signObject(
  deps: Pick<PutDeps, 'transport' | 'writers' | 'now'>,
  names: ObjectNames,
  object: {
    readonly target: ObjectTarget;
    readonly envelope: ParsedEnvelope;
    readonly signal: AbortSignal | undefined;
  },
): Promise<ObjectSigning | undefined> {
  const { writers, now } = deps;
  const key = await writers?.signKey();
  if (writers === undefined || key === undefined) return undefined;
  const context = contextOf(names);
  const before = await previousOf(deps, { writers, key, context, tenant: names.tenant, ...object });
  // By the clock, so that a new writer who knows nothing of before does not begin below what others remember.
  const seq = Math.max(before.seq + 1, now());
  let signed: string | undefined;
  return {
    partHeaders: LEAVES_HEADERS,
    leavesOf: async (part) => toBase64url(joined(await leavesOf(part))),
    async headers(parts, bodyLength) {
      const plaintextLength = plaintextLengthOf(bodyLength);
      if (plaintextLength === undefined) throw new SealError('length-mismatch');
      const { envelopeId, headerDigest } = object.envelope;
      const facts = { contextHash: contextHash(names), envelopeId, headerDigest, bodyLength, plaintextLength };
      const root = rootOf(parts.flatMap(split));
      const issuedAt = Math.floor(now() / 1000);
      signed = await signManifest({ ...facts, root, seq, previous: before.digest, issuedAt }, key);
      return { [manifestHeader]: signed };
    },
    async stored() {
      if (signed === undefined) return;
      await writers.remember(context, { seq, digest: toBase64url(manifestDigest({ text: signed })) });
    },
    signedBy: () => (signed === undefined ? undefined : key.keyId),
  };
}

/** What the new version follows: the one that is there, if a trusted writer signed it, or the highest that was seen. */
async function previousOf(
  deps: Pick<PutDeps, 'transport'>,
  object: {
    readonly writers: Writers;
    readonly key: SignKey;
    readonly context: string;
    readonly tenant: string;
    readonly target: ObjectTarget;
    readonly signal: AbortSignal | undefined;
  },
): Promise<{ readonly seq: number; readonly digest: Uint8Array | null }> {
  const { writers, key, context, tenant, target, signal } = object;
  const [seen, there] = await Promise.all([
    writers.highestSeen(context),
    headObject(deps.transport, target, { signal }).catch((error: unknown) => {
      // Nothing is there, or the writer may not look: it signs by what it remembers.
      if (isFault(error, 'NoSuchKey', 'AccessDenied', 'MethodNotAllowed')) return undefined;
      throw error;
    }),
  ]);
  const known = await trustedManifest(there?.manifest, [...(await writers.trusted(tenant)).keys, key]);
  const remembered = { seq: seen?.seq ?? 0, digest: seen === undefined ? null : (fromBase64url(seen.digest) ?? null) };
  if (known === undefined || known.seq < remembered.seq) return remembered;
  return { seq: known.seq, digest: manifestDigest(known) };
}

async function trustedManifest(
  text: string | undefined,
  keys: Parameters<typeof verifyManifest>[1],
): Promise<ParsedManifest | undefined> {
  if (text === undefined) return undefined;
  try {
    const manifest = parseManifest(text);
    await verifyManifest(manifest, keys);
    return manifest;
  } catch (error) {
    // Whatever it is, it is about to be replaced.
    if (error instanceof SealError) return undefined;
    throw error;
  }
}

function joined(leaves: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(leaves.length * DIGEST_BYTES);
  leaves.forEach((leaf, index) => bytes.set(leaf, index * DIGEST_BYTES));
  return bytes;
}

function split(part: string): Uint8Array[] {
  const bytes = fromBase64url(part) ?? new Uint8Array();
  return Array.from({ length: bytes.length / DIGEST_BYTES }, (_, i) =>
    bytes.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES),
  );
}
