import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault, isFault } from '../faults/index.ts';
import { ACK_ALTERNATIVES_MAX, ACK_COMPARISONS_MAX, ACK_DEPTH_MAX, ACK_TEXT_MAX } from '../limits.ts';
import { labelOf } from '../places/labels.ts';
import type { Backend } from '../ports/index.ts';
import { anyBackends, subsets, testBackend } from '../testing/backends.ts';
import { type AckCounter, compileAckRule, labelOfCounter } from './index.ts';

/** Many runs on a busy machine. */
const SLOW = { timeout: 300_000 };

const fi1 = testBackend('fi1', { region: 'fi-1', provider: 'upcloud' });
const fi2 = testBackend('fi2', { region: 'fi-2', provider: 'upcloud' });
const de1 = testBackend('de1', { region: 'de-1', country: 'DE', provider: 'hetzner' });
const us1 = testBackend('us1', { region: 'us-1', country: 'US', jurisdiction: 'US', provider: 'aws' });
const adrift = testBackend('adrift', { region: '', country: 'XX', jurisdiction: 'GLOBAL', provider: 'aws' });

function faultOf(text: string, width?: number): Fault {
  try {
    compileAckRule(text, width === undefined ? {} : { width });
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error(`${text} compiles`);
}

describe('an ack rule', () => {
  it.each<[string, Backend[], Backend[], string]>([
    ['copies >= 2', [], [], 'impossible'],
    ['copies >= 2', [fi1], [fi2], 'possible'],
    ['copies >= 2', [fi1, fi2], [], 'held'],
    ['copies > 1', [fi1, fi2], [], 'held'],
    ['copies > 2', [fi1, fi2], [], 'impossible'],
    ['shards >= 2', [fi1, fi2], [], 'held'],
    ['copies >= 2 && regions >= 2', [fi1, { ...fi2, region: 'fi-1' }], [de1], 'possible'],
    ['copies >= 2 && countries >= 2', [fi1, fi2], [], 'impossible'],
    ['countries >= 2', [fi1, de1], [], 'held'],
    ['providers >= 2', [fi1, fi2], [de1], 'possible'],
    ['jurisdictions >= 2', [fi1, de1], [us1], 'possible'],
    ['copies >= 3 || copies >= 2 && countries >= 2', [fi1, de1], [], 'held'],
    ['(copies >= 3 || copies >= 2) && countries >= 2', [fi1, fi2], [], 'impossible'],
    ['copies >= 1 || regions >= 5', [adrift], [], 'held'],
  ])('%s', (text, stored, pending, state) => {
    expect(compileAckRule(text).evaluate(stored, pending)).toBe(state);
  });

  it('lets unknown facts count for nothing but a copy', () => {
    const twice = [adrift, { ...adrift, id: us1.id }];
    expect(compileAckRule('copies >= 2').evaluate(twice, [])).toBe('held');
    for (const counter of ['regions', 'countries', 'jurisdictions']) {
      expect(compileAckRule(`${counter} >= 1`).evaluate(twice, [])).toBe('impossible');
    }
  });

  it('counts a backend once, however many shards it was given', () => {
    expect(compileAckRule('shards >= 2').evaluate([fi1, fi1], [fi1])).toBe('impossible');
  });

  it('keeps only the weakest ways to hold', () => {
    const { alternatives } = compileAckRule(
      'copies >= 3 || copies >= 2 || copies >= 4 && regions >= 2 || regions >= 2',
    );
    expect(alternatives).toEqual([
      { copies: 2, regions: 0, countries: 0, providers: 0, jurisdictions: 0 },
      { copies: 0, regions: 2, countries: 0, providers: 0, jurisdictions: 0 },
    ]);
  });

  it('takes equality with all copies of the class, and no other', () => {
    expect(compileAckRule('copies == 3', { width: 3 }).evaluate([fi1, fi2, de1], [])).toBe('held');
    expect(faultOf('copies == 2', 3).message).toContain('Write copies >= 2.');
    expect(faultOf('copies == 2').message).toContain('Write copies >= 2.');
  });
});

describe('a rule that is wrong', () => {
  it.each<[string, number, number, string]>([
    ['', 1, 1, 'a counter'],
    ['copies', 1, 7, 'write copies >='],
    ['copies >=', 1, 10, 'a whole number'],
    ['copies >= two', 1, 11, 'a whole number'],
    ['copies >= 2.5', 1, 11, '"2.5" is not a whole decimal number'],
    ['copies >= 02', 1, 11, 'whole decimal number'],
    ['copies >= 0x2', 1, 11, 'whole decimal number'],
    ['copies >= -1', 1, 11, '"-" has no place'],
    ['copies >= 33', 1, 11, 'at most 32'],
    ['copies >= 99999999999999999999', 1, 11, 'at most 32'],
    ['replicas >= 2', 1, 1, 'Counters are copies, shards, regions'],
    ['constructor >= 2', 1, 1, 'Counters are'],
    ['copies <= 2', 1, 8, 'at least'],
    ['copies < 2', 1, 8, 'at least'],
    ['copies != 2', 1, 8, 'at least'],
    ['copies >= 2 & regions >= 2', 1, 13, '"&" has no place'],
    ['copies >= 2 and regions >= 2', 1, 13, 'Join comparisons'],
    ['copies >= 2 &&', 1, 15, 'a counter'],
    ['(copies >= 2', 1, 13, 'Close the parenthesis'],
    ['copies >= 2)', 1, 12, 'the end of the rule'],
    ['copies >= 2 &&\n  region >= 2', 2, 3, 'Counters are'],
    ['copies >= 2 && 🚀', 1, 16, '"🚀" has no place'],
    ['copies >= 0', 1, 1, 'before anything is stored'],
    ['copies >= 2 || regions >= 0', 1, 1, 'before anything is stored'],
  ])('%s: line %i, column %i', (text, line, column, words) => {
    const fault = faultOf(text);
    expect(fault.code).toBe('PolicyInvalid');
    expect(fault.detail).toMatchObject({ line, column });
    expect(fault.message).toContain(`line ${line}, column ${column}`);
    expect(fault.message).toContain(words);
  });

  it('is refused when it is too large in any way', () => {
    const nested = (depth: number): string => `${'('.repeat(depth)}copies >= 2${')'.repeat(depth)}`;
    expect(compileAckRule(nested(ACK_DEPTH_MAX)).alternatives).toHaveLength(1);
    expect(faultOf(nested(ACK_DEPTH_MAX + 1)).message).toContain('nested');
    expect(faultOf(' '.repeat(ACK_TEXT_MAX + 1)).message).toContain('longer than');
    const many = (n: number): string => Array.from({ length: n }, () => 'copies>=2').join('||');
    expect(compileAckRule(many(ACK_COMPARISONS_MAX)).alternatives).toHaveLength(1);
    expect(faultOf(many(ACK_COMPARISONS_MAX + 1)).message).toContain('comparisons');
  });

  it('is refused when compiling would multiply it out without end', () => {
    const steps = (low: string, high: string): string =>
      [2, 4, 6, 8, 10, 12, 14].map((n) => `(${low}>=${n}||${high}>=${32 - n})`).join('&&');
    expect(compileAckRule(steps('copies', 'regions')).alternatives).toHaveLength(8);
    const fault = faultOf(`${steps('copies', 'regions')}&&${steps('countries', 'providers')}`);
    expect(fault.message).toContain(`more than ${ACK_ALTERNATIVES_MAX} different ways`);
  });

  it('gives nothing but PolicyInvalid for any text', SLOW, () => {
    const pieces = fc.constantFrom(
      'copies',
      'regions',
      '>=',
      '>',
      '==',
      '&&',
      '||',
      '(',
      ')',
      '2',
      '0',
      ' ',
      '\n',
      '!',
    );
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (source) => {
        try {
          compileAckRule(source);
        } catch (error) {
          expect(isFault(error, 'PolicyInvalid')).toBe(true);
        }
      }),
    );
  });
});

/** A rule as a tree, with the plain meaning that the compiled form must have. */
interface Rule {
  readonly text: string;
  holds(backends: readonly Backend[]): boolean;
}

const comparison: fc.Arbitrary<Rule> = fc
  .record({
    counter: fc.constantFrom<AckCounter | 'shards'>(
      'copies',
      'shards',
      'regions',
      'countries',
      'providers',
      'jurisdictions',
    ),
    operator: fc.constantFrom('>=', '>'),
    value: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ counter, operator, value }) => ({
    text: `${counter} ${operator} ${value}`,
    holds: (backends) => {
      const label = labelOfCounter[counter === 'shards' ? 'copies' : counter];
      const count = new Set(backends.map((b) => labelOf(b, label)).filter((v) => v !== undefined)).size;
      return operator === '>' ? count > value : count >= value;
    },
  }));

const rules = fc.letrec<{ rule: Rule }>((tie) => ({
  rule: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    comparison,
    fc.tuple(tie('rule'), tie('rule')).map(([a, b]) => ({
      text: `(${a.text}) && (${b.text})`,
      holds: (backends: readonly Backend[]) => a.holds(backends) && b.holds(backends),
    })),
    fc.tuple(tie('rule'), tie('rule')).map(([a, b]) => ({
      text: `(${a.text}) || (${b.text})`,
      holds: (backends: readonly Backend[]) => a.holds(backends) || b.holds(backends),
    })),
  ),
})).rule;

const split = fc
  .tuple(anyBackends(0, 6), fc.nat())
  .map(([all, mask]) => [all.filter((_, i) => (mask >> i) & 1), all.filter((_, i) => !((mask >> i) & 1))] as const);

describe('any rule over any backends', () => {
  it(
    'is held exactly when its plain meaning holds, and possible exactly when some of the pending ones make it hold',
    SLOW,
    () => {
      fc.assert(
        fc.property(rules, split, (rule, [stored, pending]) => {
          const state = compileAckRule(rule.text).evaluate(stored, pending);
          const expected = rule.holds(stored)
            ? 'held'
            : subsets(pending).some((some) => rule.holds([...stored, ...some]))
              ? 'possible'
              : 'impossible';
          expect(state).toBe(expected);
        }),
        { numRuns: 500 },
      );
    },
  );

  it('never loses ground when a pending copy is stored, and never gains any when one fails', () => {
    const order = ['impossible', 'possible', 'held'];
    fc.assert(
      fc.property(rules, split, (rule, [stored, pending]) => {
        const compiled = compileAckRule(rule.text);
        const rank = (a: readonly Backend[], b: readonly Backend[]): number => order.indexOf(compiled.evaluate(a, b));
        const now = rank(stored, pending);
        for (const one of pending) {
          const rest = pending.filter((other) => other !== one);
          expect(rank([...stored, one], rest)).toBeGreaterThanOrEqual(now);
          expect(rank(stored, rest)).toBeLessThanOrEqual(now);
        }
      }),
    );
  });
});
