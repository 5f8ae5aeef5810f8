import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Fault, isFault, toFault } from '@sealgate/core/faults';
import { blockBytesFor } from '@sealgate/core/limits';
import type { BackendId, BlobId, PhysicalBucketName } from '@sealgate/core/names';
import type { BackendDriver, EnvelopeRecord } from '@sealgate/core/ports';
import { verifyStrip } from '../read/verify-strip.ts';
import { blobKey } from '../write/blob-key.ts';
import { createBlockDigester } from '../write/block-digester.ts';
import type { DirectDeps, UploadWatch } from './types.ts';

/** What all copies of an upload are, found out by reading one of them to its end. */
export interface UploadProof {
  readonly bytes: number;
  readonly blockBytes: number;
  readonly digests: Buffer;
  readonly md5: Buffer;
  readonly sha256: Buffer;
  readonly verdict: string | null;
  readonly envelope: EnvelopeRecord | null;
}

/** What the client told of its bytes; null: nothing. */
interface ToldDigests {
  readonly md5: Uint8Array | null;
  readonly sha256: Uint8Array | null;
}

export interface CopyPlace {
  readonly backend: BackendId;
  readonly bucket: PhysicalBucketName;
  readonly key: string;
}

/** Takes bytes as they come and says at the end what they are. */
export interface ProofTaker {
  push(chunk: Buffer): void;
  /** @throws Fault BadDigest, and what the watch throws */
  finish(): UploadProof;
}

export function createProofTaker(
  bytes: number,
  expected: { readonly told: readonly ToldDigests[]; readonly watch: UploadWatch; readonly blockBytesMin: number },
): ProofTaker {
  const { told, watch } = expected;
  const blockBytes = blockBytesFor(bytes, expected.blockBytesMin);
  const blocks = createBlockDigester(blockBytes);
  const [md5, sha256] = [createHash('md5'), createHash('sha256')];
  return {
    push(chunk) {
      watch.push(chunk);
      blocks.push(chunk);
      md5.update(chunk);
      sha256.update(chunk);
    },
    finish() {
      const found = { md5: md5.digest(), sha256: sha256.digest() };
      for (const name of ['md5', 'sha256'] as const) {
        const wrong = told.some(({ [name]: wanted }) => wanted !== null && !found[name].equals(wanted));
        if (wrong) throw new Fault('BadDigest', `What landed has another ${name} than was announced.`);
      }
      return { bytes, blockBytes, digests: blocks.finish(), ...found, ...watch.finish() };
    },
  };
}

/** The chunks of a copy, each within the patience of a reader. */
export async function* readCopy(
  { clock, limits }: Pick<DirectDeps, 'clock' | 'limits'>,
  driver: BackendDriver,
  place: Omit<CopyPlace, 'backend'> & { readonly bytes: number; readonly signal: AbortSignal },
): AsyncGenerator<Buffer> {
  const late = new AbortController();
  const patience = (): (() => void) =>
    clock.schedule(limits.readBlockMs, () =>
      late.abort(new Fault('BackendTimeout', 'The storage location did not answer in time.')),
    );
  let cancel = patience();
  let body: Readable | undefined;
  try {
    const signal = AbortSignal.any([place.signal, late.signal]);
    const opened = await driver.get(place.bucket, place.key, { signal });
    body = opened.body;
    if (opened.totalBytes !== place.bytes) throw wrongSize(opened.totalBytes, place.bytes);
    let left = place.bytes;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      cancel();
      left -= chunk.length;
      yield chunk;
      cancel = patience();
    }
    if (left !== 0) throw wrongSize(place.bytes - left, place.bytes);
  } finally {
    cancel();
    body?.destroy();
  }
}

/** Another fault than of a broken backend: what the client put there is not what it said. */
function wrongSize(found: number, wanted: number): Fault {
  return new Fault('IncompleteBody', `What landed has ${found} bytes, and ${wanted} were announced.`);
}

/**
 * Reads copies until one was read to its end. Those that are not there, or whose backend does not answer, are passed over;
 * one that is there and is not what was announced ends it: the client, and not a backend, put it there.
 */
export async function proveOne(
  deps: DirectDeps,
  places: readonly CopyPlace[],
  options: { readonly bytes: number; readonly taker: () => ProofTaker; readonly signal: AbortSignal },
): Promise<{ readonly proof: UploadProof; readonly place: CopyPlace } | undefined> {
  for (const place of places) {
    const driver = deps.pool.driver(place.backend);
    if (driver === undefined) continue;
    const taker = options.taker();
    try {
      for await (const chunk of readCopy(deps, driver, { ...place, ...options })) taker.push(chunk);
    } catch (error) {
      if (!isAbsent(error)) throw named(error, place.backend);
      options.signal.throwIfAborted();
      noteFailure(deps, place.backend, error);
      continue;
    }
    return { proof: taker.finish(), place };
  }
  return undefined;
}

/** Whether another copy holds the same bytes: by the digest that its backend computed, else by reading it. */
export async function proveAnother(
  deps: DirectDeps,
  place: CopyPlace,
  options: { readonly blobId: BlobId; readonly proof: UploadProof; readonly signal: AbortSignal },
): Promise<boolean> {
  const { proof, blobId, signal } = options;
  const driver = deps.pool.driver(place.backend);
  if (driver === undefined) return false;
  try {
    const head = await driver.head(place.bucket, place.key, { signal, checksum: true });
    if (head === undefined) return false;
    if (head.bytes !== proof.bytes) throw wrongSize(head.bytes, proof.bytes);
    if (head.sha256 !== undefined) {
      if (!proof.sha256.equals(head.sha256)) throw otherBytes();
      return true;
    }
    const blob = { blobId, bytes: proof.bytes, layout: { kind: 'copies' } as const, blockBytes: proof.blockBytes };
    await verifyStrip(driver, place.bucket, { blob, shard: 0, digests: proof.digests, signal });
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (isFault(error, 'BackendCorrupt')) throw named(otherBytes(), place.backend);
    if (!isAbsent(error)) throw named(error, place.backend);
    noteFailure(deps, place.backend, error);
    return false;
  }
}

export function copyPlace(backend: BackendId, bucket: PhysicalBucketName, blobId: BlobId): CopyPlace {
  return { backend, bucket, key: blobKey(blobId, 0) };
}

function otherBytes(): Fault {
  return new Fault('BadDigest', 'The copies that landed are not alike.');
}

/** Nothing is known of a copy there, or it is known not to be there. */
function isAbsent(error: unknown): boolean {
  return isFault(error, 'BlobMissing', 'BackendUnreachable', 'BackendTimeout', 'BackendRefused');
}

function noteFailure({ pool }: DirectDeps, backend: BackendId, error: unknown): void {
  const { code } = toFault(error);
  // That a client did not put something there says nothing about the backend.
  if (code !== 'BlobMissing') pool.report(backend, { kind: 'failed', code });
}

/** Says where. The id of a backend is in the plan, so its client knows it. */
function named(error: unknown, backend: BackendId): unknown {
  if (!isFault(error, 'IncompleteBody', 'BadDigest')) return error;
  return new Fault(error.code, `${backend}: ${error.message}`, { detail: { ...error.detail, backend } });
}
