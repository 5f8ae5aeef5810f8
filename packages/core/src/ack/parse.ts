import { ACK_COMPARISONS_MAX, ACK_DEPTH_MAX, ACK_TEXT_MAX, REPLICAS_MAX } from '../limits.ts';
import type { AckCounter } from './types.ts';

/**
 * Grammar, a strict subset of CEL (https://github.com/google/cel-spec), so that every rule stays valid when full CEL
 * expressions arrive:
 *
 *   rule       = and { "||" and }
 *   and        = term { "&&" term }
 *   term       = "(" rule ")" | comparison
 *   comparison = counter ( ">=" | ">" | "==" ) number
 *   counter    = "copies" | "shards" | "regions" | "countries" | "providers" | "jurisdictions"
 *   number     = "0" | digit from 1 to 9, digits
 */
export type AckExpression =
  | { readonly kind: 'atLeast'; readonly counter: AckCounter; readonly value: number }
  | { readonly kind: 'all' | 'any'; readonly terms: readonly AckExpression[] };

export interface AckParseOptions {
  /**
   * Copies or shards of the class. Only with it `==` may be used, and only against this number, where it means the
   * same as `>=`: any other equality would stop holding when a late copy arrives.
   */
  readonly width?: number;
}

/** What is wrong with a rule, and where in its text; both count from 1. Never leaves this package. */
export class AckProblem extends Error {
  readonly line: number;
  readonly column: number;
  readonly what: string;
  readonly fix: string;

  constructor(at: { readonly line: number; readonly column: number; readonly what: string; readonly fix: string }) {
    super(at.what);
    this.line = at.line;
    this.column = at.column;
    this.what = at.what;
    this.fix = at.fix;
  }
}

type TokenKind = 'name' | 'number' | 'operator' | 'end';

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Offset in the rule. */
  readonly at: number;
}

interface Cursor {
  readonly source: string;
  readonly width: number | undefined;
  token: Token;
  comparisons: number;
}

const COUNTERS: Readonly<Record<string, AckCounter>> = {
  __proto__: null as never,
  copies: 'copies',
  shards: 'copies',
  regions: 'regions',
  countries: 'countries',
  providers: 'providers',
  jurisdictions: 'jurisdictions',
};
const COUNTER_NAMES = Object.keys(COUNTERS).join(', ');

/** @throws AckProblem */
export function parseAckRule(source: string, options: AckParseOptions = {}): AckExpression {
  if (source.length > ACK_TEXT_MAX)
    throw problem(source, 0, `the rule is longer than ${ACK_TEXT_MAX} characters`, 'Shorten it.');
  const cursor: Cursor = { source, width: options.width, token: tokenAt(source, 0), comparisons: 0 };
  const rule = parseAny(cursor, 0);
  if (cursor.token.kind !== 'end') {
    throw unexpected(cursor, 'the end of the rule', 'Join comparisons with && or ||.');
  }
  return rule;
}

function parseAny(cursor: Cursor, depth: number): AckExpression {
  return parseJoined(cursor, depth, '||', 'any', parseAll);
}

function parseAll(cursor: Cursor, depth: number): AckExpression {
  return parseJoined(cursor, depth, '&&', 'all', parseTerm);
}

function parseJoined(
  cursor: Cursor,
  depth: number,
  operator: string,
  kind: 'all' | 'any',
  parseOperand: (cursor: Cursor, depth: number) => AckExpression,
): AckExpression {
  const first = parseOperand(cursor, depth);
  if (!isAt(cursor, operator)) return first;
  const terms = [first];
  while (isAt(cursor, operator)) {
    advance(cursor);
    terms.push(parseOperand(cursor, depth));
  }
  return { kind, terms };
}

function parseTerm(cursor: Cursor, depth: number): AckExpression {
  if (!isAt(cursor, '(')) return parseComparison(cursor);
  if (depth >= ACK_DEPTH_MAX) {
    throw problem(
      cursor.source,
      cursor.token.at,
      `more than ${ACK_DEPTH_MAX} parentheses are nested`,
      'Write the rule flatter.',
    );
  }
  advance(cursor);
  const inner = parseAny(cursor, depth + 1);
  if (!isAt(cursor, ')')) throw unexpected(cursor, '")"', 'Close the parenthesis.');
  advance(cursor);
  return inner;
}

function parseComparison(cursor: Cursor): AckExpression {
  cursor.comparisons += 1;
  if (cursor.comparisons > ACK_COMPARISONS_MAX) {
    throw problem(
      cursor.source,
      cursor.token.at,
      `the rule has more than ${ACK_COMPARISONS_MAX} comparisons`,
      'Remove some.',
    );
  }
  const name = cursor.token;
  const counter = name.kind === 'name' ? COUNTERS[name.text] : undefined;
  if (counter === undefined) throw unexpected(cursor, 'a counter', `Counters are ${COUNTER_NAMES}.`);
  advance(cursor);
  const operator = cursor.token;
  if (operator.text !== '>=' && operator.text !== '>' && operator.text !== '==') {
    throw unexpected(cursor, '">=" or ">"', `An ack rule asks for "at least": write ${name.text} >= and a number.`);
  }
  advance(cursor);
  const value = parseNumber(cursor, name.text);
  if (operator.text === '==' && value !== cursor.width) {
    throw problem(
      cursor.source,
      operator.at,
      '"==" would stop holding when one more copy arrives',
      `Write ${name.text} >= ${value}.`,
    );
  }
  return { kind: 'atLeast', counter, value: operator.text === '>' ? value + 1 : value };
}

function parseNumber(cursor: Cursor, counter: string): number {
  const { kind, text, at } = cursor.token;
  if (kind !== 'number') throw unexpected(cursor, 'a whole number', `Compare ${counter} with a number such as 2.`);
  const value = Number(text);
  if (value > REPLICAS_MAX) {
    throw problem(cursor.source, at, `${text} is more than a class can have`, `Use at most ${REPLICAS_MAX}.`);
  }
  advance(cursor);
  return value;
}

function isAt(cursor: Cursor, text: string): boolean {
  return cursor.token.text === text;
}

function advance(cursor: Cursor): void {
  cursor.token = tokenAt(cursor.source, cursor.token.at + cursor.token.text.length);
}

function tokenAt(source: string, from: number): Token {
  let at = from;
  while (at < source.length && ' \t\r\n\f'.includes(source.charAt(at))) at += 1;
  if (at === source.length) return { kind: 'end', text: '', at };
  const token = /[A-Za-z_][A-Za-z0-9_]*|\d[A-Za-z0-9_.]*|&&|\|\||[<>=!]=|[()<>]/y;
  token.lastIndex = at;
  const text = token.exec(source)?.[0];
  if (text === undefined) {
    const character = String.fromCodePoint(source.codePointAt(at) ?? 0);
    throw problem(source, at, `${JSON.stringify(character)} has no place in a rule`, 'Remove it.');
  }
  if (/^[A-Za-z_]/.test(text)) return { kind: 'name', text, at };
  if (!/^\d/.test(text)) return { kind: 'operator', text, at };
  if (!/^(0|[1-9]\d*)$/.test(text))
    throw problem(source, at, `"${text}" is not a whole decimal number`, 'Write it like 2.');
  return { kind: 'number', text, at };
}

function unexpected(cursor: Cursor, wanted: string, fix: string): AckProblem {
  const { kind, text, at } = cursor.token;
  const found = kind === 'end' ? 'the rule ends' : `"${text}" stands`;
  return problem(cursor.source, at, `${found} where ${wanted} is expected`, fix);
}

function problem(source: string, at: number, what: string, fix: string): AckProblem {
  const before = source.slice(0, at).split('\n');
  return new AckProblem({ line: before.length, column: (before.at(-1)?.length ?? 0) + 1, what, fix });
}
