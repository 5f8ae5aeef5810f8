import type { AckNeeds } from '../ack/index.ts';
import { labelOfCounter } from '../ack/index.ts';
import type { AckCounter } from '../ack/types.ts';
import type { Label, RedundancyClass } from '../policy/types.ts';
import type { LabelNeeds } from './tables.ts';

export function needsOfAck(redundancyClass: RedundancyClass): readonly LabelNeeds[] {
  return redundancyClass.ack.alternatives.map(needsOf);
}

export function needsOfSpread(redundancyClass: RedundancyClass): LabelNeeds {
  return (Object.entries(redundancyClass.spread.atLeast) as [Label, number][]).filter(([, atLeast]) => atLeast > 1);
}

function needsOf(needs: AckNeeds): LabelNeeds {
  return (Object.entries(needs) as [AckCounter, number][])
    .filter(([, atLeast]) => atLeast > 0)
    .map(([counter, atLeast]) => [labelOfCounter[counter], atLeast]);
}
