import { createMemoryDriver } from '@sealgate/backends/memory';
import { type PhysicalBucketName, parseBucketName } from '@sealgate/core/names';
import type { AuditActor, Backend, BackendDriver, Bucket, Metadata, Versioning } from '@sealgate/core/ports';
import {
  createEngine,
  type Engine,
  type EngineDeps,
  type EngineEvents,
  type EngineLimits,
  silentEvents,
} from '@sealgate/engine';
import { createFaultyBackend, type FaultyBackend } from '../faulty-backend/faulty-backend.ts';
import { createMemoryMetadata, type MemoryMetadata } from '../metadata-memory/index.ts';
import { createPrng, type Prng } from '../prng.ts';
import { createVirtualClock, type VirtualClock } from '../virtual-clock.ts';
import { calmMetadataPlan, createFlakyMetadata, type MetadataPlan } from './flaky-metadata.ts';
import { simulatedBackends } from './places.ts';
import { createSimulatedPool, type SimulatedPool } from './simulated-pool.ts';
import { createSimulatedProcess, driverOfProcess, type SimulatedProcess } from './simulated-process.ts';

export interface SimulatedGateway {
  readonly engine: Engine;
  /** As this process sees it. */
  readonly metadata: Metadata;
  readonly pool: SimulatedPool;
  readonly life: SimulatedProcess;
}

export interface ClusterMember {
  readonly backend: Backend;
  readonly faulty: FaultyBackend;
  /** `bucket/key` of every blob whose bytes ever began to arrive, whatever became of it, and when they last did. */
  readonly received: ReadonlyMap<string, number>;
}

export interface SeededCluster {
  readonly clock: VirtualClock;
  readonly members: readonly ClusterMember[];
  /** The truth, without faults. */
  readonly metadata: MemoryMetadata;
  useMetadataPlan(plan: MetadataPlan): void;
  /** A new process on the same metadata and backends; `between`: what it has between its engine and the metadata. */
  startGateway(between?: (metadata: Metadata, process: SimulatedProcess) => Metadata): SimulatedGateway;
  createBucket(
    name: string,
    facts: {
      readonly versioning?: Versioning;
      readonly regionLock?: readonly string[];
      readonly policyName?: string;
      readonly defaultClass?: string;
    },
  ): Promise<Bucket>;
}

export interface SeededClusterOptions {
  readonly seed: number | string;
  readonly limits: EngineLimits;
  readonly metadata: Omit<Parameters<typeof createMemoryMetadata>[0], 'clock'>;
  /** What the engines of this cluster tell. */
  readonly events?: Partial<EngineEvents>;
  readonly manifestSigner?: EngineDeps['manifestSigner'];
  /** Called when a blob is removed from a backend, whoever does it. */
  readonly onRemove?: (backend: Backend, bucket: PhysicalBucketName, key: string) => void;
  /** Puts something between the processes and the metadata, to see whether the checks notice. */
  readonly wrapMetadata?: ((metadata: MemoryMetadata, clock: VirtualClock) => Metadata) | undefined;
}

const ACTOR: AuditActor = { kind: 'admin', id: 'simulation', requestId: 'set-up' };

/**
 * Backends that go wrong by plan, metadata that can fail, and gateways that can die, on one virtual clock. Everything
 * random comes from the seed: the same seed and the same calls give the same run.
 */
export async function createSeededCluster(options: SeededClusterOptions): Promise<SeededCluster> {
  const prng: Prng = createPrng(options.seed);
  const clock = createVirtualClock();
  const truth = createMemoryMetadata({ clock, ...options.metadata });
  const shown = options.wrapMetadata?.(truth, clock) ?? truth;
  const tenant = await truth.createTenant(
    {
      name: 'simulated',
      displayName: 'Simulated',
      email: null,
      namespace: 'default',
      defaultEncryption: 'off',
      policyName: null,
    },
    ACTOR,
  );
  const members: ClusterMember[] = [];
  for (const facts of simulatedBackends()) {
    const backend = await truth.createBackend(facts, ACTOR);
    const received = new Map<string, number>();
    const makeInner = (): BackendDriver =>
      watched(createMemoryDriver({ clock }), {
        onReceive: (subject) => void received.set(subject, clock.now()),
        onRemove: (bucket, key) => options.onRemove?.(backend, bucket, key),
      });
    const faulty = createFaultyBackend(makeInner, { prng: prng.fork(backend.id), clock });
    members.push({ backend, faulty, received });
  }
  let plan = calmMetadataPlan;
  let started = 0;
  return {
    clock,
    members,
    metadata: truth,
    useMetadataPlan: (next) => {
      plan = next;
    },
    startGateway(between = (metadata) => metadata) {
      started += 1;
      const own = prng.fork(`gateway ${started}`);
      const life = createSimulatedProcess();
      const metadata = between(
        createFlakyMetadata(shown, { clock, prng: own.fork('metadata'), life, plan: () => plan }),
        life,
      );
      const pool = createSimulatedPool(
        members.map(({ backend, faulty }) => ({
          backend,
          driver: driverOfProcess(faulty, life, own.fork(backend.id)),
        })),
        { clock, rows: () => truth.backendRows() },
      );
      const random = own.fork('ids');
      const engine = createEngine({
        metadata,
        pool,
        clock,
        limits: options.limits,
        events: { ...silentEvents, ...options.events },
        random: (count) => random.bytes(count),
        ...(options.manifestSigner === undefined ? {} : { manifestSigner: options.manifestSigner }),
      });
      return { engine, metadata, pool, life };
    },
    async createBucket(name, { versioning, regionLock = [], policyName = null, defaultClass = null }) {
      const bucket = await truth.createBucket(
        {
          tenantId: tenant.id,
          name: parseBucketName(name),
          region: 'eu',
          locationConstraint: 'eu',
          encryption: 'off',
          objectLock: false,
          policyName,
          regionLock,
          defaultClass,
          configs: {},
        },
        ACTOR,
      );
      return versioning === undefined ? bucket : truth.updateBucket(bucket.id, { versioning }, ACTOR);
    },
  };
}

function watched(
  driver: BackendDriver,
  {
    onReceive,
    onRemove,
  }: {
    readonly onReceive: (subject: string) => void;
    readonly onRemove: (bucket: PhysicalBucketName, key: string) => void;
  },
): BackendDriver {
  return {
    ...driver,
    put(bucket: PhysicalBucketName, key, blob) {
      onReceive(`${bucket}/${key}`);
      return driver.put(bucket, key, blob);
    },
    delete(bucket, key, options) {
      onRemove(bucket, key);
      return driver.delete(bucket, key, options);
    },
  };
}
