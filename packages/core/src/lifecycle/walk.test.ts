import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeVersions, type WalkedVersion, type WalkPosition } from './walk.ts';

/** `v` a version, `m` a delete marker, newest first. */
function rows(keys: Readonly<Record<string, string>>): WalkedVersion[] {
  return Object.entries(keys)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, letters]) =>
      Array.from(letters, (letter, index) => ({
        key,
        seq: BigInt(100 - index),
        deleteMarker: letter === 'm',
        bytes: 1,
        tags: null,
        modifiedAtMs: 100 - index,
        redundancyClass: 'A',
      })),
    );
}

function walk(all: readonly WalkedVersion[], limit: number) {
  const subjects: unknown[] = [];
  let after: WalkPosition | null = null;
  for (let pages = 0; pages <= all.length + 1; pages += 1) {
    const from: WalkPosition | null = after;
    const start: number = from === null ? 0 : all.findIndex((row) => row.key === from.key && row.seq === from.seq) + 1;
    const page = all.slice(start, start + limit);
    const more = start + limit < all.length;
    const { placed, position }: ReturnType<typeof placeVersions> = placeVersions(page, {
      after: from,
      more,
      versioned: true,
    });
    subjects.push(...placed.map(({ subject }) => subject));
    if (!more) return subjects;
    after = position;
  }
  throw new Error('the walk does not end');
}

describe('the versions of a key', () => {
  const placesOf = (letters: string) => walk(rows({ key: letters }), 1000).map((s) => (s as { place: string }).place);

  it('have one current, and the others are noncurrent', () => {
    expect(placesOf('vvv')).toEqual(['current', 'noncurrent', 'noncurrent']);
    expect(placesOf('m')).toEqual(['lone-marker']);
    // A marker over something is current and nothing is to be done with it.
    expect(placesOf('mv')).toEqual(['noncurrent']);
    expect(placesOf('mm')).toEqual(['noncurrent']);
    expect(placesOf('vm')).toEqual(['current', 'noncurrent']);
  });

  it('are noncurrent since the next newer one, and count newer data', () => {
    const [, ...older] = walk(rows({ key: 'vvmv' }), 1000);
    expect(older).toMatchObject([
      { noncurrentSinceMs: 100, newerNoncurrent: 0, deleteMarker: false },
      { noncurrentSinceMs: 99, newerNoncurrent: 1, deleteMarker: true },
      { noncurrentSinceMs: 98, newerNoncurrent: 1, deleteMarker: false },
    ]);
    expect(walk(rows({ key: 'mvv' }), 1000)).toMatchObject([{ newerNoncurrent: 0 }, { newerNoncurrent: 1 }]);
  });
});

it('a walk in pages of any length sees the same', () => {
  const letters = fc.array(fc.constantFrom('v', 'm'), { minLength: 1, maxLength: 6 }).map((list) => list.join(''));
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), letters),
      fc.integer({ min: 2, max: 8 }),
      (keys, limit) => {
        const all = rows(keys);
        expect(walk(all, limit)).toEqual(walk(all, 1000));
      },
    ),
  );
});
