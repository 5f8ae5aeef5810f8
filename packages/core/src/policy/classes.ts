import { buildAckRule, labelOfCounter } from '../ack/compile.ts';
import { AckProblem } from '../ack/parse.ts';
import type { AckCounter } from '../ack/types.ts';
import { BLOCK_BYTES_MIN, REPLICAS_MAX } from '../limits.ts';
import type { BlobLayout } from '../ports/index.ts';
import type { ClassDocument } from './document.ts';
import type { Label, RedundancyClass, Spread } from './types.ts';

/**
 * Told what is wrong with a class, by the member of its definition that is to be changed; `at` is the place inside
 * that member's text. Throws.
 */
export type ClassProblem = (
  member: keyof ClassDocument,
  what: string,
  fix: string,
  at?: { readonly line: number; readonly column: number },
) => never;

const BUILTIN_CLASSES: readonly ClassDocument[] = [
  {
    name: 'StandardClass',
    copies: 3,
    ack: 'copies >= 2 && regions >= 2',
    spread: { regions: 2 },
  },
  {
    name: 'RegionalClass',
    copies: 2,
    ack: 'copies >= 2',
    within: ['country'],
  },
  {
    name: 'ColdArchiveClass',
    erasure: '2+4',
    ack: 'shards >= 4 && regions >= 2',
    spread: { regions: 2 },
  },
];

/** The classes that every policy may name, the default one first. */
export const builtinClasses: ReadonlyMap<string, RedundancyClass> = new Map(
  BUILTIN_CLASSES.map((definition) => [definition.name, compileClass(definition, brokenBuiltin)]),
);

/** A class out of its definition, its parts checked against each other. */
export function compileClass(definition: ClassDocument, problem: ClassProblem): RedundancyClass {
  const { layout, width } = layoutOf(definition, problem);
  const spread = spreadOf(definition, width, problem);
  let ack: RedundancyClass['ack'];
  try {
    ack = buildAckRule(definition.ack, { width });
  } catch (error) {
    if (!(error instanceof AckProblem)) throw error;
    return problem('ack', error.what, error.fix, error);
  }
  const compiled: RedundancyClass = { name: definition.name, layout, width, spread, ack };
  const atLeast = fewestToAck(compiled);
  if (atLeast === undefined) {
    return problem('ack', `no ${width} backends can ever hold it`, 'Ask for no more than the class places.');
  }
  if (layout.kind === 'erasure' && atLeast < layout.k) {
    return problem(
      'ack',
      `it may hold with ${atLeast} shards, but ${layout.k} are needed to read the object`,
      `Ask for shards >= ${layout.k} at least.`,
    );
  }
  return compiled;
}

/**
 * Backends that must hold a copy or shard, at the very least, when the ack rule holds. Undefined when it never can,
 * because it asks for more than the class places or for different values of a label that must be shared.
 */
export function fewestToAck(redundancyClass: RedundancyClass): number | undefined {
  const { ack, spread, width } = redundancyClass;
  const capped = new Set(spread.within);
  const counters = Object.keys(labelOfCounter) as AckCounter[];
  const counts = ack.alternatives
    .filter((needs) => counters.every((counter) => !capped.has(labelOfCounter[counter]) || needs[counter] <= 1))
    .map((needs) => Math.max(...counters.map((counter) => needs[counter])));
  const fewest = Math.min(...counts);
  return fewest <= width ? fewest : undefined;
}

function layoutOf(
  definition: ClassDocument,
  problem: ClassProblem,
): { readonly layout: BlobLayout; readonly width: number } {
  const { copies, erasure } = definition;
  if (copies !== undefined && erasure !== undefined) {
    return problem('erasure', 'a class has either copies or erasure', 'Remove one of them.');
  }
  if (copies !== undefined) return { layout: { kind: 'copies' }, width: copies };
  if (erasure === undefined) {
    return problem('name', 'the class says neither copies nor erasure', 'Add copies: 3, for example.');
  }
  const [k = 0, m = 0] = erasure.split('+').map(Number);
  if (k + m > REPLICAS_MAX) {
    return problem('erasure', `it has more than ${REPLICAS_MAX} shards`, 'Choose a smaller code.');
  }
  return { layout: { kind: 'erasure', k, m, stripeBytes: k * BLOCK_BYTES_MIN }, width: k + m };
}

function spreadOf(definition: ClassDocument, width: number, problem: ClassProblem): Spread {
  const within = [...new Set(definition.within ?? [])];
  const atLeast: Partial<Record<Label, number>> = {};
  for (const [counter, need = 1] of Object.entries(definition.spread ?? {})) {
    const label = labelOfCounter[counter as AckCounter];
    if (need > width) {
      return problem('spread', `${need} ${counter} cannot be met by ${width} backends`, `Use at most ${width}.`);
    }
    if (need > 1 && within.some((shared) => shared === label)) {
      return problem('spread', `${counter} is to differ, but within asks for one ${label}`, 'Remove one of them.');
    }
    atLeast[label] = need;
  }
  return { atLeast, within };
}

function brokenBuiltin(member: string, what: string): never {
  throw new Error(`A built-in class is wrong at ${member}: ${what}`);
}
