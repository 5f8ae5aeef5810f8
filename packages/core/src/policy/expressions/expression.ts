import { celEnv, parse, plan } from '@bufbuild/cel';
import { EXPRESSION_DEPTH_MAX, EXPRESSION_TEXT_MAX } from '../../limits.ts';
import { type CheckedExpression, checkExpression } from './check.ts';
import type { Subject } from './facts.ts';
import { ExpressionProblem } from './problem.ts';

/** `unknown`: a fact that the answer depends on is not known. */
export type Answer = 'yes' | 'no' | 'unknown';

/** A condition over facts, ready to be asked. */
export interface Condition {
  readonly text: string;
  readonly subjects: ReadonlySet<Subject>;
  readonly facts: ReadonlySet<string>;
  /** Never throws. */
  ask(facts: Readonly<Partial<Record<Subject, unknown>>>): Answer;
}

const environment = celEnv();

/**
 * Compiles a CEL condition: bounded in size, of known facts and types, without loops.
 * @throws ExpressionProblem
 */
export function compileCondition(text: string): Condition {
  refuseLarge(text);
  const parsed = parseText(text);
  const checked: CheckedExpression = checkExpression(parsed, text);
  if (checked.type !== 'bool') {
    throw whole(
      `it gives ${checked.type === 'strings' ? 'a list' : `a ${checked.type}`}, not true or false`,
      'Compare it with something.',
    );
  }
  const evaluate = plan(environment, parsed);
  return {
    text,
    facts: checked.facts,
    subjects: new Set([...checked.facts].map((path) => path.split('.', 1)[0] as Subject)),
    ask(facts) {
      let answer: unknown;
      try {
        answer = evaluate(facts as Parameters<typeof evaluate>[0]);
      } catch {
        return 'unknown';
      }
      if (answer === true) return 'yes';
      return answer === false ? 'no' : 'unknown';
    },
  };
}

function refuseLarge(text: string): void {
  if (text.length > EXPRESSION_TEXT_MAX) {
    throw whole(`it has more than ${EXPRESSION_TEXT_MAX} characters`, 'Split it into several rules.');
  }
  // The parser is recursive: brackets, and what repeats in front of a value, are counted before it runs.
  let depth = 0;
  for (const character of text) {
    if ('([{!-?'.includes(character)) depth += 1;
    else if (')]}'.includes(character) && depth > 0) depth -= 1;
    if (depth > EXPRESSION_DEPTH_MAX * 4) throw whole('it is nested too deep', 'Split it into several rules.');
  }
}

function parseText(text: string): ReturnType<typeof parse> {
  try {
    return parse(text);
  } catch (error) {
    const { line, column } = startOf(error);
    throw new ExpressionProblem({
      what: 'it cannot be read as CEL',
      fix: 'Write a condition such as backend.country in ["FI", "DE"].',
      line,
      column,
    });
  }
}

function startOf(error: unknown): { readonly line: number; readonly column: number } {
  const start =
    error instanceof Error && 'location' in error
      ? (error.location as { readonly start?: { readonly line: number; readonly column: number } }).start
      : undefined;
  return start ?? { line: 1, column: 1 };
}

function whole(what: string, fix: string): ExpressionProblem {
  return new ExpressionProblem({ what, fix, line: 1, column: 1 });
}
