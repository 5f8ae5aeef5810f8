import type { Acl, BlobLayout, Checksum, EnvelopeRecord, Retention, StoredHeaders } from '@sealgate/core/ports';

// What a recovery manifest says (docs/spec/recovery.md): lines of JSON in sealed documents. Written by the engine, read by
// the command line; numbers that may not fit a double are decimal text, bytes are base64.

/** Documents of recovery manifests lie under this prefix, in the physical buckets of what they describe. */
export const MANIFEST_PREFIX = 'r/';
export const MANIFEST_FORMAT = 'sealgate-recovery-1';

/** First line of every document. */
export interface ManifestHeader {
  readonly format: typeof MANIFEST_FORMAT;
  readonly tenant: string;
  readonly bucket: string;
  readonly bucketId: number;
  readonly region: string;
  readonly encryption: string;
  readonly versioning: string;
  readonly generation: string;
  /** `base`: versions as they were; `delta`: what changed since. */
  readonly kind: 'base' | 'delta';
  /** Place in the generation, from 0. */
  readonly number: number;
  /** SHA-256 of the document before as it is stored, hex; null for the first one. */
  readonly previous: string | null;
  /** Everything that the log had up to this number is in the documents up to this one. Of a base: up to its last one. */
  readonly through: string;
  readonly writtenAtMs: number;
  /** Where blobs of the bucket may lie: physical bucket by backend. */
  readonly physical: Readonly<Record<string, string>>;
}

export interface ManifestBlob {
  readonly id: string;
  readonly bytes: number;
  readonly layout: BlobLayout;
  readonly blockBytes: number;
  /** SHA-256 of each block (of each cell of each shard), joined. */
  readonly digests: string;
}

/** How the gateway encrypted a version. */
export type ManifestEncryption =
  /** The data key itself; null when the gateway could not open it either. */
  | { readonly kind: 'SSE-S3'; readonly dataKey: string | null }
  /** Under a key that only the client has. */
  | { readonly kind: 'SSE-C'; readonly wrappedKey: string };

/** A version as it is now; takes the place of an earlier line about it. */
export interface VersionLine {
  readonly t: 'v';
  readonly key: string;
  readonly seq: string;
  readonly versionId: string;
  readonly marker: boolean;
  readonly bytes: number;
  readonly etag: string;
  readonly modifiedAtMs: number;
  readonly class: string;
  readonly verdict: string | null;
  readonly headers: StoredHeaders;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly checksum: Checksum | null;
  readonly envelope: EnvelopeRecord | null;
  readonly ownerId: string | null;
  readonly acl: Acl | null;
  readonly retention: Retention | null;
  readonly legalHold: boolean | null;
  readonly encryption: ManifestEncryption | null;
  /** Of a version put whole. */
  readonly blob: ManifestBlob | null;
  /** 0, or how many segment lines follow. */
  readonly parts: number;
}

export interface SegmentLine {
  readonly t: 's';
  readonly key: string;
  readonly seq: string;
  readonly part: number;
  readonly offset: number;
  readonly bytes: number;
  readonly blob: ManifestBlob;
}

/** What is true of a key's other versions: which one is the null version now, and which ones are gone. */
export interface KeyLine {
  readonly t: 'k';
  readonly key: string;
  readonly null: string | null;
  readonly gone: readonly string[];
}

/** Last line of every document. */
export interface EndLine {
  readonly t: 'end';
  /** Lines between the first and this one. */
  readonly lines: number;
  /** The base (or the change) goes on in the next document. */
  readonly more: boolean;
  /** Signature lines of a note about the document (docs/spec/recovery.md); absent: nobody signed it. */
  readonly signature?: string;
}

export type ManifestLine = VersionLine | SegmentLine | KeyLine;

/** Name of a document. The digest keeps two writers of one number apart and shows damage without a key. */
export function manifestKey(generation: string, number: number, sha256Hex: string): string {
  return `${MANIFEST_PREFIX}${generation}/${String(number).padStart(8, '0')}-${sha256Hex.slice(0, 32)}`;
}

const KEY_FORM = /^r\/([0-9a-f]{12}-[0-9a-f]{8})\/(\d{8})-([0-9a-f]{32})$/;

/** The parts of such a name; undefined for any other. */
export function parseManifestKey(
  key: string,
): { readonly generation: string; readonly number: number; readonly sha256Start: string } | undefined {
  const [, generation, number, sha256Start] = KEY_FORM.exec(key) ?? [];
  if (generation === undefined || number === undefined || sha256Start === undefined) return undefined;
  return { generation, number: Number(number), sha256Start };
}

/** Names of generations order by time. */
export function generationName(nowMs: number, random: Uint8Array): string {
  return `${nowMs.toString(16).padStart(12, '0')}-${Buffer.from(random.subarray(0, 4)).toString('hex')}`;
}
