import { parseBucketName } from '@sealgate/core/names';
import { type CompiledPolicy, compilePolicy } from '@sealgate/core/policy';
import type { AuditActor, Backend } from '@sealgate/core/ports';
import type { Prng, VirtualClock } from '@sealgate/testkit';
import type { MemoryMetadata } from '@sealgate/testkit/metadata-memory';

/** What holds for the bucket under a policy, and held before: who looks at it knows which bytes may lie where. */
export interface RuledBucket {
  /** Another policy from now on. */
  narrow(prng: Prng): Promise<void>;
  /**
   * Whether bytes of the bucket may be sent to a backend then: some policy and some facts of the backend admit it that were
   * in force at some moment of the `withinMs` before.
   */
  admittedAt(backend: Backend['id'], atMs: number, withinMs: number): boolean;
  /** By what holds now. */
  admits(backend: Backend['id']): boolean;
  /** A backend's facts have changed. */
  noteFacts(): void;
}

export const RULED = 'ruled';
const ACTOR: AuditActor = { kind: 'admin', id: 'operator', requestId: 'policy' };

/**
 * Each way of saying it leaves out one place of two backends at most: so that three copies always find a place, also when one
 * more backend is drained and one turns out to be abroad.
 */
const SPECS: readonly string[] = [
  'residency: { regionLock: [EU] }',
  'residency: { countries: { deny: [NL] } }',
  'residency: { countries: { deny: [FI] } }',
  'residency: { operatorJurisdiction: { deny: [US] } }',
  'residency: { providers: { deny: [provider-fra-1] } }',
  `rules: [{ name: r, deny: 'backend.country == "FR"' }]`,
  `rules: [{ name: r, allow: 'backend.region != "nl-west" && backend.weight > 0' }]`,
  `rules: [{ name: r, allow: 'backend.jurisdiction == "EU" || bucket.name != "${RULED}"' }]`,
];

const FACTS = {
  tenantName: 'simulated',
  name: parseBucketName(RULED),
  region: 'eu',
  encryption: 'off',
  versioning: 'off',
  objectLock: false,
  regionLock: [],
} as const;

const documentOf = (spec: string): string =>
  `apiVersion: sealgate/v1\nkind: Policy\nmetadata:\n  name: ${RULED}\nspec:\n  ${spec}\n`;

interface Since<T> {
  readonly sinceMs: number;
  readonly value: T;
}

/** The policy of the bucket `ruled`, drawn from the seed. */
export async function ruleBucket(deps: {
  readonly metadata: MemoryMetadata;
  readonly clock: VirtualClock;
  readonly prng: Prng;
}): Promise<RuledBucket> {
  const { metadata, clock } = deps;
  const policies: Since<CompiledPolicy>[] = [];
  const facts: Since<readonly Backend[]>[] = [{ sinceMs: 0, value: metadata.backendRows() }];
  const put = async (prng: Prng): Promise<void> => {
    const document = documentOf(prng.pick(SPECS));
    await metadata.putPolicy(RULED, document, ACTOR);
    policies.push({ sinceMs: clock.now(), value: compilePolicy(document, { version: policies.length + 1 }) });
  };
  const admitted = (policy: CompiledPolicy, backends: readonly Backend[], id: Backend['id']): boolean => {
    const backend = backends.find((row) => row.id === id);
    const situation = { bucket: FACTS, atMs: clock.now(), regionLock: [] };
    return backend !== undefined && policy.admits(backend, situation).ok;
  };
  await put(deps.prng);
  return {
    narrow: put,
    admittedAt: (id, atMs, withinMs) =>
      inForce(policies, atMs, withinMs).some((policy) =>
        inForce(facts, atMs, withinMs).some((backends) => admitted(policy, backends, id)),
      ),
    admits: (id) => admitted(newest(policies), newest(facts), id),
    noteFacts: () => void facts.push({ sinceMs: clock.now(), value: metadata.backendRows() }),
  };
}

function inForce<T>(all: readonly Since<T>[], atMs: number, withinMs: number): readonly T[] {
  return all
    .filter(({ sinceMs }, i) => sinceMs <= atMs && (all[i + 1]?.sinceMs ?? Number.POSITIVE_INFINITY) > atMs - withinMs)
    .map(({ value }) => value);
}

function newest<T>(all: readonly Since<T>[]): T {
  const last = all.at(-1);
  if (last === undefined) throw new Error('Nothing was ever in force.');
  return last.value;
}
