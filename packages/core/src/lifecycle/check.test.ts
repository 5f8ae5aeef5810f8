import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isFault } from '../faults/index.ts';
import { anyConfiguration, configuration, NO_FILTER, rule } from '../testing/lifecycle.ts';
import { checkLifecycle } from './check.ts';
import { readLifecycleDocument, writeLifecycleDocument } from './document.ts';
import type { LifecycleRule } from './types.ts';

const days = (count: number) => ({ kind: 'days', days: count }) as const;
const date = (text: string) => ({ kind: 'date', atMs: Date.parse(text) }) as const;
const expires = { expiration: days(1) };

function refusal(...rules: readonly Partial<LifecycleRule>[]): string {
  try {
    checkLifecycle(configuration(...rules.map(rule)));
    return 'none';
  } catch (error) {
    if (!isFault(error)) throw error;
    return error.code;
  }
}

describe('a configuration', () => {
  it('has 1 to 1000 rules', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => ({ ...expires, id: `${i}` }));
    expect([refusal(), refusal(...many(1000)), refusal(...many(1001))]).toEqual([
      'MalformedXML',
      'none',
      'MalformedXML',
    ]);
  });

  it('has an id for each rule, unique and not too long', () => {
    expect(refusal({ ...expires, id: 'x'.repeat(255) })).toBe('none');
    expect(refusal({ ...expires, id: 'x'.repeat(256) })).toBe('InvalidArgument');
    expect(refusal({ ...expires, id: 'a' }, { ...expires, id: 'a' })).toBe('InvalidArgument');
  });

  it.each<[string, Partial<LifecycleRule>]>([
    ['none', { expiration: days(1) }],
    ['InvalidArgument', { expiration: days(0) }],
    ['none', { transitions: [{ when: days(0), storageClass: 'A' }] }],
    ['InvalidArgument', { transitions: [{ when: days(-1), storageClass: 'A' }] }],
    ['InvalidArgument', { expiration: days(2 ** 31) }],
    ['none', { expiration: date('2026-01-01') }],
    ['InvalidArgument', { expiration: date('2026-01-01T00:00:01Z') }],
    ['InvalidArgument', { noncurrentExpiration: { days: 0, newerVersions: null } }],
    ['none', { noncurrentExpiration: { days: 1, newerVersions: 100 } }],
    ['InvalidArgument', { noncurrentExpiration: { days: 1, newerVersions: 101 } }],
    ['none', { noncurrentTransitions: [{ days: 0, newerVersions: null, storageClass: 'A' }] }],
    ['InvalidArgument', { abortUploadDays: 0 }],
    ['InvalidRequest', {}],
    ['none', { expiration: { kind: 'marker', remove: false } }],
  ])('with these numbers is answered %s: %j', (answer, changes) => {
    expect(refusal(changes)).toBe(answer);
  });

  it('does later what it says is later', () => {
    const move = (when: ReturnType<typeof days> | ReturnType<typeof date>, storageClass = 'A') => ({
      when,
      storageClass,
    });
    expect(refusal({ expiration: days(2), transitions: [move(days(1))] })).toBe('none');
    expect(refusal({ expiration: days(1), transitions: [move(days(1))] })).toBe('InvalidArgument');
    expect(refusal({ expiration: date('2026-01-01'), transitions: [move(date('2026-01-01'))] })).toBe(
      'InvalidArgument',
    );
    expect(refusal({ expiration: date('2026-01-01'), transitions: [move(days(1))] })).toBe('InvalidRequest');
    expect(refusal({ transitions: [move(days(1)), move(days(2))] })).toBe('InvalidRequest');
    const wait = { days: 2, newerVersions: null };
    const noncurrent = [{ ...wait, storageClass: 'A' }];
    expect(refusal({ noncurrentExpiration: wait, noncurrentTransitions: noncurrent })).toBe('InvalidArgument');
    expect(refusal({ noncurrentExpiration: { ...wait, days: 3 }, noncurrentTransitions: noncurrent })).toBe('none');
  });

  it('does not choose by tag or size what has neither', () => {
    const filters = [
      { ...NO_FILTER, tags: [{ key: 'k', value: 'v' }] },
      { ...NO_FILTER, sizeLessThan: 10 },
    ];
    for (const filter of filters) {
      expect(refusal({ filter, abortUploadDays: 1 })).toBe('InvalidRequest');
      expect(refusal({ filter, expiration: { kind: 'marker', remove: true } })).toBe('InvalidRequest');
      expect(refusal({ filter, ...expires })).toBe('none');
    }
    expect(refusal({ ...expires, filter: { ...NO_FILTER, sizeGreaterThan: 9, sizeLessThan: 10 } })).toBe(
      'InvalidRequest',
    );
    const twice = { key: 'k', value: 'v' };
    expect(refusal({ ...expires, filter: { ...NO_FILTER, tags: [twice, twice] } })).toBe('InvalidRequest');
    expect(refusal({ ...expires, filter: { ...NO_FILTER, prefix: 'é'.repeat(513) } })).toBe('InvalidRequest');
  });
});

describe('a document', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(anyConfiguration, (rules) => {
        expect(readLifecycleDocument(writeLifecycleDocument(rules))).toEqual(rules);
      }),
    );
  });

  it('that is not wholly understood is refused', () => {
    const good = JSON.parse(writeLifecycleDocument(configuration(rule(expires)))) as { rules: object[] };
    const changed = (change: object) => JSON.stringify({ ...good, rules: [{ ...good.rules[0], ...change }] });
    for (const text of [
      '',
      '[]',
      '{}',
      changed({ filter: undefined }),
      changed({ more: 1 }),
      changed({ enabled: 'yes' }),
    ]) {
      expect(() => readLifecycleDocument(text)).toThrow(expect.objectContaining({ code: 'InternalError' }));
    }
  });
});
