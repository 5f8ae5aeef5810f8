// Under any policies, one after the other: whatever brings bytes to a backend, the policy that holds then admits it there.
import { isFault } from '@sealgate/core/faults';
import { parseBackendId, parseObjectKey } from '@sealgate/core/names';
import { bindPolicy, type CompiledPolicy, compilePolicy, regionLockOf } from '@sealgate/core/policy';
import { type AuditActor, type Bucket, PLAIN_ATTRIBUTES } from '@sealgate/core/ports';
import { anyPolicy } from '@sealgate/core/testing';
import {
  bodyOf,
  createSeededCluster,
  memberOf,
  type SeededCluster,
  type SimulatedGateway,
} from '@sealgate/testkit/cluster';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';

const actor: AuditActor = { kind: 'admin', id: 'test', requestId: 'test' };
const { signal } = new AbortController();
const NAME = 'own';
const limits = { ...defaultEngineLimits, reconcileSettleMs: 0 };
const CLASSES = ['StandardClass', 'RegionalClass', 'ColdArchiveClass'];
const IDS = ['hel-1', 'hel-2', 'fra-1', 'par-1', 'ams-1', 'ams-2', 'iad-1'];

const backend = fc.constantFrom(...IDS);
const redundancyClass = fc.constantFrom(...CLASSES);
/** Half of them leave most places, so that something moves; the others are any. */
const spec = fc.oneof(
  fc.constantFrom(
    {},
    { residency: { regionLock: ['EU'] } },
    { residency: { countries: { deny: ['NL'] } } },
    { residency: { backends: { deny: ['hel-1', 'iad-1'] } } },
    { rules: [{ name: 'r0', deny: 'backend.region == "fi-south"' }] },
    { rules: [{ name: 'r0', allow: 'backend.jurisdiction == "EU" && bucket.encryption == "off"' }] },
  ),
  anyPolicy.map(({ document }) => document.spec),
);
const step = fc.oneof(
  fc.record({ kind: fc.constant('policy' as const), spec }),
  fc.record({ kind: fc.constant('put' as const), redundancyClass, residency: fc.constantFrom(null, 'EU', 'FI DE NL') }),
  fc.record({ kind: fc.constant('drain' as const), backend }),
  fc.record({ kind: fc.constant('abroad' as const), backend }),
  fc.record({ kind: fc.constant('lost' as const), backend }),
  fc.record({ kind: fc.constant('transition' as const), redundancyClass }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

type Kind = 'put' | 'repair' | 'reconcile' | 'transition';

class World {
  readonly cluster: SeededCluster;
  readonly gateway: SimulatedGateway;
  readonly bucket: Bucket;
  /** Bytes that came, and copies that were owed, by what did it. */
  readonly met: Record<Kind, number> = { put: 0, repair: 0, reconcile: 0, transition: 0 };
  #policy: CompiledPolicy = compiledOf({});
  #puts = 0;

  constructor(cluster: SeededCluster, gateway: SimulatedGateway, bucket: Bucket) {
    [this.cluster, this.gateway, this.bucket] = [cluster, gateway, bucket];
  }

  static async open(seed: number): Promise<World> {
    const cluster = await createSeededCluster({ seed, limits, metadata: {} });
    await cluster.metadata.putPolicy(NAME, documentOf({}), actor);
    const { id } = await cluster.createBucket('bucket', {});
    await cluster.metadata.updateBucket(id, { policyName: NAME }, actor);
    return new World(cluster, cluster.startGateway(), (await cluster.metadata.bucketById(id)) as Bucket);
  }

  async take(step: Step): Promise<void> {
    const { metadata } = this.cluster;
    if (step.kind === 'policy') {
      await metadata.putPolicy(NAME, documentOf(step.spec), actor);
      this.#policy = compiledOf(step.spec);
    } else if (step.kind === 'drain') {
      await metadata.setBackendState(
        parseBackendId(step.backend),
        { from: ['healthy'], to: 'draining', reason: 'test' },
        actor,
      );
    } else if (step.kind === 'abroad') {
      await metadata.updateBackend(parseBackendId(step.backend), { country: 'US', jurisdiction: 'US' }, actor);
    } else if (step.kind === 'lost') {
      memberOf(this.cluster, step.backend).faulty.vanish();
      for (const { blob } of metadata.blobRows()) {
        const replica = blob.replicas.find((each) => each.backend === step.backend);
        if (replica !== undefined) await metadata.reportBadReplica(blob.blobId, replica.backend, replica.shard);
      }
      // Repaired after the next step, when another rule may hold.
      return;
    }
    // Every process has to know by then.
    await this.cluster.clock.advance(10_000);
    await this.#run(this.gateway.pool.probe(signal));
    if (step.kind === 'put') await this.#watched('put', () => this.#put(step));
    if (step.kind === 'transition') await this.#watched('transition', () => this.#transition(step.redundancyClass));
    await this.#watched('repair', () => this.#repairs());
    await this.#watched('reconcile', () => this.#reconcile());
    await this.#watched('repair', () => this.#repairs());
  }

  /** Does it, and looks where bytes came to, and where they are to come to, meanwhile. */
  async #watched(kind: Kind, work: () => Promise<void>): Promise<void> {
    const { cluster } = this;
    const before = new Map(cluster.members.map(({ backend: { id }, received }) => [id, new Map(received)]));
    const owed = await this.#owed();
    await cluster.clock.advance(1);
    await work();
    for (const { backend: row, received } of cluster.members) {
      for (const [subject, atMs] of received) {
        if (before.get(row.id)?.get(subject) === atMs) continue;
        await this.#expectAdmitted(kind, row.id, /b\/([0-9a-f-]{36})/.exec(subject)?.[1]);
      }
    }
    for (const place of await this.#owed()) {
      const [blobId, id] = place.split(' ');
      if (!owed.has(place)) await this.#expectAdmitted(kind, id, blobId);
    }
  }

  async #expectAdmitted(kind: Kind, id: string | undefined, blobId: string | undefined): Promise<void> {
    const { cluster, bucket } = this;
    const walked = (await cluster.metadata.walkBlobs(null, 1000)).find(({ blob }) => blob.blobId === blobId);
    const row = cluster.metadata.backendRows().find((each) => each.id === id) ?? raise();
    const policy = bindPolicy(this.#policy, { bucket, atMs: cluster.clock.now() });
    const verdict = policy.admits(row, { regionLock: regionLockOf(bucket.regionLock, walked?.residency ?? null) });
    expect({ kind, id, verdict }).toEqual({ kind, id, verdict: { ok: true, rule: verdict.rule } });
    this.met[kind] += 1;
  }

  async #owed(): Promise<ReadonlySet<string>> {
    const blobs = (await this.cluster.metadata.walkBlobs(null, 1000)).filter(({ doomed }) => !doomed);
    const missing = blobs.flatMap(({ blob: { blobId, replicas } }) =>
      replicas.filter(({ state }) => state === 'missing').map(({ backend: id, shard }) => `${blobId} ${id} ${shard}`),
    );
    return new Set(missing);
  }

  #run<T>(work: Promise<T>): Promise<T> {
    return this.cluster.clock.run(work);
  }

  async #put({ redundancyClass: requestedClass, residency }: Extract<Step, { kind: 'put' }>): Promise<void> {
    this.#puts += 1;
    const said = { headers: {}, attributes: PLAIN_ATTRIBUTES, preconditions: {}, requestedClass };
    const tags = residency === null ? null : { residency };
    const key = parseObjectKey(`key/${this.#puts}`);
    const body = bodyOf(Buffer.alloc(100, this.#puts));
    await this.#run(
      this.gateway.engine.putObject({ bucket: this.bucket, key, ...said, tags, actor, signal, body }),
    ).catch(named);
  }

  async #transition(to: string): Promise<void> {
    for (let at = 1; at <= this.#puts; at += 1) {
      const version = await this.cluster.metadata.currentVersion(this.bucket.id, parseObjectKey(`key/${at}`));
      if (version === undefined) continue;
      const request = { bucket: this.bucket, version, redundancyClass: to, actor, signal };
      await this.#run(this.gateway.engine.moveVersion(request)).catch(named);
    }
  }

  async #repairs(): Promise<void> {
    for (let rounds = 0; rounds < 10; rounds += 1)
      if ((await this.#run(this.gateway.engine.repairDue({ signal }))) === 0) return;
  }

  async #reconcile(): Promise<void> {
    const options = { holder: 'test', intervalMs: 1, rehomeAfterMs: 3_600_000, signal };
    for (let begun = false, steps = 0; steps < 100; steps += 1) {
      const done = await this.#run(this.gateway.engine.reconcileDue(options));
      if (begun && done === 0) return;
      begun ||= done > 0;
    }
  }
}

/** A refusal names its rule; what fails for other reasons (copies that were lost, a class that is not offered) may. */
function named(error: unknown): void {
  if (!isFault(error)) throw error;
  if (isFault(error, 'PolicyRefused', 'NoLegalPlacement')) expect(error.rule).toMatch(/^[a-z]+\.[A-Za-z]/);
}

function raise(): never {
  throw new Error('It is not there.');
}

function documentOf(of: object): string {
  return JSON.stringify({ apiVersion: 'sealgate/v1', kind: 'Policy', metadata: { name: NAME }, spec: of });
}

function compiledOf(of: object): CompiledPolicy {
  return compilePolicy(documentOf(of), { version: 1 });
}

test('no write, repair, drain, move or lifecycle step leaves what the policy of the moment allows', {
  timeout: 120_000,
}, async () => {
  const met = { put: 0, repair: 0, reconcile: 0, transition: 0 };
  const plan = fc.tuple(fc.nat(1_000_000), fc.array(step, { minLength: 3, maxLength: 12 }));
  await fc.assert(
    fc.asyncProperty(plan, async ([seed, steps]) => {
      const world = await World.open(seed);
      const first = { kind: 'put', redundancyClass: 'StandardClass' } as const;
      for (const residency of [null, 'EU'] as const) await world.take({ ...first, residency });
      for (const each of steps) await world.take(each);
      for (const kind of Object.keys(met) as (keyof typeof met)[]) met[kind] += world.met[kind];
    }),
    { numRuns: 80 },
  );
  expect(Math.min(...Object.values(met)), JSON.stringify(met)).toBeGreaterThan(50);
});
