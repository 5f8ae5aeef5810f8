import { createHash, randomBytes } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import { VERSIONS_AT_ONCE_MAX } from '@sealgate/core/limits';
import type { ObjectKey } from '@sealgate/core/names';
import type { Backend, Bucket, Metadata, ObjectVersion } from '@sealgate/core/ports';
import { type DocumentRecipient, sealedDocument } from '../documents/index.ts';
import {
  type EndLine,
  type KeyLine,
  MANIFEST_FORMAT,
  type ManifestHeader,
  type ManifestLine,
  manifestKey,
} from './manifest.ts';
import { type StoreDeps, storeDocument } from './manifest-store.ts';
import type { ManifestBuilding, ManifestChain } from './position.ts';
import { type ManifestSigner, signManifest } from './signature.ts';
import { isWhole, type LineDeps, versionLines } from './version-lines.ts';

export interface WriteManifestDeps extends StoreDeps, LineDeps {
  readonly metadata: Pick<Metadata, 'readDigests' | 'readSegments' | 'walkVersions' | 'versionsAt' | 'physicalBuckets'>;
  readonly limits: StoreDeps['limits'];
  /** Undefined: documents are not signed. */
  readonly manifestSigner?: ManifestSigner;
}

/** Where documents of one bucket go, and who may read them. */
export interface ManifestOutput {
  readonly bucket: Bucket;
  readonly recipients: readonly DocumentRecipient[];
  readonly targets: readonly Backend[];
  readonly signal: AbortSignal;
}

export interface TouchedVersion {
  readonly key: ObjectKey;
  readonly seq: bigint;
}

/**
 * The next page of a base: the versions behind where its walk stands, in one document or more. Not a picture of one
 * moment: what changes while it is written is in the deltas that follow, which begin where the log stood before.
 *
 * @returns undefined when the last page was written before
 */
export async function writeBasePage(
  deps: WriteManifestDeps,
  output: ManifestOutput,
  building: ManifestBuilding,
): Promise<{ readonly building: ManifestBuilding; readonly done: boolean }> {
  const { bucket } = output;
  const after = building.after === null ? null : { key: building.after.key, seq: BigInt(building.after.seq) };
  const page = await deps.metadata.walkVersions({
    bucketId: bucket.id,
    prefix: '',
    after,
    limit: VERSIONS_AT_ONCE_MAX,
  });
  const found = await deps.metadata.versionsAt(bucket.id, page.versions);
  const places = new Map(page.versions.map(({ seq }, index) => [seq, index]));
  // Null versions of these keys come along; the walk meets them itself.
  const versions = found
    .filter((version) => places.has(version.seq) && isWhole(version))
    .sort((a, b) => (places.get(a.seq) ?? 0) - (places.get(b.seq) ?? 0));
  const document = { kind: 'base', through: building.through, more: page.more } as const;
  const written = await writeDocuments(deps, output, { chain: building, document, lines: linesOf(deps, versions) });
  const last = page.versions.at(-1);
  const walked = last === undefined ? building.after : { key: last.key, seq: last.seq.toString() };
  const next = { ...written.chain, after: walked, baseBytes: building.baseBytes + written.bytes };
  return { building: next, done: !page.more };
}

/** What is true now of versions that the log says were touched. */
export async function writeDelta(
  deps: WriteManifestDeps,
  output: ManifestOutput,
  request: { readonly chain: ManifestChain; readonly touched: readonly TouchedVersion[]; readonly through: bigint },
): Promise<ManifestChain> {
  const { chain, touched, through } = request;
  const document = { kind: 'delta', through: through.toString(), more: false } as const;
  const lines = deltaLines(deps, output.bucket.id, touched);
  const written = await writeDocuments(deps, output, { chain, document, lines });
  return {
    ...written.chain,
    targets: [...new Set([...chain.targets, ...output.targets.map(({ id }) => id)])],
    through: document.through,
    deltas: chain.deltas + 1,
    deltaBytes: chain.deltaBytes + written.bytes,
  };
}

async function* linesOf(deps: LineDeps, versions: readonly ObjectVersion[]): AsyncGenerator<ManifestLine> {
  for (const version of versions) yield* versionLines(deps, version);
}

async function* deltaLines(
  deps: WriteManifestDeps,
  bucketId: number,
  touched: readonly TouchedVersion[],
): AsyncGenerator<ManifestLine> {
  const byPlace = new Map(touched.map((place) => [`${place.seq}/${place.key}`, place]));
  const places = [...byPlace.values()];
  for (let at = 0; at < places.length; at += VERSIONS_AT_ONCE_MAX) {
    const asked = places.slice(at, at + VERSIONS_AT_ONCE_MAX);
    const found = (await deps.metadata.versionsAt(bucketId, asked)).filter(isWhole);
    for (const line of keyLines(asked, found)) yield line;
    yield* linesOf(deps, found);
  }
}

function* keyLines(asked: readonly TouchedVersion[], found: readonly ObjectVersion[]): Generator<KeyLine> {
  const there = new Set(found.map(({ key, seq }) => `${seq}/${key}`));
  const nulls = new Map(found.filter(({ versionId }) => versionId === 'null').map(({ key, seq }) => [key, seq]));
  const gone = new Map<ObjectKey, string[]>();
  for (const { key, seq } of asked) {
    const list = gone.get(key) ?? [];
    if (!there.has(`${seq}/${key}`)) list.push(seq.toString());
    gone.set(key, list);
  }
  for (const [key, seqs] of gone) yield { t: 'k', key, null: nulls.get(key)?.toString() ?? null, gone: seqs };
}

interface Documents {
  readonly chain: ManifestChain;
  readonly document: Pick<ManifestHeader, 'kind' | 'through'> & { readonly more: boolean };
  readonly lines: AsyncIterable<ManifestLine>;
}

/** At least one document, so that an empty base is one too. Each holds what fits, and what is being made is all that is held. */
async function writeDocuments<C extends ManifestChain>(
  deps: WriteManifestDeps,
  output: ManifestOutput,
  documents: Documents & { readonly chain: C },
): Promise<{ readonly chain: C; readonly bytes: number }> {
  let { chain } = documents;
  let bytes = 0;
  let held: string[] = [];
  let heldChars = 0;
  const flush = async (more: boolean): Promise<void> => {
    const document = { ...documents.document, more };
    const stored = await writeDocument(deps, output, { chain, document, lines: held });
    chain = { ...chain, documents: chain.documents + 1, last: stored.sha256, writtenAtMs: deps.clock.now() };
    bytes += stored.bytes;
    held = [];
    heldChars = 0;
  };
  for await (const line of documents.lines) {
    const text = JSON.stringify(line);
    if (heldChars > 0 && heldChars + text.length > deps.limits.manifestDocumentBytes) await flush(true);
    held.push(text);
    heldChars += text.length;
  }
  await flush(documents.document.more);
  return { chain, bytes };
}

async function writeDocument(
  deps: WriteManifestDeps,
  { bucket, recipients, targets, signal }: ManifestOutput,
  request: {
    readonly chain: ManifestChain;
    readonly document: Documents['document'];
    readonly lines: readonly string[];
  },
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const { chain, document, lines } = request;
  const physical = await deps.metadata.physicalBuckets(bucket.id);
  const header: ManifestHeader = {
    format: MANIFEST_FORMAT,
    tenant: bucket.tenantName,
    bucket: bucket.name,
    bucketId: bucket.id,
    region: bucket.region,
    encryption: bucket.encryption,
    versioning: bucket.versioning,
    generation: chain.generation,
    kind: document.kind,
    number: chain.documents,
    previous: chain.last,
    through: document.through,
    writtenAtMs: deps.clock.now(),
    physical: Object.fromEntries(physical),
  };
  const before = [JSON.stringify(header), ...lines, ''].join('\n');
  const end: EndLine = { t: 'end', lines: lines.length, more: document.more };
  const signer = deps.manifestSigner;
  const signed = signer === undefined ? end : { ...end, signature: await signManifest(signer, before, end) };
  const sealed = await sealedDocument(Buffer.from(`${before}${JSON.stringify(signed)}\n`), {
    purpose: 'recovery-manifest',
    recipients,
    // A key, not an id: never from a seed, nor from bytes that were drawn before.
    random: randomBytes,
  });
  const sha256 = createHash('sha256').update(sealed).digest('hex');
  const key = manifestKey(chain.generation, chain.documents, sha256);
  if (signal.aborted) throw new Fault('OperationAborted', 'The writing of a manifest was called off.');
  await storeDocument(deps, { bucket, targets, key, document: sealed, signal });
  return { sha256, bytes: sealed.length };
}
