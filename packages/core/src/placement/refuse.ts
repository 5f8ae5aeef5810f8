import { labelOf } from '../places/labels.ts';
import type { Label, RedundancyClass } from '../policy/types.ts';
import type { Backend } from '../ports/index.ts';
import { needsOfSpread } from './needs.ts';
import type { Placement, Refusal } from './types.ts';

type Refused = Extract<Placement, { ok: false }>;

const PLURAL: Readonly<Record<Label, string>> = {
  backend: 'backends',
  region: 'regions',
  country: 'countries',
  provider: 'providers',
  jurisdiction: 'jurisdictions',
  operatorJurisdiction: 'operator jurisdictions',
};

/** No health could make it right. Names the rule whose change would help most. Reasons hold no backend's id. */
export function refuseIllegal(
  redundancyClass: RedundancyClass,
  legal: readonly Backend[],
  refusals: readonly Refusal[],
): Refused {
  const { name, width, layout } = redundancyClass;
  const unit = layout.kind === 'erasure' ? 'shards' : 'copies';
  if (legal.length < width) {
    const what = `${name} needs ${width} backends for its ${unit} and ${legal.length} of ${legal.length + refusals.length} are allowed`;
    const blamed = mostFrequent(refusals);
    if (blamed === undefined) return illegal(`class.${name}.${unit}`, what, refusals);
    return illegal(blamed.rule, `${what}; ${blamed.rule} refuses ${blamed.count}`, refusals);
  }
  return illegal(...spreadFailure(redundancyClass, legal), refusals);
}

/** It would hold with every legal backend writable. */
export function refuseUnavailable(
  redundancyClass: RedundancyClass,
  legal: readonly Backend[],
  options: { readonly writable: number; readonly refusals: readonly Refusal[] },
): Refused {
  return {
    ok: false,
    kind: 'unavailable',
    rule: `class.${redundancyClass.name}.ack`,
    reason: `${options.writable} of the ${legal.length} allowed backends take writes now, with which ${redundancyClass.ack.text} cannot hold`,
    refusals: options.refusals,
  };
}

function illegal(rule: string, reason: string, refusals: readonly Refusal[]): Refused {
  return { ok: false, kind: 'illegal', rule, reason, refusals };
}

/** Enough backends, but no set of them lies as the class wants. */
function spreadFailure(redundancyClass: RedundancyClass, legal: readonly Backend[]): [rule: string, reason: string] {
  const { name, width, spread, ack } = redundancyClass;
  for (const [label, atLeast] of needsOfSpread(redundancyClass)) {
    const found = new Set(legal.map((backend) => labelOf(backend, label)).filter((value) => value !== undefined)).size;
    if (found < atLeast) {
      const plural = PLURAL[label];
      return [
        `class.${name}.spread.${plural.replace(' ', '')}`,
        `${name} needs ${atLeast} ${plural} and the ${legal.length} allowed backends lie in ${found}`,
      ];
    }
  }
  for (const label of spread.within) {
    if (largestGroup(legal, label) < width) {
      return [
        `class.${name}.within.${label}`,
        `${name} needs ${width} backends of one ${label} and no ${width} of the ${legal.length} allowed ones share it`,
      ];
    }
  }
  if (ack.evaluate(legal, []) !== 'held') {
    return [`class.${name}.ack`, `with all ${legal.length} allowed backends ${ack.text} does not hold`];
  }
  return [
    `class.${name}.spread`,
    `no ${width} of the ${legal.length} allowed backends lie as ${name} and its ack rule want`,
  ];
}

function largestGroup(backends: readonly Backend[], label: Label): number {
  const sizes = new Map<string, number>();
  for (const backend of backends) {
    const value = labelOf(backend, label);
    if (value !== undefined) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  }
  return Math.max(0, ...sizes.values());
}

function mostFrequent(refusals: readonly Refusal[]): { readonly rule: string; readonly count: number } | undefined {
  const counts = new Map<string, number>();
  for (const { rule } of refusals) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  let best: { readonly rule: string; readonly count: number } | undefined;
  for (const [rule, count] of counts) if (best === undefined || count > best.count) best = { rule, count };
  return best;
}
