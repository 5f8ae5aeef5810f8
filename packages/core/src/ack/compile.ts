import { Fault } from '../faults/index.ts';
import { ACK_ALTERNATIVES_MAX } from '../limits.ts';
import { reaches } from '../places/labels.ts';
import type { Label } from '../policy/types.ts';
import type { Backend } from '../ports/index.ts';
import { type AckExpression, type AckParseOptions, AckProblem, parseAckRule } from './parse.ts';
import type { AckCounter, AckNeeds, CompiledAckRule } from './types.ts';

/** The label whose distinct values a counter counts. */
export const labelOfCounter: Readonly<Record<AckCounter, Label>> = {
  copies: 'backend',
  regions: 'region',
  countries: 'country',
  providers: 'provider',
  jurisdictions: 'jurisdiction',
};

const COUNTERS = Object.keys(labelOfCounter) as readonly AckCounter[];
const NOTHING: AckNeeds = { copies: 0, regions: 0, countries: 0, providers: 0, jurisdictions: 0 };

/**
 * Compiles an ack rule such as `copies >= 2 && regions >= 2`. See docs/spec/ack-and-placement.md for the grammar.
 * @throws Fault PolicyInvalid with `line` and `column` inside the rule, and a message that says how to mend it
 */
export function compileAckRule(text: string, options: AckParseOptions = {}): CompiledAckRule {
  try {
    return buildAckRule(text, options);
  } catch (error) {
    if (!(error instanceof AckProblem)) throw error;
    const { line, column, what, fix } = error;
    throw new Fault('PolicyInvalid', `Ack rule, line ${line}, column ${column}: ${what}. ${fix}`, {
      rule: 'ack.syntax',
      detail: { line, column },
    });
  }
}

/** The same for a caller that knows where the rule stands in a larger text. @throws AckProblem */
export function buildAckRule(text: string, options: AckParseOptions): CompiledAckRule {
  const alternatives = alternativesOf(parseAckRule(text, options));
  if (alternatives.some((needs) => COUNTERS.every((counter) => needs[counter] === 0))) {
    throw wholeRule('it holds before anything is stored', 'Ask for copies >= 1 at least.');
  }
  const holds = (stored: readonly Backend[]): boolean => alternatives.some((needs) => meets(stored, needs));
  return {
    text,
    alternatives,
    evaluate: (stored, pending) => {
      if (holds(stored)) return 'held';
      return pending.length > 0 && holds([...stored, ...pending]) ? 'possible' : 'impossible';
    },
  };
}

function wholeRule(what: string, fix: string): AckProblem {
  return new AckProblem({ line: 1, column: 1, what, fix });
}

function meets(backends: readonly Backend[], needs: AckNeeds): boolean {
  for (const counter of COUNTERS) {
    const need = needs[counter];
    if (need > 0 && !reaches(backends, labelOfCounter[counter], need)) return false;
  }
  return true;
}

/** Disjunctive form without redundant entries. */
function alternativesOf(expression: AckExpression): readonly AckNeeds[] {
  if (expression.kind === 'atLeast') return [{ ...NOTHING, [expression.counter]: expression.value }];
  const terms = expression.terms.map(alternativesOf);
  if (expression.kind === 'any') return minimal(terms.flat());
  return terms.reduce((left, right) => minimal(left.flatMap((a) => right.map((b) => both(a, b)))));
}

function both(a: AckNeeds, b: AckNeeds): AckNeeds {
  return {
    copies: Math.max(a.copies, b.copies),
    regions: Math.max(a.regions, b.regions),
    countries: Math.max(a.countries, b.countries),
    providers: Math.max(a.providers, b.providers),
    jurisdictions: Math.max(a.jurisdictions, b.jurisdictions),
  };
}

function minimal(all: readonly AckNeeds[]): readonly AckNeeds[] {
  const kept: AckNeeds[] = [];
  for (const needs of all) {
    if (kept.some((other) => implies(needs, other))) continue;
    const weaker = kept.filter((other) => !implies(other, needs));
    kept.splice(0, kept.length, ...weaker, needs);
  }
  if (kept.length <= ACK_ALTERNATIVES_MAX) return kept;
  throw wholeRule(`it has more than ${ACK_ALTERNATIVES_MAX} different ways to hold`, 'Use fewer "||".');
}

/** True when whatever meets `a` meets `b`. */
function implies(a: AckNeeds, b: AckNeeds): boolean {
  return COUNTERS.every((counter) => a[counter] >= b[counter]);
}
