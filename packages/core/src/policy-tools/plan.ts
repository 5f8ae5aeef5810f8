import { mayPlace } from '../placement/eligible.ts';
import { place } from '../placement/place.ts';
import { bindPolicy, type CompiledPolicy, narrow, type RedundancyClass } from '../policy/index.ts';
import type { Backend } from '../ports/index.ts';
import { type ClassExplanation, explainPolicies, type PolicyExplanation } from './explain.ts';
import type { BackendPlanFile } from './plan-file.ts';
import { costsOf, emptyTally } from './tally.ts';
import { type WorstPlacement, worstPlacements } from './worst.ts';
import { bucketFactsOf } from './would-be.ts';

/** Blobs that stand for all of a class. They are placed as real ones are; a share is right within a few hundredths. */
const SAMPLES = 200;
/** So many, and others get their turn: some ten milliseconds with a thousand backends. */
const SAMPLES_AT_ONCE = 20;
const TB = 1e12;

/** What policies mean for backends that could be had. */
export interface PolicyPlan {
  readonly explanation: PolicyExplanation;
  /** How many backends each rule admits or refuses, the most frequent first. */
  readonly verdicts: readonly {
    readonly admitted: boolean;
    readonly rule: string;
    readonly policy: string;
    readonly backends: number;
  }[];
  readonly classes: readonly PlannedClass[];
  readonly volumes: readonly PlannedVolume[];
  /** Of all volumes that have a place. */
  readonly costs: PlannedCosts;
}

export interface PlannedClass extends ClassExplanation {
  /** A month of 1 TB of objects, and reading all of it once; null when the class has no place. */
  readonly perTb: PlannedCosts | null;
  readonly worst: readonly WorstPlacement[];
}

export interface PlannedVolume {
  readonly name: string;
  readonly class: string;
  readonly bytes: number;
  readonly readBytesPerMonth: number;
  readonly now: ClassExplanation['now'];
  readonly rule: string;
  readonly reason: string;
  /** Bytes that each backend would hold, the most first. */
  readonly stored: readonly { readonly backend: Backend['id']; readonly bytes: number }[];
  readonly costs: PlannedCosts;
}

/** Money a month by currency. What nobody priced is told as bytes and never taken for free. */
export interface PlannedCosts {
  readonly costs: readonly { readonly currency: string; readonly storage: number; readonly egress: number }[];
  readonly unpricedStoredBytes: number;
  readonly unpricedReadBytes: number;
}

export interface PlanRequest {
  /** The outermost first; at least one. */
  readonly layers: readonly CompiledPolicy[];
  readonly backends: readonly Backend[];
  readonly volumes: BackendPlanFile['volumes'];
  readonly atMs: number;
  /** Of the bucket that is asked about, when one is. */
  readonly bucket?: Parameters<typeof explainPolicies>[0]['bucket'];
  /** Called between pieces of work of some milliseconds, so that others get their turn. */
  readonly pause?: () => Promise<void>;
}

/**
 * Places what is not stored yet on backends that are not there yet, by the placement of real writes.
 * @throws Fault PolicyRefused when the layers have no class or retention in common
 */
export async function planPolicies(request: PlanRequest): Promise<PolicyPlan> {
  const { layers, backends, atMs, bucket, pause } = request;
  const narrowed = layers.reduce(narrow);
  const writable = new Set(backends.map(({ id }) => id));
  const regionLock = bucket?.regionLock ?? [];
  const explanation = explainPolicies({ layers, backends, writable, regionLock, bucket, atMs });
  const where: Where = { policy: bindPolicy(narrowed, { bucket, atMs }), backends, regionLock, pause };
  const classes: PlannedClass[] = [];
  for (const explained of explanation.classes) {
    classes.push({ ...explained, ...(await termsOf(where, explained)) });
  }
  const volumes: PlannedVolume[] = [];
  for (const [index, volume] of request.volumes.entries()) {
    const own = volume.bucket === undefined ? bucket : bucketFactsOf(volume.bucket);
    const policy = bindPolicy(narrowed, { bucket: own, atMs });
    volumes.push(await volumeOf({ ...where, policy, regionLock: own?.regionLock ?? [] }, volume, index));
  }
  return { explanation, verdicts: verdictsOf(explanation), classes, volumes, costs: sumOf(volumes) };
}

interface Where {
  readonly policy: CompiledPolicy;
  readonly backends: readonly Backend[];
  readonly regionLock: readonly string[];
  readonly pause: PlanRequest['pause'];
}

/** The part of a class's bytes that each backend holds: sums to the storage multiplier. */
type Shares = ReadonlyMap<Backend['id'], number>;

async function termsOf(where: Where, explained: ClassExplanation): Promise<Pick<PlannedClass, 'perTb' | 'worst'>> {
  const { policy, backends, regionLock } = where;
  const redundancyClass = policy.classes.get(explained.name);
  if (redundancyClass === undefined || explained.now !== 'placed') return { perTb: null, worst: [] };
  const { shares } = await sharesOf(where, redundancyClass);
  const legal = backends.filter((backend) => mayPlace(policy, backend, { regionLock }).ok);
  return {
    perTb: costsFor(shares, { bytes: TB, readBytes: TB, backends }),
    worst: worstPlacements(redundancyClass, legal),
  };
}

async function sharesOf({ policy, backends, regionLock, pause }: Where, redundancyClass: RedundancyClass) {
  const writable = new Set(backends.map(({ id }) => id));
  const { layout } = redundancyClass;
  const each = 1 / (layout.kind === 'erasure' ? layout.k : 1) / SAMPLES;
  const shares = new Map<Backend['id'], number>();
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    if (sample % SAMPLES_AT_ONCE === 0) await pause?.();
    const seed = `plan/${sample}`;
    const placed = place({ policy, redundancyClass, scope: { regionLock }, backends, writable, seed });
    if (!placed.ok) return { shares, refusal: placed };
    for (const { id } of placed.write) shares.set(id, (shares.get(id) ?? 0) + each);
  }
  return { shares, refusal: undefined };
}

async function volumeOf(where: Where, volume: PlanRequest['volumes'][number], index: number): Promise<PlannedVolume> {
  const { bytes, readBytesPerMonth } = volume;
  const { shares, refusal, redundancyClass } = await placeVolume(where, volume.class ?? where.policy.defaultClass);
  return {
    name: volume.name ?? volume.bucket?.name ?? `volume ${index + 1}`,
    class: redundancyClass,
    bytes,
    readBytesPerMonth,
    now: refusal?.kind ?? 'placed',
    rule: refusal?.rule ?? '',
    reason: refusal?.reason ?? '',
    stored: [...shares]
      .map(([backend, share]) => ({ backend, bytes: Math.round(share * bytes) }))
      .sort((a, b) => b.bytes - a.bytes || (a.backend < b.backend ? -1 : 1)),
    costs: costsFor(shares, { bytes, readBytes: readBytesPerMonth, backends: where.backends }),
  };
}

/** A class that is not offered is a refusal like any other: the same plan is asked about many policies. */
async function placeVolume(where: Where, name: string) {
  const { classes } = where.policy;
  const found = classes.get(name);
  const none: Shares = new Map();
  if (found === undefined) {
    const reason = `the policies offer ${[...classes.keys()].join(', ')}`;
    return {
      redundancyClass: name,
      shares: none,
      refusal: { kind: 'illegal', rule: 'policy.classes', reason } as const,
    };
  }
  const { shares, refusal } = await sharesOf(where, found);
  return { redundancyClass: name, shares: refusal === undefined ? shares : none, refusal };
}

/** Reads take each of the backends that hold a copy or shard alike: which one is the nearest is not known yet. */
function costsFor(
  shares: Shares,
  of: { readonly bytes: number; readonly readBytes: number; readonly backends: readonly Backend[] },
): PlannedCosts {
  const all = [...shares.values()].reduce((sum, share) => sum + share, 0);
  const { costs, unpricedStoredBytesAfter, unpricedEgressBytes } = costsOf(
    {
      ...emptyTally,
      stored: [...shares].map(([backend, share]) => ({ backend, before: 0, after: share * of.bytes })),
      moves: [...shares].map(([from, share]) => ({ from, to: '', replicas: 0, bytes: (share / all) * of.readBytes })),
    },
    of.backends,
  );
  return {
    costs: costs.map(({ currency, storagePerMonthAfter, egress }) => ({
      ...{ currency, storage: storagePerMonthAfter, egress },
    })),
    unpricedStoredBytes: Math.round(unpricedStoredBytesAfter),
    unpricedReadBytes: Math.round(unpricedEgressBytes),
  };
}

function sumOf(volumes: readonly PlannedVolume[]): PlannedCosts {
  const sums = new Map<string, PlannedCosts['costs'][number]>();
  for (const { currency, storage, egress } of volumes.flatMap(({ costs }) => costs.costs)) {
    const { storage: before, egress: read } = sums.get(currency) ?? { storage: 0, egress: 0 };
    sums.set(currency, { currency, storage: before + storage, egress: read + egress });
  }
  const total = (name: 'unpricedStoredBytes' | 'unpricedReadBytes'): number =>
    volumes.reduce((sum, { costs }) => sum + costs[name], 0);
  return {
    costs: [...sums.values()],
    unpricedStoredBytes: total('unpricedStoredBytes'),
    unpricedReadBytes: total('unpricedReadBytes'),
  };
}

function verdictsOf({ backends }: PolicyExplanation): PolicyPlan['verdicts'] {
  const groups = Map.groupBy(backends, ({ admitted, rule, policy }) => `${String(admitted)} ${rule} ${policy}`);
  return [...groups.values()]
    .flatMap(([first, ...others]) =>
      first === undefined
        ? []
        : [{ ...{ admitted: first.admitted, rule: first.rule, policy: first.policy }, backends: 1 + others.length }],
    )
    .sort((a, b) => Number(b.admitted) - Number(a.admitted) || b.backends - a.backends);
}
