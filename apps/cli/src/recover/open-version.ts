import { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { type Fault, isFault } from '@sealgate/core/faults';
import type { createStoredReader, ManifestHeader, VersionLine } from '@sealgate/engine/recovery';
import { parseEnvelope } from '@sealgate/sealed/inspect';
import { openStream, SealError } from '@sealgate/sealed/open';
import type { RecoveryKeys } from './keys.ts';
import { dataKeyOf, versionOf } from './stored-version.ts';
import type { FoundBucket, WorkFile } from './work-file.ts';

/** The seal that our own clients make. */
export const SGO1 = 'sgo1/floe-a256gcm-64k';

export type Outcome =
  | 'restored'
  /** An earlier run did it. */
  | 'already-there'
  /** Bytes are there, the key for them is not. */
  | 'unreadable'
  /** Too few good copies or shards are left. */
  | 'missing'
  /** What is there is not what was stored. */
  | 'damaged'
  | 'failed';

/** Why a version could not be restored. */
export class RecoverError extends Error {
  override readonly name = 'RecoverError';
  readonly outcome: Outcome;

  constructor(outcome: Outcome, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.outcome = outcome;
  }
}

export interface OpenedVersion {
  readonly body: ReadableStream<Uint8Array>;
  readonly bytes: number;
  /** It is given out as it was stored, sealed. */
  readonly sealed: boolean;
}

export interface OpenVersionDeps {
  readonly work: WorkFile;
  readonly keys: RecoveryKeys;
  readonly reader: ReturnType<typeof createStoredReader>;
  /** Give sealed objects as they are stored. */
  readonly sealed: boolean;
  readonly signal: AbortSignal;
  /** Told of copies and shards that were refused. */
  readonly onBad: (fault: Fault) => void;
}

/** The bytes of a version as its owner put them: verified block by block, decrypted, its seal opened. @throws RecoverError, SealError, Fault */
export async function openVersion(
  deps: OpenVersionDeps,
  bucket: FoundBucket,
  line: VersionLine,
): Promise<OpenedVersion> {
  const { work, reader, signal, onBad } = deps;
  const dataKey = dataKeyOf(line);
  if (line.encryption !== null && dataKey === undefined) {
    const reason =
      line.encryption.kind === 'SSE-C'
        ? 'It is encrypted with a key that its client sent and that was kept nowhere (SSE-C).'
        : 'The gateway could not open its data key any more.';
    throw new RecoverError('unreadable', reason);
  }
  if (line.bytes === 0) return { body: streamFrom(nothing()), bytes: 0, sealed: false };
  // The number stands for the bucket here: segments are found by it.
  const version = versionOf(work, bucket.id, line);
  const stored = streamFrom(reader.read(version, { signal, onBad, ...(dataKey === undefined ? {} : { dataKey }) }));
  if (line.envelope === null || deps.sealed || line.envelope.encryptionAlg !== SGO1) {
    return { body: stored, bytes: line.bytes, sealed: line.envelope !== null };
  }
  const envelope = parseEnvelope(line.envelope.encryptedKey);
  const keys = await deps.keys.unlock(envelope.recipients.map(({ keyId }) => keyId));
  if (keys.length === 0) {
    await stored.cancel();
    throw new RecoverError('unreadable', 'It is sealed to other keys than those at hand.');
  }
  const opened = await openStream(stored, {
    envelope,
    keys,
    names: namesOf(bucket.header, line),
    bodyLength: line.bytes,
    signal,
  });
  return { body: opened.plaintext, bytes: opened.plaintextLength ?? 0, sealed: false };
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  await Promise.resolve();
}

function streamFrom(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return NodeReadableStream.from(chunks) as ReadableStream<Uint8Array>;
}

function namesOf({ tenant, bucket }: ManifestHeader, { key }: VersionLine) {
  return { tenant, bucket, key };
}

/** @param bad what copies and shards were refused for during the read */
export function outcomeOf(
  error: unknown,
  bad: readonly Fault[],
): { readonly outcome: Outcome; readonly reason: string } {
  if (error instanceof RecoverError) return { outcome: error.outcome, reason: error.message };
  if (error instanceof SealError) {
    return {
      outcome: error.code === 'wrong-key' || error.code === 'wrong-passphrase' ? 'unreadable' : 'damaged',
      reason: error.message,
    };
  }
  if (isFault(error, 'DataUnavailable')) {
    const corrupt = bad.some(({ code }) => code === 'BackendCorrupt');
    return corrupt
      ? { outcome: 'damaged', reason: 'What is left of it is not what was stored.' }
      : { outcome: 'missing', reason: 'Too few copies or shards of it are left.' };
  }
  if (isFault(error, 'InternalError')) return { outcome: 'damaged', reason: error.message };
  return { outcome: 'failed', reason: error instanceof Error ? error.message : String(error) };
}
