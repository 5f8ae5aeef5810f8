import { hash } from 'node:crypto';
import { Fault, toFault } from '@sealgate/core/faults';
import type { BackendId } from '@sealgate/core/names';
import type { Backend, PutBlob, ReplicaRecord } from '@sealgate/core/ports';
import { type AckTracker, createAckTracker } from './ack-tracker.ts';
import { blobKey } from './blob-key.ts';
import { type BodyFacts, collectBody, exactly, requireTaken } from './body.ts';
import { createFanOut } from './fan-out.ts';
import { pieceOf } from './frame.ts';
import { createLateCopies, type LateCopies } from './late-copies.ts';
import type { Shaper } from './shape.ts';
import { createShaper } from './shaper.ts';
import { createShardMap, type ShardMap } from './shard-map.ts';
import type { WriteDeps, WriteRequest, WrittenBlob } from './types.ts';

/**
 * Stores one blob under its class's ack rule. On any failure whatever landed is queued for deletion before the
 * failure is thrown.
 */
export async function writeBlob(deps: WriteDeps, request: WriteRequest): Promise<WrittenBlob> {
  const { clock, limits } = deps;
  const tracker = createAckTracker({ rule: request.redundancyClass.ack, clock, limits });
  const stop = new AbortController();
  const { blobId, body, redundancyClass, placement } = request;
  const blob = { blobId, bytes: body.bytes };
  const shaper = createShaper(redundancyClass.layout, blob, { ...deps, blockBytesMin: limits.blockBytesMin });
  const shards = createShardMap(shaper.layout, placement);
  const late = createLateCopies(deps, request, { shaper, shards });
  const write: Write = { deps, request, tracker, stop, shaper, shards, late };
  try {
    const small = request.body.bytes <= limits.smallBodyBytes;
    const facts = small ? await writeSmall(write) : await writeStream(write);
    const ackedBy = tracker.backends('stored').map((b) => b.id);
    const replicas = replicasOf(write);
    // A backend whose shard a stand-in took may be owed another one; what it was sent lies beside that.
    const named = new Set(replicas.map((r) => `${r.backend}/${r.shard}`));
    const strays = tracker.backends('failed').filter((b) => !named.has(`${b.id}/${shards.of(b.id)}`));
    const pending = replicas.filter((r) => r.state === 'pending').map((r) => r.backend);
    return {
      blobId: request.blobId,
      bytes: request.body.bytes,
      layout: shaper.layout,
      blockBytes: shaper.blockBytes,
      digests: shaper.digests(),
      facts,
      replicas,
      ackedBy,
      published: () => {
        write.late.follow(pending, tracker, stop);
        write.late.removeStrays(strays);
      },
      discard: async () => {
        await discard(write);
        // Should the commit have passed all the same, the queue keeps the blob and knows nothing of these.
        write.late.removeStrays(strays);
      },
    };
  } catch (error) {
    await discard(write);
    throw toFault(error);
  }
}

interface Write {
  readonly deps: WriteDeps;
  readonly request: WriteRequest;
  readonly tracker: AckTracker;
  /** Aborts every put that is still under way. */
  readonly stop: AbortController;
  readonly shaper: Shaper;
  readonly shards: ShardMap;
  readonly late: LateCopies;
}

/** Held whole: every check passes before a byte leaves, and a target that fails is replaced by another legal one. */
async function writeSmall(write: Write): Promise<BodyFacts> {
  const { request, tracker, deps } = write;
  const body = await collectBody(request.body);
  const facts = await request.body.facts();
  const frame = write.shaper.whole(body);
  const md5 = frame === body && request.body.encrypted === true ? hash('md5', body, 'buffer') : facts.md5;
  // The list of digests of one block is the digest of the whole.
  const oneBlock = frame === body && body.length > 0 && body.length <= write.shaper.blockBytes;
  const proof = oneBlock ? { sha256: write.shaper.digests() } : {};
  const failed = new Set<BackendId>();
  const choice = { open: true };
  const start = (backend: Backend): void => {
    startCopy(
      write,
      backend,
      () => {
        const piece = pieceOf(frame, write.shards.of(backend.id));
        if (piece === body) return { body, bytes: body.length, md5, ...proof };
        return { body: piece, bytes: piece.length, md5: hash('md5', piece, 'buffer') };
      },
      () => {
        // Once the rule held the rows are drawn up: a copy elsewhere would be one that no row names.
        if (!choice.open) return;
        failed.add(backend.id);
        write.shards.release(backend.id);
        for (const spare of standIns(write, failed)) if (write.shards.takeOver(spare.id)) start(spare);
      },
    );
  };
  for (const backend of request.placement.write) start(backend);
  try {
    await tracker.held(request.signal);
  } finally {
    choice.open = false;
  }
  if (failed.size > 0) deps.events.targetsReplaced(failed.size);
  return facts;
}

/** Backends to try instead of failed ones: a legal choice that keeps everything that is stored or under way. */
function standIns(write: Write, failed: ReadonlySet<BackendId>): readonly Backend[] {
  const next = write.request.placeWithout(failed);
  if (!next.ok) return [];
  const chosen = new Set(next.write.map((b) => b.id));
  const kept = [...write.tracker.backends('stored'), ...write.tracker.backends('writing')];
  if (!kept.every((b) => chosen.has(b.id))) return [];
  return next.write.filter((b) => write.tracker.state(b.id) === undefined);
}

/** Streamed: one pass, bounded lag, the last chunk kept back until every check passed. */
async function writeStream(write: Write): Promise<BodyFacts> {
  const { request, tracker, deps } = write;
  const { clock, limits } = deps;
  await prepareTargets(write);
  const fan = createFanOut(tracker.backends('writing'), {
    rule: request.redundancyClass.ack,
    limits,
    clock,
    signal: request.signal,
    shardOf: (backend) => write.shards.of(backend.id),
    onDetach: (backend) => {
      deps.pool.report(backend.id, { kind: 'detached' });
      deps.events.replicaDetached(backend.id);
    },
  });
  let facts: Promise<BodyFacts> | undefined;
  const bodyMd5 = async (): Promise<Uint8Array | undefined> => (await facts)?.md5;
  // A driver that needs the MD5 of other bytes than the body's takes it itself: most have a cheaper proof, and none costs a PUT more.
  const whole = write.shaper.layout.kind === 'copies';
  const proof = request.body.encrypted === true || !whole ? {} : { bodyMd5 };
  for (const { backend, stream, taken } of fan.targets) {
    startCopy(
      write,
      backend,
      () => ({ body: stream, bytes: write.shaper.storedBytes, taken, ...proof }),
      (error) => fan.detach(backend, error),
    );
  }
  await fan.run(write.shaper.frames(exactly(request.body)), {
    onFrame: (frame) => write.shaper.saw(frame),
    beforeLast: async () => {
      facts = request.body.facts();
      await facts;
    },
  });
  await tracker.held(request.signal);
  return await (facts ?? request.body.facts());
}

/** Physical buckets first, so that a backend that cannot even say hello is out before the body is read. */
async function prepareTargets(write: Write): Promise<void> {
  const { request, tracker, deps } = write;
  for (const backend of request.placement.write) tracker.begin(backend);
  await Promise.all(
    request.placement.write.map(async (backend) => {
      try {
        await deps.physical.ensure(request.bucket, backend, write.stop.signal);
      } catch (error) {
        deps.pool.report(backend.id, { kind: 'failed', code: toFault(error).code });
        tracker.settle(backend, 'failed');
      }
    }),
  );
  if (!tracker.possible()) {
    throw new Fault('AckRuleFailed', 'Too few storage locations can be reached. Please try again.', {
      rule: request.redundancyClass.ack.text,
    });
  }
}

type CopyBody = Pick<PutBlob, 'body' | 'bytes' | 'md5' | 'sha256' | 'bodyMd5'> & {
  /** Of a stream: whether all of it was. */
  readonly taken?: () => boolean;
};

/** Starts one copy and notes its end in the tracker. Never throws; failures go to `onFailed`. */
function startCopy(write: Write, backend: Backend, body: () => CopyBody, onFailed: (error: Fault) => void): void {
  const { deps, request, tracker, stop } = write;
  tracker.begin(backend);
  const run = async (): Promise<void> => {
    const startedMs = deps.clock.monotonic();
    try {
      const driver = deps.pool.driver(backend.id);
      if (driver === undefined) throw new Fault('BackendUnreachable', 'The storage location has no driver here.');
      const name = await deps.physical.ensure(request.bucket, backend, stop.signal);
      const key = blobKey(request.blobId, write.shards.of(backend.id));
      const { name: redundancyClass } = request.redundancyClass;
      const { taken, ...sent } = body();
      const receipt = await driver.put(name, key, { ...sent, signal: stop.signal, redundancyClass });
      requireTaken(taken?.() ?? true);
      if (receipt.verified === 'none') await write.late.confirm(backend, name, stop.signal);
      const durationMs = deps.clock.monotonic() - startedMs;
      deps.pool.report(backend.id, {
        kind: 'ok',
        operation: 'put',
        latencyMs: durationMs,
        durationMs,
        bytes: write.shaper.storedBytes,
      });
      tracker.settle(backend, 'stored');
    } catch (error) {
      const fault = toFault(error);
      if (!stop.signal.aborted) deps.pool.report(backend.id, { kind: 'failed', code: fault.code });
      if (fault.code === 'BlobMissing') deps.physical.doubt(request.bucket.id, backend.id);
      tracker.settle(backend, 'failed');
      onFailed(fault);
    }
  };
  write.late.track(backend, run());
}

/** One row for every replica that the class wants: what is not stored now is owed, and gets a repair job. */
function replicasOf({ request, tracker, shards, shaper }: Write): ReplicaRecord[] {
  const held = (['stored', 'writing'] as const).flatMap((state) =>
    tracker.backends(state).map(
      ({ id }): ReplicaRecord => ({
        backend: id,
        shard: shards.of(id),
        state: state === 'stored' ? 'stored' : 'pending',
      }),
    ),
  );
  const { width } = request.redundancyClass;
  const wanted = Math.max(0, width - held.length);
  // A backend that was not to be written to at first may have served as a stand-in meanwhile.
  const untried = request.placement.owed.filter((b) => tracker.state(b.id) === undefined);
  const owed = [...untried, ...tracker.backends('failed')].slice(0, wanted);
  if (shaper.layout.kind === 'copies') {
    return [...held, ...owed.map(({ id }): ReplicaRecord => ({ backend: id, shard: 0, state: 'missing' }))];
  }
  // Every shard has exactly one row. Who is owed one keeps that which it was to have, unless a stand-in has it now.
  const free = new Set(Array.from({ length: width }, (_, shard) => shard));
  for (const { shard } of held) free.delete(shard);
  const missing: ReplicaRecord[] = [];
  const homeless: BackendId[] = [];
  for (const { id } of owed) {
    if (free.delete(shards.of(id))) missing.push({ backend: id, shard: shards.of(id), state: 'missing' });
    else homeless.push(id);
  }
  for (const [index, shard] of [...free].entries()) {
    const backend = homeless[index];
    if (backend !== undefined) missing.push({ backend, shard, state: 'missing' });
  }
  return [...held, ...missing];
}

/** Ends what is under way and queues for deletion whatever may have landed, on every backend that was tried. */
async function discard(write: Write): Promise<void> {
  const { request, tracker, deps, stop } = write;
  stop.abort(new Fault('OperationAborted', 'The write was given up.'));
  await write.late.settled();
  const tried = (['stored', 'writing', 'failed'] as const).flatMap((state) => tracker.backends(state));
  if (tried.length === 0) return;
  try {
    await deps.metadata.enqueueDeletion({
      blobId: request.blobId,
      bucketId: request.bucket.id,
      replicas: tried.map((b) => ({ backend: b.id, shard: write.shards.of(b.id) })),
    });
  } catch (error) {
    // The sweep for orphans finds these bytes later; the first failure must reach the caller unhidden.
    deps.events.cleanupFailed(request.blobId, toFault(error));
  }
}
