import { daysOf, type LifecycleFilter, type LifecycleRule, writeLifecycleDocument } from '@sealgate/core/lifecycle';
import { parseObjectKey } from '@sealgate/core/names';
import { type AuditActor, type Bucket, PLAIN_ATTRIBUTES, type Versioning } from '@sealgate/core/ports';
import {
  defaultEngineLimits,
  type EngineLimits,
  type LifecycleOptions,
  type PutObjectRequest,
  type PutObjectResult,
} from '@sealgate/engine';
import { bodyOf } from './one-object.ts';
import { createSeededCluster, type SeededCluster, type SimulatedGateway } from './seeded-cluster.ts';

/** Long enough that what a test does in virtual time takes no day. */
export const SCENE_DAY_MS = 1_000_000;
const actor: AuditActor = { kind: 'tenant', id: 'test', requestId: 'test' };
const noFilter: LifecycleFilter = { prefix: null, tags: [], sizeGreaterThan: null, sizeLessThan: null };
const { signal } = new AbortController();

export interface LifecycleScene {
  readonly cluster: SeededCluster;
  readonly gateway: SimulatedGateway;
  readonly bucket: Bucket;
  readonly options: LifecycleOptions;
  /** `action outcome`, in order. */
  readonly acted: readonly string[];
  /** Buckets whose configuration was not understood. */
  readonly unreadable: readonly number[];
  put(key: string, into?: Bucket, changes?: Partial<PutObjectRequest>): Promise<PutObjectResult>;
  remove(key: string): Promise<unknown>;
  beginUpload(key: string): Promise<string>;
  /** Days go by. */
  pass(count: number): Promise<void>;
  step(): Promise<number>;
  /** Steps until nothing is to be done. */
  run(): Promise<void>;
}

/** A cluster with one bucket and one gateway that does the work of the lifecycle when it is told to. */
export async function lifecycleScene(options: {
  readonly versioning?: Versioning;
  readonly defaultClass?: string;
  readonly limits?: EngineLimits;
  readonly intervalMs?: number;
  readonly seed?: number;
}): Promise<LifecycleScene> {
  const { versioning, defaultClass, limits = defaultEngineLimits, intervalMs = 1, seed = 1 } = options;
  const acted: string[] = [];
  const unreadable: number[] = [];
  const cluster = await createSeededCluster({
    seed,
    limits,
    metadata: {},
    events: {
      lifecycleActed: (action, outcome) => void acted.push(`${action} ${outcome}`),
      lifecycleUnreadable: (bucketId) => void unreadable.push(bucketId),
    },
  });
  const bucket = await cluster.createBucket('bucket', {
    ...(versioning === undefined ? {} : { versioning }),
    ...(defaultClass === undefined ? {} : { defaultClass }),
  });
  const gateway = cluster.startGateway();
  const { engine } = gateway;
  const lifecycle: LifecycleOptions = { holder: 'first', intervalMs, calendar: daysOf(SCENE_DAY_MS), signal };
  const step = (): Promise<number> => cluster.clock.run(engine.lifecycleDue(lifecycle));
  return {
    cluster,
    gateway,
    bucket,
    options: lifecycle,
    acted,
    unreadable,
    put: (key, into = bucket, changes = {}) =>
      cluster.clock.run(engine.putObject({ ...putRequest(into, key, `content of ${key}`), ...changes })),
    remove: (key) =>
      cluster.metadata.deleteObject({ bucketId: bucket.id, key: parseObjectKey(key), preconditions: {}, actor }),
    beginUpload: async (key) => (await engine.createUpload({ ...facts(bucket, key), ...noChecksum })).uploadId,
    pass: (count) => cluster.clock.advance(count * SCENE_DAY_MS),
    step,
    async run() {
      // A run that has ended must not be taken for one that is to begin.
      await cluster.clock.advance(1);
      const started = cluster.clock.now();
      while ((await step()) > 0)
        if (cluster.clock.now() > started + SCENE_DAY_MS) throw new Error('The run does not end.');
    },
  };
}

const noChecksum = { checksumAlgorithm: null, checksumType: null, envelope: null } as const;

function facts(bucket: Bucket, key: string) {
  return {
    bucket,
    key: parseObjectKey(key),
    headers: {},
    tags: null,
    attributes: PLAIN_ATTRIBUTES,
    requestedClass: undefined,
    actor,
  };
}

function putRequest(bucket: Bucket, key: string, content: string): PutObjectRequest {
  return { ...facts(bucket, key), body: bodyOf(Buffer.from(content)), preconditions: {}, signal };
}

/** Replaces the rules of the scene's bucket. What a rule does not say is nothing. */
export async function setRules(
  { cluster, bucket }: Pick<LifecycleScene, 'cluster' | 'bucket'>,
  ...rules: readonly Partial<LifecycleRule>[]
): Promise<void> {
  const whole = rules.map((rule, index) => ({
    id: `rule ${index}`,
    enabled: true,
    legacyPrefix: false,
    filter: noFilter,
    expiration: null,
    noncurrentExpiration: null,
    transitions: [],
    noncurrentTransitions: [],
    abortUploadDays: null,
    ...rule,
  }));
  const lifecycle = writeLifecycleDocument({ rules: whole, transitionMinimum: 'varies_by_storage_class' });
  await cluster.metadata.updateBucket(bucket.id, { configs: { lifecycle } }, actor);
}
