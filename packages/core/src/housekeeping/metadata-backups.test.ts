import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Backend } from '../ports/index.ts';
import { type BackupFacts, backupsToKeep, backupTargets } from './metadata-backups.ts';

const DAY_MS = 24 * 60 * 60_000;
/** A Monday. */
const MONDAY_MS = Date.UTC(2026, 10, 23);

const taken = (day: number, hour = 0, full = true): BackupFacts => ({
  id: `${day}/${hour}`,
  takenAtMs: MONDAY_MS + day * DAY_MS + hour * 3_600_000,
  full,
});

describe('which backups of the metadata stay', () => {
  it('of the last days and weeks that have one, the newest of each', () => {
    const daily = Array.from({ length: 20 }, (_, day) => [taken(day, 1), taken(day, 13)]).flat();
    const kept = backupsToKeep(daily, { daily: 3, weekly: 3 });
    expect(Object.fromEntries(kept)).toEqual({
      '19/13': ['newest', 'daily', 'weekly'],
      '18/13': ['daily'],
      '17/13': ['daily'],
      '13/13': ['weekly'],
      '6/13': ['weekly'],
    });
  });

  it('one with too few copies until there is a newer one, and the newest full one meanwhile', () => {
    const kept = backupsToKeep([taken(0), taken(1, 0, false), taken(2, 0, false)], { daily: 0, weekly: 0 });
    expect(Object.fromEntries(kept)).toEqual({ '0/0': ['newest'], '2/0': ['short'] });
    expect([...backupsToKeep([taken(1, 0, false), taken(2)], { daily: 9, weekly: 9 }).keys()]).toEqual(['2/0']);
  });

  it('never loses the newest full one, nor keeps more than it was told', () => {
    const facts = fc.record({
      id: fc.uuid(),
      takenAtMs: fc.integer({ min: 0, max: 400 * DAY_MS }),
      full: fc.boolean(),
    });
    const retention = fc.record({ daily: fc.nat({ max: 10 }), weekly: fc.nat({ max: 10 }) });
    fc.assert(
      fc.property(fc.uniqueArray(facts, { selector: ({ id }) => id, maxLength: 40 }), retention, (backups, asked) => {
        const kept = backupsToKeep(backups, asked);
        const newestMs = Math.max(...backups.filter(({ full }) => full).map(({ takenAtMs }) => takenAtMs));
        const isKept = backups.some(({ id, full, takenAtMs }) => full && takenAtMs === newestMs && kept.has(id));
        expect(isKept).toBe(Number.isFinite(newestMs));
        expect(kept.size).toBeLessThanOrEqual(asked.daily + asked.weekly + 2);
        // What stays is what stays: another look takes nothing more.
        const left = backups.filter(({ id }) => kept.has(id));
        expect([...backupsToKeep(left, asked).keys()].sort()).toEqual([...kept.keys()].sort());
      }),
    );
  });
});

describe('where a backup goes', () => {
  const backend = (id: string, region: string, provider: string): Backend =>
    ({ id, region, provider, weight: 1 }) as Backend;
  const places = [
    backend('a', 'fi', 'one'),
    backend('b', 'fi', 'two'),
    backend('c', 'de', 'one'),
    backend('d', 'fr', 'one'),
    backend('e', 'nl', 'three'),
  ];

  it('to different regions, then to different providers, wherever there are enough', () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const two = backupTargets(places, { copies: 2, seed });
        expect(new Set(two.map(({ region }) => region)).size).toBe(2);
        expect(new Set(two.map(({ provider }) => provider)).size).toBe(2);
        expect(new Set(backupTargets(places, { copies: 4, seed }).map(({ region }) => region)).size).toBe(4);
        expect(backupTargets(places, { copies: 8, seed })).toHaveLength(5);
        expect(backupTargets(places.toReversed(), { copies: 2, seed })).toEqual(two);
      }),
    );
  });

  it('to those that are preferred before all others, and away from where copies are', () => {
    const [a, b, ...others] = places;
    if (a === undefined || b === undefined) throw new Error('There are five.');
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const prefer = ({ region }: Backend): boolean => region === 'fi';
        const three = backupTargets(places, { copies: 3, seed, prefer });
        expect(
          three
            .slice(0, 2)
            .map(({ id }) => id)
            .sort(),
        ).toEqual(['a', 'b']);
        expect(three).toHaveLength(3);
        const [more] = backupTargets([b, ...others], { copies: 1, seed, beside: [a] });
        expect([more?.region, more?.provider]).toEqual(['nl', 'three']);
      }),
    );
  });
});
