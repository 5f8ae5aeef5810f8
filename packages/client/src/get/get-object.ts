import type { BucketName } from '@sealgate/core/names/objects';
import type { ParsedManifest } from '@sealgate/sealed/inspect';
import { requireRoot, withRoot } from '@sealgate/sealed/manifest';
import { type OpenOptions, openRanges, openStream, SealError } from '@sealgate/sealed/open';
import type { Keyring } from '../keyring.ts';
import { BACKOFF_FIRST_MS } from '../limits.ts';
import { readManifest } from '../manifest/read-manifest.ts';
import type { Writers } from '../manifest/writers.ts';
import { headObject, type ObjectInfo, objectInfo } from '../objects/head.ts';
import type { ObjectTarget } from '../objects/multipart.ts';
import { readExactly, streamOf } from '../streams.ts';
import type { Transport } from '../transport/transport.ts';
import { type ByteRange, resolveByteRange } from './byte-range.ts';
import { createRangeOpener, type OpenRange } from './ranges.ts';
import { type BodyOpener, resumingBody, takeBody } from './resuming-body.ts';

export interface GetOptions {
  /** Bytes of the plaintext; the whole object when not given. */
  readonly range?: ByteRange | undefined;
  readonly versionId?: string | undefined;
  /** Takes a version that is older than one that was seen before. */
  readonly allowOlder?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OpenedObject {
  readonly info: ObjectInfo;
  /** Who signed it, when a trusted writer did. Of a range only the signature was checked, not that all bytes are those signed. */
  readonly manifest: ParsedManifest | undefined;
  /** Bytes that `body` will bring. */
  readonly bytes: number;
  /**
   * The bytes. Of a sealed object each chunk was authenticated before it is handed out, and the end is reached only
   * when the whole was; until then the chunks are no more than a prefix. Fails with a SealError or a Fault.
   */
  readonly body: ReadableStream<Uint8Array>;
}

export interface RawGetDeps {
  readonly transport: Transport;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export interface GetDeps extends RawGetDeps {
  /** The name of the tenant that owns the bucket: every envelope is bound to it. */
  readonly tenantOf: (bucket: BucketName) => Promise<string>;
  readonly keys: Keyring;
  readonly writers: Writers | undefined;
}

/** @throws SealError `not-sealed` for an object without an envelope, and what openStream throws; Fault */
export async function getSealed(deps: GetDeps, target: ObjectTarget, options: GetOptions): Promise<OpenedObject> {
  if (options.range !== undefined) return getSealedRange(deps, target, { ...options, range: options.range });
  const { info, body, cancel } = await openWhole(deps, target, options);
  try {
    const { manifest, ...open } = await openOptions(deps, target, { info, options });
    // Compared before the last chunk goes on, so that no opened body ends that is not the signed one.
    const signed = manifest === undefined ? body : withRoot(body, (root) => requireRoot(manifest, root));
    const opened = await openStream(signed, open);
    return { info, manifest, bytes: opened.plaintextLength ?? 0, body: opened.plaintext };
  } catch (error) {
    await body.return();
    // A generator that nobody has begun has nothing to end: the connection would stay busy until it times out.
    await cancel();
    throw error;
  }
}

/** Any object as it is stored. @throws Fault */
export async function getRaw(deps: RawGetDeps, target: ObjectTarget, options: GetOptions): Promise<OpenedObject> {
  const { range, signal } = options;
  if (range === undefined) {
    const { info, body } = await openWhole(deps, target, options);
    return { info, manifest: undefined, bytes: info.bytes, body: streamOf(body) };
  }
  const info = await headObject(deps.transport, target, options);
  const { start, end } = resolveByteRange(range, info.bytes);
  const openRange = createRangeOpener(deps.transport, target, info);
  const body = await resumable(deps, { start, end, openRange, signal });
  return { info, manifest: undefined, bytes: end - start, body: streamOf(body) };
}

async function getSealedRange(
  deps: GetDeps,
  target: ObjectTarget,
  options: GetOptions & { readonly range: ByteRange },
): Promise<OpenedObject> {
  const { signal } = options;
  const info = await headObject(deps.transport, target, options);
  const openRange = createRangeOpener(deps.transport, target, info);
  const { manifest, ...open } = await openOptions(deps, target, { info, options });
  const reader = await openRanges(
    async (start, end, rangeSignal) => {
      const body = await resumable(deps, { start, end, openRange, signal: rangeSignal });
      return readExactly(body, end - start, () => new SealError('truncated'));
    },
    { ...open, bodyLength: info.bytes },
  );
  const { start, end } = resolveByteRange(options.range, reader.plaintextLength);
  return {
    info,
    manifest,
    bytes: end - start,
    body: reader.stream(start, end, signal === undefined ? {} : { signal }),
  };
}

async function openWhole(
  deps: RawGetDeps,
  target: ObjectTarget,
  { signal, versionId }: GetOptions,
): Promise<{
  readonly info: ObjectInfo;
  readonly body: AsyncGenerator<Uint8Array, void, undefined>;
  readonly cancel: () => Promise<void>;
}> {
  // A stored Content-Encoding would make fetch decode the body: what is asked for is the bytes as they are stored.
  const query = { 'response-content-encoding': 'identity', ...(versionId === undefined ? {} : { versionId }) };
  const response = await deps.transport.send({ method: 'GET', target, query, signal });
  const first = takeBody(response);
  try {
    const info = objectInfo(response.headers);
    const openRange = createRangeOpener(deps.transport, target, info);
    return {
      info,
      cancel: () => first.cancel().catch(() => undefined),
      body: resumingBody(first, info.bytes, reopener(deps, { start: 0, end: info.bytes, openRange, signal })),
    };
  } catch (error) {
    await first.cancel();
    throw error;
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly openRange: OpenRange;
  readonly signal: AbortSignal | undefined;
}

async function resumable(deps: RawGetDeps, span: Span): Promise<AsyncGenerator<Uint8Array, void, undefined>> {
  const first = await span.openRange(span.start, span.end, span.signal);
  return resumingBody(first, span.end - span.start, reopener(deps, span));
}

function reopener(deps: RawGetDeps, { start, end, openRange, signal }: Span): BodyOpener {
  return {
    openFrom: (offset) => openRange(start + offset, end, signal),
    pause: (interruption) => deps.sleep(BACKOFF_FIRST_MS * 2 ** interruption, signal),
    signal,
  };
}

async function openOptions(
  deps: GetDeps,
  target: ObjectTarget,
  { info, options }: { readonly info: ObjectInfo; readonly options: GetOptions },
): Promise<OpenOptions & { readonly manifest: ParsedManifest | undefined }> {
  if (info.seal === undefined) throw new SealError('not-sealed');
  const { envelope } = info.seal;
  const names = { tenant: await deps.tenantOf(target.bucket), bucket: target.bucket, key: target.key };
  const older = options.allowOlder === true || options.versionId !== undefined;
  const manifest = await readManifest(deps.writers, names, {
    text: info.manifest,
    envelope,
    bodyLength: info.bytes,
    older,
  });
  const keys = await deps.keys.unlock(envelope.recipients.map(({ keyId }) => keyId));
  return { envelope, keys, names, bodyLength: info.bytes, signal: options.signal, manifest };
}
