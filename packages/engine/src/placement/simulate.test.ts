// What a simulation says is what the reconciliation then does, over whole small worlds.
import { parseObjectKey } from '@sealgate/core/names';
import { compilePolicy } from '@sealgate/core/policy';
import { type AuditActor, type Bucket, PLAIN_ATTRIBUTES, type ReplicaRecord } from '@sealgate/core/ports';
import { anyPolicy } from '@sealgate/core/testing';
import { bodyOf, createSeededCluster, type SeededCluster, type SimulatedGateway } from '@sealgate/testkit/cluster';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultEngineLimits } from '../limits.ts';
import type { SimulationPage } from './simulate.ts';

const actor: AuditActor = { kind: 'admin', id: 'test', requestId: 'test' };
const { signal } = new AbortController();
const NAME = 'candidate';
const REHOME_AFTER_MS = 3_600_000;
/** Small, so that a pass and a simulation take several pages. */
const PAGE = 3;
const limits = { ...defaultEngineLimits, reconcilePage: PAGE, reconcileSettleMs: 0 };

interface WorldPlan {
  readonly seed: number;
  readonly objects: readonly { readonly bucket: 0 | 1; readonly class: string; readonly bytes: number }[];
  readonly spec: object;
}

const backend = fc.constantFrom('hel-1', 'hel-2', 'fra-1', 'par-1', 'ams-1', 'ams-2', 'iad-1');
const places = fc.constantFrom(['EU'], ['FI', 'DE', 'NL'], ['NL', 'FR'], ['US'], ['FI', 'US']);
const narrow = fc.record(
  {
    residency: fc.record(
      { regionLock: places, backends: fc.record({ deny: fc.uniqueArray(backend, { minLength: 1, maxLength: 4 }) }) },
      { requiredKeys: [] },
    ),
    rules: fc.constantFrom(
      [{ name: 'away', deny: 'backend.region == "nl-west"' }],
      [{ name: 'home', allow: 'backend.country == "FI" || backend.country == "DE" || backend.country == "FR"' }],
    ),
  },
  { requiredKeys: [] },
);
/** Those that fit the places of the cluster, and any: policies of every kind, most of which leave fewer places. */
const spec = fc.oneof(
  narrow,
  anyPolicy.map(({ document }) => document.spec),
);
const worlds: fc.Arbitrary<WorldPlan> = fc.record({
  seed: fc.nat(1_000_000),
  objects: fc.array(
    fc.record({
      bucket: fc.constantFrom(0 as const, 1 as const),
      class: fc.constantFrom('StandardClass', 'RegionalClass', 'ColdArchiveClass'),
      bytes: fc.integer({ min: 1, max: 400 }),
    }),
    { minLength: 1, maxLength: 10 },
  ),
  spec,
});

interface World {
  readonly cluster: SeededCluster;
  readonly gateway: SimulatedGateway;
}

const documentOf = (of: object): string =>
  JSON.stringify({ apiVersion: 'sealgate/v1', kind: 'Policy', metadata: { name: NAME }, spec: of });

/** Objects in a bucket that has the policy, in its widest version, and in one that has it not. */
async function worldOf(plan: WorldPlan): Promise<World> {
  const cluster = await createSeededCluster({ seed: plan.seed, limits, metadata: {} });
  await cluster.metadata.putPolicy(NAME, documentOf({}), actor);
  const governed = await cluster.createBucket('governed', {});
  await cluster.metadata.updateBucket(governed.id, { policyName: NAME }, actor);
  const buckets = [
    (await cluster.metadata.bucketById(governed.id)) as Bucket,
    await cluster.createBucket('other', {}),
  ] as const;
  const gateway = cluster.startGateway();
  for (const [index, object] of plan.objects.entries()) {
    await cluster.clock.run(
      gateway.engine.putObject({
        ...{ bucket: buckets[object.bucket], key: parseObjectKey(`key/${index}`), headers: {}, tags: null },
        ...{ attributes: PLAIN_ATTRIBUTES, requestedClass: object.class, preconditions: {}, actor, signal },
        body: bodyOf(Buffer.alloc(object.bytes, index)),
      }),
    );
  }
  return { cluster, gateway };
}

type Replicas = ReadonlyMap<string, readonly ReplicaRecord[]>;

const replicasIn = ({ cluster }: World): Replicas =>
  new Map(cluster.metadata.blobRows().map(({ blob }) => [blob.blobId, blob.replicas]));

/** One whole pass. */
async function reconcile({ cluster, gateway }: World): Promise<void> {
  const options = { holder: 'test', intervalMs: 1, rehomeAfterMs: REHOME_AFTER_MS, signal };
  // Caches of policies are older than what they may be told of.
  await cluster.clock.advance(10_000);
  for (let begun = false, steps = 0; steps < 100; steps += 1) {
    const done = await cluster.clock.run(gateway.engine.reconcileDue(options));
    if (begun && done === 0) return;
    begun ||= done > 0;
  }
  throw new Error('the pass does not end');
}

/** What happened between the two, counted as a simulation counts. */
function happened(before: Replicas, after: Replicas) {
  const leaving = new Map<string, number>();
  const coming = new Map<string, number>();
  let changed = 0;
  for (const [id, replicas] of after) {
    const had = before.get(id) ?? [];
    const left = replicas.filter(({ state }, at) => state === 'leaving' && had[at]?.state !== 'leaving');
    const came = replicas.filter(({ state }, at) => state === 'missing' && had[at]?.state !== 'missing');
    changed += left.length + came.length > 0 ? 1 : 0;
    for (const { backend: id } of left) leaving.set(id, (leaving.get(id) ?? 0) + 1);
    for (const { backend: id } of came) coming.set(id, (coming.get(id) ?? 0) + 1);
  }
  return { changed, leaving: sorted(leaving), coming: sorted(coming) };
}

const sorted = (counts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] =>
  [...counts].sort(([a], [b]) => (a < b ? -1 : 1));

function counted(items: readonly (readonly [string, number])[]): readonly (readonly [string, number])[] {
  const sums = new Map<string, number>();
  for (const [id, count] of items) sums.set(id, (sums.get(id) ?? 0) + count);
  return sorted(sums);
}

async function simulated({ gateway, cluster }: World, candidate: object) {
  const request = {
    candidate: compilePolicy(documentOf(candidate), { version: 0 }),
    ...{ rehomeAfterMs: REHOME_AFTER_MS, limit: PAGE },
  };
  let [changed, blocked, seen] = [0, 0, 0];
  const leaving: [string, number][] = [];
  const coming: [string, number][] = [];
  let after: SimulationPage['next'] = null;
  do {
    const page: SimulationPage = await cluster.clock.run(gateway.engine.simulate({ ...request, after }));
    const { tally } = page;
    changed += tally.changed.blobs;
    blocked += tally.blocked.reduce((sum, { blobs }) => sum + blobs, 0);
    seen += tally.others + tally.right.blobs + tally.changed.blobs;
    leaving.push(...tally.leaving.map(({ backend: id, blobs }) => [id, blobs] as [string, number]));
    coming.push(...tally.moves.map(({ to, replicas }) => [to, replicas] as [string, number]));
    after = page.next;
  } while (after !== null);
  return { said: { changed, leaving: counted(leaving), coming: counted(coming) }, seen: seen + blocked, blocked };
}

test('what a simulation says is what the reconciliation does', { timeout: 120_000 }, async () => {
  const met = { moved: 0, blocked: 0 };
  await fc.assert(
    fc.asyncProperty(worlds, async (plan) => {
      const world = await worldOf(plan);
      await reconcile(world);
      const before = replicasIn(world);
      const { said, seen, blocked } = await simulated(world, plan.spec);
      expect(replicasIn(world), 'a simulation changes nothing').toEqual(before);
      expect(seen, 'every blob is looked at').toBe(before.size);
      await world.cluster.metadata.putPolicy(NAME, documentOf(plan.spec), actor);
      await reconcile(world);
      expect(said).toEqual(happened(before, replicasIn(world)));
      met.moved += said.changed;
      met.blocked += blocked;
    }),
    { numRuns: 60 },
  );
  expect(met.moved, 'some worlds move').toBeGreaterThan(0);
  expect(met.blocked, 'some are stuck').toBeGreaterThan(0);
});
