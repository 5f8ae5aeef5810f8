import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BACKENDS_MAX } from '../limits.ts';
import { anyBackends, testBackend } from '../testing/backends.ts';
import { searchPlacement } from './search.ts';
import { createTables, type SearchProblem } from './tables.ts';

const nothing = { writeNeeds: [], allNeeds: [], within: [] } as const;

function among(candidates: SearchProblem['candidates'], over: Partial<SearchProblem>): SearchProblem {
  return { ...nothing, candidates, writable: candidates.length, writes: 3, width: 3, ...over };
}

describe('the search for a placement', () => {
  it('answers the first set in the order of the candidates', () => {
    const candidates = ['a', 'a', 'b', 'c', 'a'].map((region, i) => testBackend(`b${i}`, { region }));
    const found = (atLeast: number) =>
      searchPlacement(among(candidates, { allNeeds: [['region', atLeast]] }))?.map(({ id }) => id);
    expect(found(1)).toEqual(['b0', 'b1', 'b2']);
    expect(found(3)).toEqual(['b0', 'b2', 'b3']);
    expect(found(4)).toBeUndefined();
  });

  it('finds the one backend that makes the spread among a thousand', () => {
    const candidates = Array.from({ length: BACKENDS_MAX }, (_, i) =>
      testBackend(`b${i}`, { region: i === BACKENDS_MAX - 1 ? 'far' : 'near' }),
    );
    const found = searchPlacement(among(candidates, { allNeeds: [['region', 2]] }));
    expect(found?.map(({ id }) => id)).toEqual(['b0', 'b1', `b${BACKENDS_MAX - 1}`]);
  });

  it('finds the one pair that shares a country among a thousand backends', () => {
    const countries = ['FI', 'DE', 'FR', 'NL', 'SE'];
    const odd = Array.from({ length: BACKENDS_MAX - 2 }, (_, i) =>
      testBackend(`b${i}`, { country: countries[i % countries.length]!, region: 'same' }),
    );
    const pair = ['x', 'y'].map((id) => testBackend(id, { country: 'IE', region: id }));
    const found = searchPlacement(
      among([...odd, ...pair], { writes: 2, width: 2, within: ['country'], allNeeds: [['region', 2]] }),
    );
    expect(found).toEqual(pair);
  });

  it('gives up a good start when two labels can only be covered together', () => {
    // Regions and providers as a ring: any two neighbours clash in one label.
    const candidates = [
      ['r1', 'p1'],
      ['r1', 'p2'],
      ['r2', 'p2'],
      ['r2', 'p3'],
      ['r3', 'p3'],
    ].map(([region, provider], i) => testBackend(`b${i}`, { region: region!, provider: provider! }));
    const needs = [
      ['region', 3],
      ['provider', 3],
    ] as const;
    const found = searchPlacement(among(candidates, { allNeeds: needs }));
    expect(found?.map(({ id }) => id)).toEqual(['b0', 'b2', 'b4']);
  });

  const problem = fc
    .record({
      candidates: anyBackends(0, 9),
      writableMax: fc.nat(9),
      width: fc.integer({ min: 1, max: 5 }),
      writesMax: fc.integer({ min: 1, max: 5 }),
      regions: fc.integer({ min: 1, max: 3 }),
      providers: fc.integer({ min: 1, max: 3 }),
      within: fc.subarray(['country'] as const),
    })
    .map(({ candidates, writableMax, width, writesMax, regions, providers, within }): SearchProblem => {
      const writable = Math.min(writableMax, candidates.length);
      return {
        candidates,
        writable,
        writes: Math.min(writesMax, width),
        width,
        writeNeeds: [[['region', regions]], [['backend', 3]]],
        allNeeds: [['provider', providers]],
        within,
      };
    });

  it('past its bound still answers nothing that breaks the problem', () => {
    fc.assert(
      fc.property(problem, (asked) => {
        const found = searchPlacement(asked, 0);
        if (found === undefined) return;
        const indices = found.map((backend) => asked.candidates.indexOf(backend));
        expect(new Set(indices).size).toBe(asked.width);
        expect(indices.slice(0, asked.writes).every((i) => i < asked.writable)).toBe(true);
        expect(indices.slice(asked.writes).every((i) => i >= asked.writable)).toBe(true);
        const tables = createTables(asked);
        expect(tables.lacking(indices)).toBe(0);
        expect(indices.every((i) => tables.fits(i, indices))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('past its bound still covers labels that do not get in each other’s way', () => {
    const candidates = Array.from({ length: 200 }, (_, i) =>
      testBackend(`b${i}`, { region: `r${i % 7}`, provider: `p${i % 5}` }),
    );
    const needs = [
      ['region', 5],
      ['provider', 5],
    ] as const;
    expect(searchPlacement(among(candidates, { writes: 6, width: 6, allNeeds: needs }), 0)).toHaveLength(6);
  });
});
