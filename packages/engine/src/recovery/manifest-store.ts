import { createHash } from 'node:crypto';
import { Fault, toFault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import { explain } from '@sealgate/core/placement';
import type { Backend, BackendPool, Bucket, Clock } from '@sealgate/core/ports';
import type { EngineLimits } from '../limits.ts';
import type { PhysicalBuckets } from '../placement/physical-buckets.ts';
import type { Policies } from '../placement/policies.ts';
import { MANIFEST_PREFIX } from './manifest.ts';

export interface StoreDeps {
  readonly pool: BackendPool;
  readonly clock: Clock;
  readonly limits: EngineLimits;
  readonly physical: PhysicalBuckets;
  readonly policies: Policies;
}

/** Copies of every document that must be there before anything depends on it. */
const COPIES_MIN = 2;
/** More would cost writes with every change and save little. */
const TARGETS_MAX = 8;

/**
 * Backends that may hold a bucket's manifest: those that its policy allows for its blobs. First those that hold blobs of
 * it already.
 */
export async function manifestTargets(
  deps: StoreDeps,
  bucket: Bucket,
  holding: ReadonlySet<BackendId>,
): Promise<readonly Backend[]> {
  const policy = await deps.policies.forBucket(bucket);
  const allowed = explain(policy, deps.pool.all(), { regionLock: bucket.regionLock })
    .filter(({ verdict }) => verdict.ok)
    .map(({ backend }) => backend);
  const there = allowed.filter(({ id }) => holding.has(id));
  const writable = deps.pool.writable();
  const others = allowed.filter(({ id }) => !holding.has(id) && writable.has(id));
  const wanted = Math.max(COPIES_MIN, Math.min(there.length, TARGETS_MAX));
  const ready = there.filter(({ id }) => writable.has(id));
  const targets = [...ready, ...others].slice(0, wanted);
  if (targets.length === 0) throw new Fault('NoLegalPlacement', 'No storage location can take the recovery manifest.');
  return targets;
}

/**
 * Stores a document on every target that takes it and reads each copy back.
 * @returns the backends that hold it
 * @throws Fault AckRuleFailed when too few do
 */
export async function storeDocument(
  deps: StoreDeps,
  request: {
    readonly bucket: Bucket;
    readonly targets: readonly Backend[];
    readonly key: string;
    readonly document: Buffer;
    readonly signal: AbortSignal;
  },
): Promise<readonly BackendId[]> {
  const { document, key, bucket, targets } = request;
  const sha256 = createHash('sha256').update(document).digest();
  const md5 = createHash('md5').update(document).digest();
  const stored = await Promise.all(
    targets.map((backend) =>
      onBackend(deps, backend.id, request.signal, async (driver, signal) => {
        const name = await deps.physical.ensure(bucket, backend, signal);
        await driver.put(name, key, { body: document, bytes: document.length, md5, sha256, signal });
        const opened = await driver.get(name, key, { signal });
        const found = createHash('sha256');
        for await (const chunk of opened.body as AsyncIterable<Buffer>) found.update(chunk);
        if (!found.digest().equals(sha256)) throw new Fault('BackendCorrupt', 'A manifest reads back different.');
        return true;
      }),
    ),
  );
  const holders = targets.filter((_, index) => stored[index] === true).map(({ id }) => id);
  if (holders.length >= Math.min(COPIES_MIN, targets.length)) return holders;
  throw new Fault('AckRuleFailed', 'Too few storage locations took the recovery manifest.');
}

/**
 * Removes every document of a bucket's manifests but those of one generation, and all of them where `keep` has no copy.
 * @returns the backends that could not be cleaned now
 */
export async function sweepManifests(
  deps: StoreDeps,
  request: {
    readonly bucketId: number;
    readonly backends: readonly BackendId[];
    readonly keep: { readonly generation: string; readonly targets: readonly BackendId[] } | null;
    readonly signal: AbortSignal;
  },
): Promise<readonly BackendId[]> {
  const { bucketId, backends, keep } = request;
  const swept = await Promise.all(
    backends.map((id) =>
      onBackend(deps, id, request.signal, async (driver, signal) => {
        const name = await deps.physical.find(bucketId, id);
        if (name === undefined) return true;
        const kept = keep?.targets.includes(id) === true ? `${MANIFEST_PREFIX}${keep.generation}/` : undefined;
        for (let after: string | undefined; ; ) {
          const options = { prefix: MANIFEST_PREFIX, limit: deps.limits.manifestListPage, signal };
          const page = await driver.list(name, after === undefined ? options : { ...options, after });
          for (const { key } of page.blobs) {
            if (kept === undefined || !key.startsWith(kept)) await driver.delete(name, key, { signal });
          }
          after = page.blobs.at(-1)?.key;
          if (!page.truncated || after === undefined) return true;
        }
      }),
    ),
  );
  return backends.filter((_, index) => swept[index] !== true);
}

/** One backend that fails is reported and gives undefined: the others decide. */
async function onBackend<T>(
  { pool, clock, limits }: StoreDeps,
  id: BackendId,
  signal: AbortSignal,
  run: (driver: NonNullable<ReturnType<BackendPool['driver']>>, signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const late = new AbortController();
  const cancel = clock.schedule(limits.manifestTimeoutMs, () =>
    late.abort(new Fault('BackendTimeout', 'The storage location did not answer in time.')),
  );
  try {
    const driver = pool.driver(id);
    if (driver === undefined) return undefined;
    return await run(driver, AbortSignal.any([signal, late.signal]));
  } catch (error) {
    if (signal.aborted) throw error;
    pool.report(id, { kind: 'failed', code: toFault(error).code });
    return undefined;
  } finally {
    cancel();
  }
}
