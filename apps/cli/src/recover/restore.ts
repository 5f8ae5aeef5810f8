import type { Fault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import { createStoredReader, type StoredPlace } from '@sealgate/engine/recovery';
import type { RecoveryKeys } from './keys.ts';
import { VERSIONS_AT_ONCE, WORK_PAGE } from './limits.ts';
import { type Outcome, openVersion, outcomeOf } from './open-version.ts';
import { segmentOf } from './stored-version.ts';
import type { RecoveryTarget } from './target.ts';
import type { FoundBucket, WorkFile, WorkVersion } from './work-file.ts';

export interface RestoredVersion {
  readonly bucket: FoundBucket;
  readonly version: WorkVersion;
  readonly name: string;
  readonly outcome: Outcome;
  readonly reason: string | undefined;
}

export interface RestoreDeps {
  readonly work: WorkFile;
  readonly keys: RecoveryKeys;
  readonly places: ReadonlyMap<BackendId, StoredPlace>;
  readonly target: RecoveryTarget;
  readonly sealed: boolean;
  readonly versions: boolean;
  readonly signal: AbortSignal;
  readonly onDone: (restored: RestoredVersion) => Promise<void> | void;
  /** Bytes that came in since the last call. */
  readonly onBytes: (bytes: number) => void;
}

/** Restores the chosen versions of one bucket, several at once. One that fails is told of and does not stop the others. */
export async function restoreBucket(deps: RestoreDeps, bucket: FoundBucket): Promise<void> {
  const { work, signal } = deps;
  const reader = createStoredReader({
    places: deps.places,
    segments: (of, offset, limit) =>
      work.segments(bucket.id, of.seq.toString(), offset, limit).map((line) => segmentOf(work, line)),
  });
  for (let after = 0; ; ) {
    const page = work.selected(bucket.id, after, WORK_PAGE);
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.row;
    const waiting = page.values();
    const lane = async (): Promise<void> => {
      for (const version of waiting) {
        signal.throwIfAborted();
        await deps.onDone(await restoreOne({ ...deps, reader }, bucket, version));
      }
    };
    await Promise.all(Array.from({ length: VERSIONS_AT_ONCE }, lane));
  }
}

interface Restoring extends RestoreDeps {
  readonly reader: ReturnType<typeof createStoredReader>;
}

async function restoreOne(deps: Restoring, bucket: FoundBucket, version: WorkVersion): Promise<RestoredVersion> {
  const { work, target, signal } = deps;
  const sealed = deps.sealed && version.line.envelope !== null;
  const name = target.nameOf(bucket, version, { sealed, versions: deps.versions });
  const facts = { bucket, version, name };
  if (work.isRestored(bucket.id, version.line, name) && (await target.has(name, signal))) {
    deps.onBytes(version.line.bytes);
    return { ...facts, outcome: 'already-there', reason: undefined };
  }
  const bad: Fault[] = [];
  let told = 0;
  try {
    const opened = await openVersion({ ...deps, onBad: (fault) => bad.push(fault) }, bucket, version.line);
    const onBytes = (bytes: number): void => {
      deps.onBytes(bytes - told);
      told = bytes;
    };
    work.forgetRestored(bucket.id, version.line, name);
    await target.write(name, opened, { version, signal, onBytes });
    work.noteRestored(bucket.id, version.line, name);
    return { ...facts, outcome: 'restored', reason: undefined };
  } catch (error) {
    signal.throwIfAborted();
    return { ...facts, ...outcomeOf(error, bad) };
  }
}
