import { toFault } from '@sealgate/core/faults';
import type { BlobRecord, KeyWrapper, Metadata, ObjectVersion } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';
import type { ManifestBlob, ManifestEncryption, SegmentLine, VersionLine } from './manifest.ts';

export interface LineDeps {
  readonly metadata: Pick<Metadata, 'readDigests' | 'readSegments'>;
  readonly limits: Pick<EngineLimits, 'digestPage' | 'segmentPage'>;
  readonly keys: Pick<KeyWrapper, 'unwrap'>;
}

/** Whether a version has bytes that somebody could restore. Those of one that is just going have no blob any more. */
export function isWhole(version: ObjectVersion): boolean {
  return version.deleteMarker || version.parts > 0 || version.blob !== null;
}

/**
 * What a manifest says of a version: a line, and one for each segment of a multipart one. What the gateway can open
 * it opens here: with the database its wrapped keys would be gone.
 */
export async function* versionLines(deps: LineDeps, version: ObjectVersion): AsyncGenerator<VersionLine | SegmentLine> {
  const { attributes, blob } = version;
  const key = version.key;
  const seq = version.seq.toString();
  yield {
    t: 'v',
    key,
    seq,
    versionId: version.versionId,
    marker: version.deleteMarker,
    bytes: version.bytes,
    etag: version.etag,
    modifiedAtMs: version.modifiedAtMs,
    class: version.redundancyClass,
    verdict: version.verdict,
    headers: version.headers,
    tags: version.tags,
    checksum: version.checksum,
    envelope: version.envelope,
    ownerId: attributes.ownerId,
    acl: attributes.acl,
    retention: attributes.retention,
    legalHold: attributes.legalHold,
    encryption: await encryptionOf(deps, version),
    blob: blob === null ? null : await blobOf(deps, blob),
    parts: version.parts,
  };
  if (version.parts === 0) return;
  for (let offset = 0, known = -1; ; ) {
    const page = await deps.metadata.readSegments(version, offset, deps.limits.segmentPage);
    const fresh = page.filter((segment) => segment.offset > known);
    for (const { partNumber: part, bytes, blob: stored, offset: at } of fresh) {
      yield { t: 's', key, seq, part, offset: at, bytes, blob: await blobOf(deps, stored) };
    }
    const last = fresh.at(-1);
    // A page begins with the segment that holds its offset; the next one begins behind the last of this one.
    if (last === undefined || page.length < deps.limits.segmentPage) return;
    known = last.offset;
    offset = last.offset + last.bytes;
  }
}

async function encryptionOf({ keys }: LineDeps, version: ObjectVersion): Promise<ManifestEncryption | null> {
  const { encryption } = version.attributes;
  if (encryption === null) return null;
  const { kind, wrappedKey, keyVersion } = encryption;
  if (kind === 'SSE-C') return { kind, wrappedKey };
  const place = { bucketId: version.bucketId, key: version.key };
  try {
    const dataKey = await keys.unwrap(place, { wrappedKey, keyVersion });
    return { kind, dataKey: dataKey.export().toString('base64') };
  } catch (error) {
    // One version whose key is lost must not keep all others of the bucket from being recoverable.
    if (toFault(error).code !== 'InternalError') throw error;
    return { kind, dataKey: null };
  }
}

async function blobOf({ metadata, limits }: LineDeps, blob: BlobRecord): Promise<ManifestBlob> {
  const { blobId, bytes, layout, blockBytes } = blob;
  const facts = { id: blobId, bytes, layout, blockBytes };
  if (blob.digests !== null) return { ...facts, digests: Buffer.from(blob.digests).toString('base64') };
  const pages: Uint8Array[] = [];
  for (let first = 0; ; first += limits.digestPage) {
    const page = await metadata.readDigests(blobId, first, limits.digestPage);
    pages.push(page);
    if (page.length < limits.digestPage * 32) break;
  }
  return { ...facts, digests: Buffer.concat(pages).toString('base64') };
}
