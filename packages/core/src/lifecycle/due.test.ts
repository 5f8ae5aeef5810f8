import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyConfiguration, configuration, NO_FILTER, rule } from '../testing/lifecycle.ts';
import { abortionOf, expirationOf } from './announce.ts';
import { afterDays, calendarDays, daysOf } from './calendar.ts';
import { dueActions, type LifecycleSubject } from './due.ts';
import { walkedPrefixes } from './filter.ts';

const DAY = 86_400_000;
const MADE = Date.UTC(2026, 0, 15, 10, 30);
const midnight = (day: number): number => Date.UTC(2026, 0, day);
const at = (nowMs: number) => ({ nowMs, calendar: calendarDays, classOf: (name: string) => name });

const version = { key: 'logs/a', bytes: 1000, tags: null, modifiedAtMs: MADE, redundancyClass: 'StandardClass' };
const current: LifecycleSubject = { ...version, place: 'current', versioned: false };
const kept: LifecycleSubject = { ...version, place: 'current', versioned: true };
const noncurrent = (changes: object = {}): LifecycleSubject => ({
  ...version,
  place: 'noncurrent',
  deleteMarker: false,
  noncurrentSinceMs: MADE,
  newerNoncurrent: 0,
  ...changes,
});
const marker: LifecycleSubject = { ...version, place: 'lone-marker' };
const inDays = (days: number) => ({ kind: 'days', days }) as const;

describe('days', () => {
  it('are added and rounded up to the next midnight UTC', () => {
    expect(afterDays(MADE, 3, calendarDays)).toBe(midnight(19));
    expect(afterDays(MADE, 0, calendarDays)).toBe(midnight(16));
    expect(afterDays(midnight(15), 3, calendarDays)).toBe(midnight(18));
  });

  it('of another length begin whenever they like', () => {
    expect(afterDays(MADE, 3, daysOf(10_000))).toBe(MADE + 30_000);
    expect(daysOf(DAY)).toBe(calendarDays);
  });
});

describe('expiration', () => {
  const rules = configuration(rule({ expiration: inDays(3) }));
  const expire = { kind: 'expire', ruleId: 'rule', newerVersions: 0 };

  it('comes with the day, not before', () => {
    expect(dueActions(rules, current, at(midnight(19) - 1))).toEqual([]);
    expect(dueActions(rules, current, at(midnight(19)))).toEqual([expire]);
  });

  it('goes by age for a lone delete marker too, and leaves noncurrent versions alone', () => {
    expect(dueActions(rules, marker, at(midnight(19)))).toEqual([expire]);
    expect(dueActions(rules, marker, at(midnight(18)))).toEqual([]);
    expect(dueActions(rules, noncurrent(), at(midnight(31)))).toEqual([]);
  });

  it('by date has come for everything then', () => {
    const byDate = configuration(rule({ expiration: { kind: 'date', atMs: midnight(20) } }));
    expect(dueActions(byDate, current, at(midnight(20) - 1))).toEqual([]);
    expect(dueActions(byDate, current, at(midnight(20)))).toEqual([expire]);
  });

  it('of delete markers takes lone ones at once, and nothing else', () => {
    const lone = configuration(rule({ expiration: { kind: 'marker', remove: true } }));
    expect(dueActions(lone, marker, at(MADE))).toEqual([expire]);
    expect(dueActions(lone, current, at(midnight(31)))).toEqual([]);
    const off = configuration(rule({ expiration: { kind: 'marker', remove: false } }));
    expect(dueActions(off, marker, at(midnight(31)))).toEqual([]);
  });

  it('waits for the filter to hold as a whole', () => {
    const filter = { prefix: 'logs/', tags: [{ key: 'k', value: 'v' }], sizeGreaterThan: 999, sizeLessThan: 1001 };
    const narrow = configuration(rule({ filter, expiration: inDays(1) }));
    const good = { ...current, tags: { k: 'v', other: 'x' } };
    const due = (subject: LifecycleSubject) => dueActions(narrow, subject, at(midnight(31))).length;
    expect(due(good)).toBe(1);
    const bad = [{ key: 'log/a' }, { bytes: 999 }, { bytes: 1001 }, { tags: { k: 'w' } }, { tags: null }, { tags: {} }];
    for (const change of bad) expect(due({ ...good, ...change })).toBe(0);
    expect(due({ ...good, tags: Object.create({ k: 'v' }) as Record<string, string> })).toBe(0);
  });

  it('of a disabled rule never comes', () => {
    expect(
      dueActions(configuration(rule({ enabled: false, expiration: inDays(1) })), current, at(midnight(31))),
    ).toEqual([]);
  });
});

describe('noncurrent versions', () => {
  const rules = configuration(rule({ noncurrentExpiration: { days: 2, newerVersions: 3 } }));

  it('go when they have waited and enough newer ones are there', () => {
    const due = (newerNoncurrent: number, day: number) =>
      dueActions(rules, noncurrent({ newerNoncurrent }), at(midnight(day)));
    expect(due(3, 18)).toEqual([{ kind: 'expire', ruleId: 'rule', newerVersions: 3 }]);
    expect(due(3, 17)).toEqual([]);
    expect(due(2, 31)).toEqual([]);
  });

  it('count from the day a newer one came, not from their own', () => {
    const later = noncurrent({ noncurrentSinceMs: MADE + 5 * DAY, newerNoncurrent: 9 });
    expect(dueActions(rules, later, at(midnight(22)))).toEqual([]);
    expect(dueActions(rules, later, at(midnight(23)))).toHaveLength(1);
  });
});

describe('transitions', () => {
  const move = (redundancyClass: string, ruleId = 'rule') => ({ kind: 'transition', ruleId, redundancyClass });
  const staged = configuration(
    rule({
      transitions: [
        { when: inDays(7), storageClass: 'Cold' },
        { when: inDays(1), storageClass: 'Warm' },
      ],
    }),
  );

  it('take the stage that came last', () => {
    expect(dueActions(staged, current, at(midnight(16)))).toEqual([]);
    expect(dueActions(staged, current, at(midnight(17)))).toEqual([move('Warm')]);
    expect(dueActions(staged, current, at(midnight(31)))).toEqual([move('Cold')]);
  });

  it('do nothing when the version is there, and never go back', () => {
    expect(dueActions(staged, { ...current, redundancyClass: 'Warm' }, at(midnight(17)))).toEqual([]);
    expect(dueActions(staged, { ...current, redundancyClass: 'Cold' }, at(midnight(17)))).toEqual([]);
  });

  it('go by the class that a name means', () => {
    const classOf = (name: string) => (name === 'STANDARD' ? 'StandardClass' : name);
    const back = configuration(rule({ transitions: [{ when: inDays(1), storageClass: 'STANDARD' }] }));
    const due = (redundancyClass: string) =>
      dueActions(back, { ...current, redundancyClass }, { ...at(midnight(17)), classOf });
    expect(due('Cold')).toEqual([move('StandardClass')]);
    expect(due('StandardClass')).toEqual([]);
  });

  it('give way to removal for good, and go before a delete marker', () => {
    const both = configuration(
      rule({ expiration: inDays(1), transitions: [{ when: inDays(0), storageClass: 'Warm' }] }),
    );
    const expire = { kind: 'expire', ruleId: 'rule', newerVersions: 0 };
    expect(dueActions(both, current, at(midnight(17)))).toEqual([expire]);
    expect(dueActions(both, kept, at(midnight(17)))).toEqual([move('Warm'), expire]);
  });

  it('of noncurrent versions leave delete markers and the newest ones alone', () => {
    const later = configuration(rule({ noncurrentTransitions: [{ days: 1, newerVersions: 1, storageClass: 'Cold' }] }));
    const due = (changes: object) => dueActions(later, noncurrent(changes), at(midnight(17)));
    expect(due({ newerNoncurrent: 1 })).toEqual([move('Cold')]);
    expect(due({ newerNoncurrent: 0 })).toEqual([]);
    expect(due({ newerNoncurrent: 1, deleteMarker: true })).toEqual([]);
  });

  it('leave small objects where they are when that was asked for and no size is said', () => {
    const small = { ...staged, transitionMinimum: 'all_storage_classes_128K' } as const;
    const now = at(midnight(17));
    expect(dueActions(small, { ...current, bytes: 128 * 1024 - 1 }, now)).toEqual([]);
    expect(dueActions(small, { ...current, bytes: 128 * 1024 }, now)).toEqual([move('Warm')]);
    const sized = { ...small, rules: small.rules.map((r) => ({ ...r, filter: { ...NO_FILTER, sizeGreaterThan: 0 } })) };
    expect(dueActions(sized, current, now)).toEqual([move('Warm')]);
  });
});

const anySubject: fc.Arbitrary<LifecycleSubject> = fc
  .record({
    key: fc.constantFrom('a', 'ab', 'abc', 'b', 'c'),
    bytes: fc.integer({ min: 0, max: 300_000 }),
    tags: fc.constantFrom(null, {}, { k: 'v' }, { k: 'v', l: 'w' }),
    modifiedAtMs: fc.integer({ min: 0, max: 20 * DAY }),
    redundancyClass: fc.constantFrom('A', 'B', 'C', 'D'),
  })
  .chain((facts) =>
    fc
      .oneof(
        fc.record({ place: fc.constant('current' as const), versioned: fc.boolean() }),
        fc.record({
          place: fc.constant('noncurrent' as const),
          deleteMarker: fc.boolean(),
          noncurrentSinceMs: fc.integer({ min: 0, max: 20 * DAY }),
          newerNoncurrent: fc.integer({ min: 0, max: 6 }),
        }),
        fc.constant({ place: 'lone-marker' as const }),
      )
      .map((place): LifecycleSubject => ({ ...facts, ...place })),
  );

describe('any rules', () => {
  const nowMs = fc.integer({ min: 0, max: 60 * DAY });

  it('come to rest: a version that was moved is not moved again at the same time', () => {
    fc.assert(
      fc.property(anyConfiguration, anySubject, nowMs, (rules, subject, now) => {
        const [move] = dueActions(rules, subject, at(now)).filter((action) => action.kind === 'transition');
        if (move === undefined) return;
        const moved = { ...subject, redundancyClass: move.redundancyClass };
        expect(dueActions(rules, moved, at(now)).filter((action) => action.kind === 'transition')).toEqual([]);
      }),
    );
  });

  it('that expire something go on doing so, however late it is looked at', () => {
    fc.assert(
      fc.property(anyConfiguration, anySubject, nowMs, fc.nat(100 * DAY), (rules, subject, now, later) => {
        const expires = (time: number) =>
          dueActions(rules, subject, at(time)).some((action) => action.kind === 'expire');
        if (expires(now)) expect(expires(now + later)).toBe(true);
      }),
    );
  });

  it('do nothing outside the prefixes that are walked', () => {
    fc.assert(
      fc.property(anyConfiguration, anySubject, nowMs, (rules, subject, now) => {
        const prefixes = walkedPrefixes(rules.rules);
        for (const prefix of prefixes) {
          expect(prefixes.filter((other) => prefix.startsWith(other))).toEqual([prefix]);
        }
        if (prefixes.some((prefix) => subject.key.startsWith(prefix))) return;
        expect(dueActions(rules, subject, at(now))).toEqual([]);
      }),
    );
  });

  it('announce what will be done: expired is what was announced for before', () => {
    fc.assert(
      fc.property(anyConfiguration, anySubject, nowMs, (rules, subject, now) => {
        if (subject.place !== 'current') return;
        const announced = expirationOf(rules, subject);
        const expires = dueActions(rules, subject, at(now)).some((action) => action.kind === 'expire');
        expect(expires).toBe(announced !== undefined && announced.atMs <= now);
      }),
    );
  });
});

describe('an open upload', () => {
  it('is aborted by the earliest rule of its key', () => {
    const rules = configuration(
      rule({ id: 'all', abortUploadDays: 7 }),
      rule({ id: 'logs', abortUploadDays: 2, filter: { ...NO_FILTER, prefix: 'logs/' } }),
      rule({ id: 'off', abortUploadDays: 1, enabled: false }),
    );
    expect(abortionOf(rules, { key: 'logs/a', createdAtMs: MADE })).toEqual({ atMs: midnight(18), ruleId: 'logs' });
    expect(abortionOf(rules, { key: 'other', createdAtMs: MADE })).toEqual({ atMs: midnight(23), ruleId: 'all' });
    expect(abortionOf(configuration(), { key: 'other', createdAtMs: MADE })).toBeUndefined();
  });
});
