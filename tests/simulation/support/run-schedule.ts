import { createHash } from 'node:crypto';
import type { Engine } from '@sealgate/engine';
import { readSweepPosition, SWEEP_CURSORS, type SweepCounts } from '@sealgate/engine';
import type { Prng } from '@sealgate/testkit';
import { pause } from './bodies.ts';
import { checkAnswers, checkStorage, isAtRest, owedToFull } from './checks.ts';
import { maintenanceOf } from './maintenance.ts';
import { multipart } from './multipart.ts';
import { unleash } from './nemesis.ts';
import { readSome } from './reads.ts';
import { SWEEP_INTERVAL_MS, simulatedMetadata } from './run-plan.ts';
import { createWorld, type World, type WorldOptions } from './world.ts';
import { copy, put, remove, removeVersion } from './writes.ts';

export interface ScheduleReport {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly operations: number;
  readonly acknowledged: number;
  readonly crashes: number;
  readonly incidents: number;
  /** What the sweep for orphans found after the calm: bytes of gateways that died or could not queue them for deletion. */
  readonly orphans: number;
  /** Answers that came from a shared cache. */
  readonly cacheHits: number;
  /** Backends that turned out to be abroad. */
  readonly movedAbroad: number;
  readonly simulatedMs: number;
  /** Digest of every operation and every trouble, with their times: equal for equal runs. */
  readonly trace: string;
}

/** Virtual time after which a run counts as hung. */
const RUN_MS_MAX = 60 * 60_000;
/** Together more than the hour for which a place that was emptied is barred: a blob may have to wait for its only legal one. */
const HEAL_ROUNDS_MAX = 450;
const HEAL_STEP_MS = 10_000;
/** Longer than anything that was set off before the calm may take: stalls, late commits, late copies. */
const CALM_MS = 60_000;

/** One run from one seed. The same seed gives the same run, to the last byte. */
export async function runSchedule(options: WorldOptions): Promise<ScheduleReport> {
  const world = await createWorld(options);
  const { clock } = world.cluster;
  const { history } = world;
  const within = async (what: string, ms: number, work: Promise<void>): Promise<void> => {
    const late = new Promise<'late'>((resolve) => void clock.schedule(ms, () => resolve('late')));
    const end = await clock.run(Promise.race([work, late]));
    if (end === 'late') history.violate('no-hang', `${what} was not through after ${ms} ms`);
  };
  const appease = unleash(world);
  const clients = Array.from({ length: world.plan.clients }, (_, i) => runClient(world, i));
  await within(
    'a client',
    RUN_MS_MAX,
    Promise.all(clients).then(() => undefined),
  );
  appease();
  await clock.advance(CALM_MS);
  world.stop();
  const healing = HEAL_ROUNDS_MAX * HEAL_STEP_MS * 2;
  await within('healing beside a full backend', healing, healElsewhere(world));
  await within('healing', healing, heal(world));
  await clock.run(retireEmpty(world));
  options.onCalm?.(world);
  await within('reading', RUN_MS_MAX, checkAnswers(world));
  await within('healing again', healing, heal(world));
  const orphans = await clock.run(sweep(world));
  await within('healing after the sweep', healing, heal(world));
  await within('looking', RUN_MS_MAX, checkStorage(world));
  return {
    seed: options.seed,
    violations: history.violations,
    operations: [...history.keys.values()].reduce((sum, key) => sum + key.operations.length, 0),
    acknowledged: history.acknowledged.length,
    crashes: world.crashes,
    incidents: world.cluster.members.reduce((sum, { faulty }) => sum + faulty.incidents.length, 0),
    orphans,
    cacheHits: world.caches.hits,
    movedAbroad: world.abroadSinceMs.size,
    simulatedMs: clock.monotonic(),
    trace: traceOf(world),
  };
}

function traceOf({ history, cluster }: World): string {
  const hash = createHash('sha256');
  for (const { bucketId, key, operations } of history.keys.values()) {
    for (const operation of operations) hash.update(`${bucketId}/${key} ${JSON.stringify(operation)}\n`);
  }
  for (const { faulty } of cluster.members) {
    for (const { atMs, operation, subject, trouble } of faulty.incidents) {
      hash.update(`${atMs} ${operation} ${subject} ${trouble}\n`);
    }
  }
  return hash.digest('hex');
}

async function runClient(world: World, index: number): Promise<void> {
  const prng = world.prng.fork(`client ${index}`);
  for (let i = 0; i < world.plan.operations; i += 1) {
    await pause(world.cluster.clock, prng.int(4000));
    await pickOperation(prng)(world, {
      bucket: prng.pick(world.buckets),
      key: prng.pick(world.keys),
      prng: prng.fork(`operation ${i}`),
      label: `c${index}.${i}`,
    });
  }
}

function pickOperation(prng: Prng): (...args: Parameters<typeof put>) => Promise<unknown> {
  const roll = prng.next();
  if (roll < 0.38) return put;
  if (roll < 0.67) return readSome;
  if (roll < 0.77) return multipart;
  if (roll < 0.85) return remove;
  if (roll < 0.93) return removeVersion;
  return copy;
}

/** One whole run of the sweep, once everything that was written is old. What it found is removed by the healing. */
async function sweep(world: World): Promise<number> {
  const { cluster, prng } = world;
  const { clock, metadata } = cluster;
  await pause(clock, simulatedMetadata.attemptAgeMaxMs + SWEEP_INTERVAL_MS);
  const { engine } = world.gateway(prng);
  const { signal } = new AbortController();
  const begunMs = clock.now();
  const swept = metadata.backendRows().filter(({ state }) => state !== 'retired');
  const finished = async (): Promise<readonly SweepCounts[]> =>
    (await metadata.listCursors(SWEEP_CURSORS)).flatMap(({ name, position }) => {
      const { last } = readSweepPosition(position);
      const counts = last !== null && last.startedMs >= begunMs ? [last.counts] : [];
      return swept.some(({ id }) => name === SWEEP_CURSORS + id) ? counts : [];
    });
  for (let round = 0; round < HEAL_ROUNDS_MAX; round += 1) {
    await engine.sweepDue({ holder: 'calm', intervalMs: SWEEP_INTERVAL_MS, signal });
    const counts = await finished();
    if (counts.length === swept.length) {
      return counts.reduce((sum, { unknown, misplaced }) => sum + unknown + misplaced, 0);
    }
    await pause(clock, 1000);
  }
  world.history.violate('healed', 'the sweep did not come to its end');
  return 0;
}

/** Passes of the reconciler and of the scrub that began after that have ended. */
async function lookedAtAll({ cluster }: World, { maintenance }: Engine, sinceMs: number): Promise<boolean> {
  const backend = cluster.metadata.backendRows()[0];
  if (backend === undefined) return true;
  const { placements, scrub } = await maintenance.ofBackend(backend);
  return (placements?.startedMs ?? 0) > sinceMs && (scrub.last?.startedMs ?? 0) > sinceMs;
}

/**
 * An operator is told that a drain stands in the way of its own end: a blob misses a copy that only the drained backend may
 * hold, and nothing new goes there. Whoever hears that gives the drain up.
 */
async function giveUpBlockedDrains({ cluster: { metadata } }: World, { maintenance }: Engine): Promise<void> {
  for (const backend of metadata.backendRows().filter(({ state }) => state === 'draining')) {
    const owing = metadata
      .blobRows()
      .some(
        ({ blob, wanted }) =>
          wanted && blob.replicas.some((replica) => replica.backend === backend.id && replica.state === 'missing'),
      );
    const blocked = (await maintenance.ofBackend(backend)).drain?.blocked ?? [];
    if (!owing || blocked.length === 0) continue;
    const change = { from: ['draining'], to: 'healthy', reason: 'it cannot end' } as const;
    await metadata.setBackendState(backend.id, change, { kind: 'admin', id: 'operator', requestId: 'resume' });
  }
}

/** The operator retires what is said to be empty. Nobody asks it for anything from then on. */
async function retireEmpty(world: World): Promise<void> {
  const { metadata } = world.cluster;
  const { engine } = world.gateway(world.prng);
  for (const backend of metadata.backendRows().filter(({ state }) => state === 'draining')) {
    if ((await engine.maintenance.ofBackend(backend)).drain?.empty !== true) continue;
    const change = { from: ['draining'], to: 'retired', reason: 'it is empty' } as const;
    await metadata.setBackendState(backend.id, change, { kind: 'admin', id: 'operator', requestId: 'retire' });
  }
}

/** One round of all background work. */
async function tend(world: World): Promise<Engine> {
  const { engine, pool } = world.gateway(world.prng);
  const { signal } = new AbortController();
  await pool.probe(signal);
  await engine.deleteDue({ signal });
  await engine.repairDue({ signal });
  await engine.removeStrays({ signal });
  for (const work of maintenanceOf(engine, 'calm', signal)) await work();
  await giveUpBlockedDrains(world, engine);
  return engine;
}

/** A backend that stays full keeps no copy owed for which there is room elsewhere. Then it has room again. */
async function healElsewhere(world: World): Promise<void> {
  const { cluster, history, plan } = world;
  for (let round = 0; round < HEAL_ROUNDS_MAX && owedToFull(world).length > 0; round += 1) {
    await tend(world);
    await pause(cluster.clock, HEAL_STEP_MS);
  }
  for (const blobId of owedToFull(world)) history.violate('healed', `${blobId} waits for room, and others have it`);
  if (plan.staysFull !== undefined) cluster.members[plan.staysFull]?.faulty.setFull(false);
}

/** Repairs and deletes until nothing is owed and nothing is queued. */
async function heal(world: World): Promise<void> {
  const { cluster, history } = world;
  const begunMs = cluster.clock.now();
  for (let round = 0; round < HEAL_ROUNDS_MAX; round += 1) {
    const engine = await tend(world);
    const rows = cluster.metadata.blobRows();
    const settled = rows.every(
      (row) => row.wanted && row.blob.replicas.every((replica) => isAtRest(world, row, replica)),
    );
    const { openRepairs, openStrays, openRemovals } = cluster.metadata;
    if (settled && openRepairs + openStrays + openRemovals === 0 && (await lookedAtAll(world, engine, begunMs))) return;
    await pause(cluster.clock, HEAL_STEP_MS);
  }
  history.violate('healed', 'repairs or deletions are still queued');
}
