import type { ObjectKey } from '@sealgate/core/names';
import { parseObjectKey } from '@sealgate/core/names';
import { type AuditActor, type Bucket, type Metadata, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import { createPrng, type Prng, type VirtualClock } from '@sealgate/testkit';
import { createSeededCluster, type SeededCluster, type SimulatedGateway } from '@sealgate/testkit/cluster';
import type { MemoryMetadata } from '@sealgate/testkit/metadata-memory';
import { bodyOf } from './bodies.ts';
import { type Caches, createCaches } from './caches.ts';
import { createHistory, type History } from './history.ts';
import { RULED, type RuledBucket, ruleBucket } from './policies.ts';
import { type SweepPace, startProcesses } from './processes.ts';
import { drawRunPlan, type RunPlan, SWEEP_INTERVAL_MS, simulatedLimits, simulatedMetadata } from './run-plan.ts';

export interface World {
  readonly cluster: SeededCluster;
  readonly prng: Prng;
  readonly plan: RunPlan;
  readonly history: History;
  readonly buckets: readonly Bucket[];
  readonly keys: readonly ObjectKey[];
  /** One of the gateways that live at this moment. */
  gateway(prng: Prng): SimulatedGateway;
  /** Ends one process in the middle of whatever it does and starts another one in its place. */
  crash(prng: Prng): void;
  /** The same at one of its next calls to the outside, just before or after it. Gives what calls that off. */
  crashAtCall(prng: Prng): () => void;
  readonly caches: Caches;
  /** No further background work; the gateways that live go on answering. */
  stop(): void;
  /** Processes that were ended so far. */
  readonly crashes: number;
  /** When a backend turned out to be abroad. */
  readonly abroadSinceMs: Map<string, number>;
  readonly ruled: RuledBucket;
}

export interface WorldOptions {
  readonly seed: number;
  /** Looks at the world between the healing and the checks. */
  readonly onCalm?: (world: World) => void;
  readonly wrapMetadata?: (metadata: MemoryMetadata, clock: VirtualClock) => Metadata;
  /** How eagerly gateways look for orphans. */
  readonly sweeps?: SweepPace;
  /** Changes tell no cache. */
  readonly unmarkedChanges?: boolean;
}

const KEYS = ['a', 'b/c', 'ü'];

export async function createWorld(options: WorldOptions): Promise<World> {
  const prng = createPrng(`schedule ${options.seed}`);
  const history = createHistory();
  const cluster: SeededCluster = await createSeededCluster({
    onRemove: (backend, _bucket, key) => judgeRemoval(cluster, history, backend.id, key),
    seed: `cluster ${options.seed}`,
    limits: simulatedLimits,
    metadata: simulatedMetadata,
    wrapMetadata: options.wrapMetadata,
  });
  await limitSome(cluster, options.seed);
  const plan = drawRunPlan(prng.fork('plan'), cluster.members.length);
  const ruled = await ruleBucket({ ...cluster, prng: prng.fork('policy') });
  const buckets = [
    await cluster.createBucket(RULED, { policyName: RULED }),
    await cluster.createBucket('versions', { versioning: 'enabled' }),
    await cluster.createBucket('locked', { regionLock: ['EU'] }),
    await cluster.createBucket('suspended', { versioning: 'enabled' }),
  ];
  const suspended = buckets.length - 1;
  const { sweeps = { steps: 1, intervalMs: SWEEP_INTERVAL_MS } } = options;
  const { clock } = cluster;
  const caches = createCaches(plan.cache, {
    clock,
    prng: prng.fork('cache'),
    unmarked: options.unmarkedChanges ?? false,
  });
  const processes = startProcesses(cluster, { plan, caches, sweeps });
  const { gateways } = processes;
  const kept = buckets[suspended];
  if (kept !== undefined) buckets[suspended] = await suspendedOverVersions(cluster, kept, { history, gateways });
  return {
    cluster,
    prng,
    plan,
    history,
    buckets,
    keys: KEYS.map((key) => parseObjectKey(key)),
    gateway: (own) => own.pick(gateways),
    crash: processes.crash,
    crashAtCall: processes.crashAtCall,
    caches,
    stop: processes.stop,
    get crashes() {
      return processes.crashes;
    },
    abroadSinceMs: new Map(),
    ruled,
  };
}

/** A bucket that had versions before it was suspended: a version below the null version of each key. */
async function suspendedOverVersions(
  cluster: SeededCluster,
  bucket: Bucket,
  run: { readonly history: History; readonly gateways: readonly SimulatedGateway[] },
): Promise<Bucket> {
  const { history, gateways } = run;
  const { signal } = new AbortController();
  for (const key of KEYS.map((text) => parseObjectKey(text))) {
    const content = Buffer.from(`kept ${key}`);
    const value = history.content(content);
    const body = bodyOf(content, { prng: createPrng(`kept ${key}`), clock: cluster.clock, spoiled: 'no' });
    const said = {
      headers: {},
      tags: null,
      attributes: PLAIN_ATTRIBUTES,
      preconditions: {},
      requestedClass: undefined,
    };
    const began = history.tick();
    const put = gateways[0]?.engine.putObject({ bucket, key, body, ...said, actor: ACTOR, signal });
    if (put === undefined) throw new Error('There is no gateway.');
    const { seq, versionId } = await cluster.clock.run(put);
    const id = `kept ${key}`;
    history.begin(bucket.id, key, { id, value });
    history.acknowledge({ bucketId: bucket.id, key, seq, versionId, id, value, began, ended: history.tick() });
  }
  return await cluster.metadata.updateBucket(bucket.id, { versioning: 'suspended' }, ACTOR);
}

const ACTOR: AuditActor = { kind: 'admin', id: 'simulation', requestId: 'set-up' };

/**
 * A copy is removed from a backend. Nobody may remove one that its row calls stored or on its way, nor one that leaves before as many
 * others are stored as there were to be.
 */
function judgeRemoval(cluster: SeededCluster, history: History, backend: string, key: string): void {
  const [, blobId = '', shard = ''] = /^b\/(.{36})\.(\d+)$/.exec(key) ?? [];
  const row = cluster.metadata.blobRows().find(({ blob }) => blob.blobId === blobId);
  if (row?.wanted !== true) return;
  const { replicas } = row.blob;
  const own = replicas.find((replica) => replica.backend === backend && replica.shard === Number(shard));
  if (own?.state === 'stored' || own?.state === 'pending') {
    history.violate('keeps-what-is-stored', `${key} was removed from ${backend}`);
  }
  const owed = replicas.some(({ state }) => state === 'missing' || state === 'pending');
  if (own?.state === 'leaving' && owed) history.violate('leaves-when-whole', `${key} left ${backend} too early`);
}

/** In every second schedule background work has one place at half of the backends: it has to wait. */
async function limitSome({ metadata, members }: SeededCluster, seed: number): Promise<void> {
  if (seed % 2 === 1) return;
  for (const [index, { backend }] of members.entries()) {
    if (index % 2 === 0) await metadata.setBackgroundLimits(backend.id, { concurrency: 1 }, ACTOR);
  }
}
