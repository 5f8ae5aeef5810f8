import { Fault } from '../faults/index.ts';
import { REPLICAS_MAX } from '../limits.ts';
import { narrowRegionLock, parseRegionLock } from '../places/residency.ts';
import { namesClass, resolveClass } from './resolve-class.ts';
import type { CompiledPolicy, RedundancyClass } from './types.ts';

/** The two tags of an object that say where, and how often, its bytes are to be kept. */
export const RESIDENCY_TAG = 'residency';
export const REPLICA_COUNT_TAG = 'replica-count';

/** What an object asks of its placement. It narrows what the bucket's policy allows and never widens it. */
export interface PlacementWishes {
  /** Jurisdictions and country codes; empty: no further limit. */
  readonly regionLock: readonly string[];
  /** Undefined: as many as the class keeps. */
  readonly copies: number | undefined;
}

/**
 * The wishes in an object's tags. A wish that cannot be read is refused: ignored, the bytes could lie where they may not.
 * @throws Fault InvalidTag
 */
export function wishesOf(tags: Readonly<Record<string, string>> | null): PlacementWishes {
  const residency = tags?.[RESIDENCY_TAG];
  const count = tags?.[REPLICA_COUNT_TAG];
  return {
    regionLock: residency === undefined ? [] : residencyOf(residency),
    copies: count === undefined ? undefined : countOf(count),
  };
}

/**
 * Where the bytes of one object may lie: its bucket's lock, within what its residency tag asked for when it was written.
 * @throws Fault InvalidTag; PolicyRefused when no place is left
 */
export function regionLockOf(regionLock: readonly string[], residency: string | null): readonly string[] {
  return residency === null ? regionLock : narrowRegionLock(regionLock, residencyOf(residency));
}

/** Tags cannot hold commas, so the codes of a list may stand apart by spaces, `+`, `/` or `:` as well. */
function residencyOf(text: string): readonly string[] {
  try {
    return parseRegionLock(text.trim().replace(/[\s+/:,]+/g, ','));
  } catch (cause) {
    throw invalid(RESIDENCY_TAG, 'names jurisdictions or countries, for example "EU" or "FI DE"', cause);
  }
}

function countOf(text: string): number {
  const count = Number(text);
  if (!/^\d{1,3}$/.test(text) || count < 1 || count > REPLICAS_MAX)
    throw invalid(REPLICA_COUNT_TAG, `is a number from 1 to ${REPLICAS_MAX}`);
  return count;
}

function invalid(tag: string, what: string, cause?: unknown): Fault {
  return new Fault('InvalidTag', `The tag ${tag} decides on placement here and ${what}.`, {
    detail: { TagKey: tag },
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * The class of a new object under its wishes: the one it names, or the default, with more copies when it wants more.
 * Fewer than a class keeps are had only through another class that the policy offers, and never of an object whose
 * class was named.
 * @throws Fault InvalidStorageClass, PolicyRefused (rule `tag.replica-count`)
 */
export function resolveWishedClass(
  policy: CompiledPolicy,
  asked: {
    readonly named: string | undefined;
    readonly fallback: string | undefined;
    readonly copies: number | undefined;
  },
): RedundancyClass {
  const chosen = resolveClass(policy, namesClass(asked.named) ? asked.named : asked.fallback);
  const { copies } = asked;
  if (copies === undefined || (chosen.layout.kind === 'copies' && chosen.width === copies)) return chosen;
  if (chosen.layout.kind === 'copies' && chosen.width < copies) return { ...chosen, width: copies };
  const other = namesClass(asked.named) ? undefined : closestClass(policy, copies);
  if (other !== undefined) return { ...other, width: copies };
  const kept = chosen.layout.kind === 'copies' ? `${chosen.width} copies` : 'shards in place of copies';
  throw new Fault(
    'PolicyRefused',
    `The tag ${REPLICA_COUNT_TAG} asks for ${copies}, but the class ${chosen.name} keeps ${kept}, and this bucket's policy offers no other class for it.`,
    { rule: `tag.${REPLICA_COUNT_TAG}`, detail: { Rule: `tag.${REPLICA_COUNT_TAG}` } },
  );
}

/** The class with the most copies, but no more than these; the first one of equals. */
function closestClass(policy: CompiledPolicy, copies: number): RedundancyClass | undefined {
  let best: RedundancyClass | undefined;
  for (const candidate of policy.classes.values()) {
    if (candidate.layout.kind !== 'copies' || candidate.width > copies) continue;
    if (best === undefined || candidate.width > best.width) best = candidate;
  }
  return best;
}
