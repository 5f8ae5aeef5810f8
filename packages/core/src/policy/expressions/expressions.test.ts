import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFault } from '../../faults/index.ts';
import { EXPRESSION_NODES_MAX, EXPRESSION_TEXT_MAX } from '../../limits.ts';
import { testBackend } from '../../testing/backends.ts';
import { bindPolicy, builtinPolicy, compilePolicy, narrow } from '../index.ts';
import type { CompiledPolicy } from '../types.ts';
import { compileCondition } from './expression.ts';
import type { BucketFacts } from './facts.ts';
import { ExpressionProblem } from './problem.ts';

const everywhere = { regionLock: [] };
const compile = (rules: object[], spec: object = {}): CompiledPolicy =>
  compilePolicy(
    JSON.stringify({ apiVersion: 'sealgate/v1', kind: 'Policy', metadata: { name: 'test' }, spec: { ...spec, rules } }),
    { version: 1 },
  );
const allow = (text: string) => compile([{ name: 'r', allow: text }]);
const deny = (text: string) => compile([{ name: 'r', deny: text }]);
const priced = testBackend('b', {
  prices: { currency: 'EUR', storagePerGbMonth: 0.012, egressPerGb: null, per1000Requests: null },
  certificates: ['ISO/IEC 27001:2022'],
  capabilities: { objectLock: true, versioning: false },
  expectedLatencyMs: 12,
});
const bucket = {
  tenantName: 'acme',
  name: 'b',
  region: 'r',
  encryption: 'required',
  versioning: 'off',
  objectLock: true,
  regionLock: [],
} as unknown as BucketFacts;

describe('a rule about backends', () => {
  it.each([
    ['backend.country in ["FI", "SE"]', true],
    ['backend.price.storage < 0.02 && backend.price.currency == "EUR"', true],
    ['backend.price.storage * 12.0 > 1.0', false],
    ['"ISO27001" in backend.certificates', true],
    ['"objectLock" in backend.capabilities', true],
    ['"versioning" in backend.capabilities', false],
    ['backend.latencyMs <= 12', true],
    ['backend.id.startsWith("b") && size(backend.provider) > 3', true],
    ['backend.country == "FI" ? backend.weight > 0 : false', true],
    ['has(backend.price.egress)', false],
  ])('%s: %s', (text, expected) => {
    expect(allow(text).admits(priced, everywhere).ok).toBe(expected);
    expect(deny(text).admits(priced, everywhere).ok).toBe(!expected);
  });

  it.each([
    ['backend.price.egress < 1', {}],
    ['backend.price.storage < 1', { prices: null }],
    ['backend.country == "SE"', { country: 'XX' }],
    ['backend.country == "FI"', { country: 'EU' }],
    ['backend.jurisdiction == "EU"', { jurisdiction: 'GLOBAL' }],
    ['backend.operatorJurisdiction == "US"', { operatorJurisdiction: 'unknown' }],
    ['"versioning" in backend.capabilities', { capabilities: {} }],
    ['bucket.objectLock', {}],
    ['time.hour < 24', {}],
  ])('refuses where the answer is not known: %s %o', (text, facts) => {
    const backend = { ...priced, ...facts };
    for (const policy of [allow(`backend.weight > 0 && ${text}`), deny(`backend.weight > 0 && ${text}`)]) {
      expect(policy.admits(backend, everywhere)).toMatchObject({ ok: false, rule: 'rules.r' });
    }
    // What decides without the unknown fact decides.
    expect(allow(`backend.weight > 0 || ${text}`).admits(backend, everywhere)).toMatchObject({ ok: true });
    expect(deny(`backend.weight < 0 && ${text}`).admits(backend, everywhere)).toMatchObject({ ok: true });
  });

  it('knows the bucket and the time that its policy is bound to', () => {
    const friday = Date.UTC(2026, 10, 27, 13);
    const policy = allow(
      'backend.weight > 0 && bucket.tenant == "acme" && time.weekday == "friday" && time.hour == 13',
    );
    expect(policy.needsSituation).toBe(true);
    expect(bindPolicy(policy, { bucket, atMs: friday }).admits(priced, everywhere).ok).toBe(true);
    expect(bindPolicy(policy, { bucket, atMs: friday + 86_400_000 }).admits(priced, everywhere).ok).toBe(false);
    expect(policy.admits(priced, everywhere).ok).toBe(false);
    const until = allow('backend.weight > 0 && time.now < timestamp("2027-01-01T00:00:00Z")');
    expect(bindPolicy(until, { atMs: Date.UTC(2026, 11, 31) }).admits(priced, everywhere).ok).toBe(true);
    expect(bindPolicy(until, { atMs: Date.UTC(2027, 0, 1) }).admits(priced, everywhere).ok).toBe(false);
  });
});

describe('a rule about writes', () => {
  const write = {
    operation: 'put',
    key: 'logs/a',
    bytes: 10,
    redundancyClass: 'StandardClass',
    tags: { team: 'x' },
  } as const;

  it.each([
    ['request.key.startsWith("logs/")', true],
    ['request.bytes <= 10', true],
    ['request.class == "ColdArchiveClass"', false],
    ['request.tags.team == "x" && "team" in request.tags && request.tags["team"] == "x"', true],
    ['has(request.tags.owner)', false],
    ['has(request.tags.constructor) || "toString" in request.tags', false],
    ['request.operation in ["put", "copy"] && bucket.name == "b"', true],
  ])('%s: %s', (text, holds) => {
    expect(allow(text).refusesWrite(write, { bucket }) === undefined).toBe(holds);
    expect(deny(text).refusesWrite(write, { bucket }) === undefined).toBe(!holds);
    expect(allow(text).admits(priced, everywhere).ok, 'it says nothing of backends').toBe(true);
  });

  it('says why, in its own words', () => {
    const policy = compile([{ name: 'small', deny: 'request.bytes > 5', reason: 'at most five bytes' }]);
    expect(policy.refusesWrite(write, {})).toEqual({ rule: 'rules.small', reason: 'at most five bytes' });
    expect(policy.refusesWrite({ ...write, bytes: undefined }, {}), 'waits for the size').toBeUndefined();
  });

  it('refuses for want of a fact', () => {
    expect(deny('request.tags.owner == "y"').refusesWrite(write, {})).toMatchObject({ rule: 'rules.r' });
    expect(allow('bucket.name == "b"').refusesWrite(write, {})).toMatchObject({ rule: 'rules.r' });
  });
});

describe('an expression', () => {
  it.each([
    ['["a", "b"].exists(x, x == backend.id)', 'loops'],
    ['backend.certificates.all(c, c == "a")', 'loops'],
    ['{"a": 1}.a == 1', 'only facts'],
    ['backend == backend', 'no value'],
    ['backend.price == 1', 'no value'],
    ['backend.id', 'gives a string'],
    ['backend.id.matches("(a+)+$")', 'no function matches'],
    ['dyn(backend.id) == 1', 'no function dyn'],
    ['timestamp(backend.id) < time.now', 'RFC 3339'],
    ['timestamp("yesterday") < time.now', 'RFC 3339'],
    ['backend.weight + 1 > 2', 'two numbers of one kind'],
    ['[1, 2] == [1]', 'lists hold texts'],
    ['b"a" == b"b"', 'no place'],
    ['backend.__proto__ == "x"', 'no fact'],
    ['constructor == "x"', 'no fact'],
    ['request.tags.a.b == "x"', 'no fact'],
    [`${'!'.repeat(200)}true`, 'nested'],
    [`${'('.repeat(200)}true${')'.repeat(200)}`, 'nested'],
    ['x'.repeat(EXPRESSION_TEXT_MAX + 1), 'characters'],
    [Array.from({ length: EXPRESSION_NODES_MAX / 2 + 1 }, () => 'true').join('&&'), 'too long'],
  ])('is refused: %s', (text, words) => {
    expect(() => compileCondition(text)).toThrow(expect.objectContaining({ name: 'ExpressionProblem' }));
    try {
      compileCondition(text);
    } catch (error) {
      expect((error as ExpressionProblem).what).toContain(words);
    }
  });

  const fragment = fc.constantFrom(
    'backend',
    'request',
    'bucket',
    'time',
    '.',
    'id',
    'tags',
    'country',
    'price',
    'storage',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '"a"',
    "'",
    '1',
    '2.5',
    '&&',
    '||',
    '!',
    '==',
    '<',
    'in',
    '?',
    ':',
    ',',
    'has(',
    'size(',
    '.exists(',
    'timestamp(',
    'true',
    ' ',
    '\n',
    '\\',
    'r"',
    '-',
    '+',
    'null',
  );

  it('of any text is compiled or refused with a place, and then answers', () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 60, unit: 'binary' }),
      fc.array(fragment, { maxLength: 30 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          expect(['yes', 'no', 'unknown']).toContain(compileCondition(text).ask({}));
        } catch (error) {
          if (!(error instanceof ExpressionProblem)) throw error;
          expect(error.line).toBeGreaterThan(0);
          expect(error.column).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('in any document is compiled or refused as PolicyInvalid', () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 20 }), fc.string({ maxLength: 20 }), (parts, noise) => {
        try {
          compilePolicy(
            `apiVersion: sealgate/v1\nkind: Policy\nmetadata: {name: x}\nspec:\n  rules:\n    - name: a\n      allow: ${parts.join('')}${noise}\n`,
            { version: 1 },
          );
        } catch (error) {
          if (!isFault(error, 'PolicyInvalid')) throw error;
          expect(error.message).toMatch(/line \d+, column \d+/);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('narrowing', () => {
  it('keeps every layer’s recipients and rules about writes, and the innermost preference', () => {
    const id = (c: string) => `urn:ietf:params:oauth:jwk-thumbprint:sha-256:${c.repeat(43)}`;
    const outer = compile([{ name: 'a', deny: 'request.key == "x"' }], {
      encryption: { requiredRecipients: [id('a')] },
      prefer: { price: 1 },
    });
    const inner = compile([{ name: 'b', deny: 'request.key == "y"' }], {
      encryption: { requiredRecipients: [id('b')] },
      prefer: { latency: 2 },
    });
    const both = narrow(outer, inner);
    expect(both.envelopes.requiredRecipients).toEqual([id('a'), id('b')]);
    expect(both.prefers).toEqual({ price: 0, latency: 2, currency: 'EUR' });
    expect(narrow(outer, builtinPolicy).prefers).toMatchObject({ price: 1 });
    const write = (key: string) => ({ operation: 'put', key, bytes: 1, redundancyClass: 'c', tags: null }) as const;
    expect(both.refusesWrite(write('x'), {})).toMatchObject({ rule: 'rules.a' });
    expect(both.refusesWrite(write('y'), {})).toMatchObject({ rule: 'rules.b' });
    expect(both.refusesWrite(write('z'), {})).toBeUndefined();
  });

  it('of a tenant opens no format that the operator did not allow', () => {
    const operator = compile([{ name: 'a', allow: 'backend.weight > 0' }]);
    const tenant = compile([{ name: 'a', allow: 'backend.weight > 0' }], {
      encryption: { formats: ['age-v1', 'sgo1'] },
    });
    expect(narrow(operator, tenant).envelopes.formats).toEqual(['sgo1']);
  });
});
