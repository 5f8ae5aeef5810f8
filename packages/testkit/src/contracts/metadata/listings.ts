import { parseObjectKey, type VersionId } from '@sealgate/core/names';
import type { Bucket } from '@sealgate/core/ports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { World } from './context.ts';

/** Few characters, so that prefixes and delimiters meet; all lengths of UTF-8, and the code points where order is tricky. */
const character = fc.constantFrom(
  'a',
  'b',
  '/',
  '/',
  '-',
  '\u0001',
  '\u007f',
  'é',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '😀',
  '\u{10ffff}',
);
const piece = (minLength: number, maxLength: number) =>
  fc.array(character, { minLength, maxLength }).map((characters) => characters.join(''));
const delimiter = fc.constantFrom('', '/', '/', '-', 'ab', '//', '\u{10ffff}', '\u{10ffff}\u{10ffff}', '\ud7ff', 'é');

interface Line {
  readonly name: string;
  readonly rolledUp: boolean;
}

const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** What the port says in the plainest words: filter, roll up, remove doubles, sort, cut. */
function naive(keys: readonly string[], request: { prefix: string; delimiter: string; after: string }): Line[] {
  const lines = new Map<string, Line>();
  for (const key of keys.filter((candidate) => candidate.startsWith(request.prefix))) {
    const at = request.delimiter === '' ? -1 : key.indexOf(request.delimiter, request.prefix.length);
    const name = at < 0 ? key : key.slice(0, at + request.delimiter.length);
    if (bytewise(name, request.after) > 0) lines.set(name, { name, rolledUp: at >= 0 });
  }
  return [...lines.values()].sort((a, b) => bytewise(a.name, b.name));
}

export function describeListings(world: World): void {
  describe('listing objects', () => {
    it('walks folders and pages', async () => {
      const bucket = await world.bucket();
      const keys = ['a', 'b/1', 'b/2', 'b0', 'c/d/e', 'c/f', 'd'];
      for (const key of keys) await world.put(bucket, key);
      expect(await pages(bucket, { prefix: '', delimiter: '' }, 3)).toEqual([
        ['a', 'b/1', 'b/2'],
        ['b0', 'c/d/e', 'c/f'],
        ['d'],
      ]);
      expect(await pages(bucket, { prefix: '', delimiter: '/' }, 2)).toEqual([['a', 'b/…'], ['b0', 'c/…'], ['d']]);
      expect(await pages(bucket, { prefix: 'c/', delimiter: '/' }, 10)).toEqual([['c/d/…', 'c/f']]);
      expect(await pages(bucket, { prefix: 'nothing', delimiter: '/' }, 10)).toEqual([[]]);
    });

    it('shows what an object listing shows', async () => {
      const bucket = await world.bucket();
      const checksum = { algorithm: 'CRC32', value: 'AAAAAA==', type: 'FULL_OBJECT' } as const;
      const { modifiedAtMs } = await world.put(bucket, 'key', {
        etag: 'aa',
        bytes: 5,
        redundancyClass: 'RegionalClass',
        checksum,
      });
      const page = await world
        .metadata()
        .listObjects({ bucketId: bucket.id, prefix: '', delimiter: '', after: '', limit: 1 });
      const expected = {
        ownerId: null,
        key: 'key',
        bytes: 5,
        etag: 'aa',
        modifiedAtMs,
        redundancyClass: 'RegionalClass',
        checksum,
      };
      expect(page).toEqual({ objects: [expected], commonPrefixes: [], truncated: false, next: null });
      const none = await world
        .metadata()
        .listObjects({ bucketId: bucket.id, prefix: '', delimiter: '', after: '', limit: 0 });
      expect(none).toEqual({ objects: [], commonPrefixes: [], truncated: false, next: null });
    });

    it('lists any keys by any prefix, delimiter and start as a plain filter does', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(piece(1, 6), { maxLength: 25 }),
          fc.array(
            fc.record({ prefix: piece(0, 2), delimiter, after: piece(0, 4), limit: fc.integer({ min: 1, max: 7 }) }),
            {
              minLength: 6,
              maxLength: 6,
            },
          ),
          async (keys, requests) => {
            const bucket = await world.bucket();
            await Promise.all(keys.map((key) => world.put(bucket, key)));
            for (const request of requests) {
              const wanted = naive(keys, request);
              const page = await world.metadata().listObjects({ ...request, bucketId: bucket.id });
              const cut = wanted.slice(0, request.limit);
              expect(page.objects.map((object) => object.key)).toEqual(
                cut.filter((l) => !l.rolledUp).map((l) => l.name),
              );
              expect(page.commonPrefixes).toEqual(cut.filter((l) => l.rolledUp).map((l) => l.name));
              expect(page.truncated).toBe(wanted.length > request.limit);
              expect(page.next).toBe(page.truncated ? cut.at(-1)?.name : null);
            }
          },
        ),
        { numRuns: 60 },
      );
    });
  });

  async function pages(
    bucket: Bucket,
    request: { prefix: string; delimiter: string },
    limit: number,
  ): Promise<string[][]> {
    const found: string[][] = [];
    for (let after: string | null = ''; after !== null; ) {
      const page: Awaited<ReturnType<ReturnType<World['metadata']>['listObjects']>> = await world
        .metadata()
        .listObjects({ ...request, bucketId: bucket.id, after, limit });
      const names = [
        ...page.objects.map((object) => object.key as string),
        ...page.commonPrefixes.map((name) => `${name}…`),
      ];
      found.push(names.sort(bytewise));
      after = page.next;
    }
    return found;
  }

  describe('listing versions', () => {
    it('lists any history by any prefix and delimiter, page by page, as a plain filter does', async () => {
      const step = fc.record({ key: fc.nat({ max: 5 }), remove: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(piece(1, 4), { minLength: 1, maxLength: 6 }),
          fc.array(step, { maxLength: 25 }),
          fc.array(fc.record({ prefix: piece(0, 1), delimiter, limit: fc.integer({ min: 1, max: 6 }) }), {
            minLength: 3,
            maxLength: 3,
          }),
          async (keys, steps, requests) => {
            const bucket = await world.bucket('enabled');
            const history = new Map<string, string[]>();
            for (const { key: index, remove } of steps) {
              const key = keys[index % keys.length] ?? 'a';
              const made = remove ? await world.remove(bucket, key) : await world.put(bucket, key);
              history.set(key, [made.versionId ?? '', ...(history.get(key) ?? [])]);
            }
            for (const request of requests) {
              const lines = naive([...history.keys()], { ...request, after: '' });
              const wanted = lines.flatMap((l) =>
                l.rolledUp ? [l.name] : (history.get(l.name) ?? []).map((id) => `${l.name} ${id}`),
              );
              expect((await versionPages(bucket, request)).flat()).toEqual(wanted);
            }
          },
        ),
        { numRuns: 40 },
      );
    });

    it('goes on behind a version that is gone by now', async () => {
      const bucket = await world.bucket('enabled');
      const made: (VersionId | 'null')[] = [];
      for (let i = 0; i < 4; i += 1) made.push((await world.put(bucket, 'key')).versionId);
      await world.put(bucket, 'later');
      const [oldest, second, third] = made;
      if (third !== undefined) await world.remove(bucket, 'key', third);
      for (const delimiterOfPage of ['', '/']) {
        const page = await world.metadata().listVersions({
          bucketId: bucket.id,
          prefix: '',
          delimiter: delimiterOfPage,
          keyMarker: 'key',
          ...(third === undefined ? {} : { versionIdMarker: third }),
          limit: 10,
        });
        expect(page.versions.map((v) => v.versionId).slice(0, 2)).toEqual([second, oldest]);
        expect(page.versions.map((v) => [v.key, v.latest])).toEqual([
          ['key', false],
          ['key', false],
          ['later', true],
        ]);
      }
    });

    it.each(['version', 'marker'])(
      'goes on behind the newest version when it is gone by now, to a %s',
      async (what) => {
        const bucket = await world.bucket('enabled');
        const first = await world.put(bucket, 'key');
        const second = what === 'marker' ? await world.remove(bucket, 'key') : await world.put(bucket, 'key');
        const { versionId } = await world.put(bucket, 'key');
        await world.remove(bucket, 'key', versionId);
        for (const delimiterOfPage of ['', '/']) {
          const page = await world.metadata().listVersions({
            bucketId: bucket.id,
            prefix: '',
            delimiter: delimiterOfPage,
            keyMarker: 'key',
            versionIdMarker: versionId,
            limit: 10,
          });
          expect(page.versions.map((v) => [v.versionId, v.latest])).toEqual([
            [second.versionId, true],
            [first.versionId, false],
          ]);
        }
      },
    );

    it('skips the rest of a key when the marker names no version', async () => {
      const bucket = await world.bucket('enabled');
      for (const key of ['a', 'a', 'b']) await world.put(bucket, key);
      const request = { bucketId: bucket.id, prefix: '', delimiter: '', keyMarker: 'a', limit: 10 };
      const page = await world.metadata().listVersions(request);
      expect(page.versions.map((version) => version.key)).toEqual([parseObjectKey('b')]);
    });
  });

  async function versionPages(
    bucket: Bucket,
    request: { prefix: string; delimiter: string; limit: number },
  ): Promise<string[][]> {
    const found: string[][] = [];
    let marker: { readonly keyMarker: string; readonly versionIdMarker?: VersionId | 'null' } | null = {
      keyMarker: '',
    };
    while (marker !== null) {
      const page: Awaited<ReturnType<ReturnType<World['metadata']>['listVersions']>> = await world
        .metadata()
        .listVersions({ ...request, ...marker, bucketId: bucket.id });
      expect(page.versions.length + page.commonPrefixes.length).toBeLessThanOrEqual(request.limit);
      const names = [
        ...page.versions.map((v) => ({ key: v.key, id: ` ${v.versionId}` })),
        ...page.commonPrefixes.map((key) => ({ key, id: '' })),
      ];
      found.push(names.sort((a, b) => bytewise(a.key, b.key)).map(({ key, id }) => `${key}${id}`));
      marker =
        page.nextKeyMarker === null
          ? null
          : {
              keyMarker: page.nextKeyMarker,
              ...(page.nextVersionIdMarker === null ? {} : { versionIdMarker: page.nextVersionIdMarker }),
            };
    }
    return found;
  }
}
