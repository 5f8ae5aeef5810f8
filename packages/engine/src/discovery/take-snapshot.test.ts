import { createDiscretion, NO_SETTINGS, type SourceObject, type SourceTrouble } from '@sealgate/core/discovery';
import type { SourceAnswer, SourcePage, SourcePlace, StorageSource } from '@sealgate/core/ports';
import { describe, expect, it } from 'vitest';
import { takeSnapshot } from './take-snapshot.ts';
import type { TakeSnapshot } from './types.ts';

const SECRET = 'a secret access key';
const object = (key: string): SourceObject => ({ key, bytes: 1, modifiedAtMs: 1000, etag: '' });
const many = (count: number, prefix = 'k'): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${String(n).padStart(6, '0')}`);

type Listing =
  | readonly string[]
  | SourceTrouble
  | ((from: SourcePlace | undefined, limit: number) => SourceAnswer<SourcePage>);

/** A source in memory; `asked` tells what it was asked. */
function sourceOf(buckets: Readonly<Record<string, Listing>>, options: { readonly mayList?: SourceTrouble } = {}) {
  const asked: string[] = [];
  const source: TakeSnapshot['source'] = {
    async listBuckets({ signal }) {
      signal.throwIfAborted();
      if (options.mayList !== undefined) return { ok: false, trouble: options.mayList };
      return { ok: true, value: Object.keys(buckets).map((name) => ({ name, createdAtMs: 7 })) };
    },
    async list(bucket, { from, limit, prefix, signal }) {
      signal.throwIfAborted();
      asked.push(`${bucket} ${limit}`);
      const listing = buckets[bucket] ?? 'not-found';
      if (typeof listing === 'string') return { ok: false, trouble: listing };
      if (typeof listing === 'function') return listing(from, limit);
      const keys = listing.filter((key) => key.startsWith(prefix));
      const at = from?.kind === 'token' ? Number(from.token) : 0;
      const objects = keys.slice(at, at + limit).map(object);
      const next: SourcePlace | undefined =
        at + limit < keys.length ? { kind: 'token', token: String(at + limit) } : undefined;
      return { ok: true, value: { objects, next } };
    },
    settings: async () => ({ ...NO_SETTINGS, versioning: 'enabled' }),
  };
  return { source, asked };
}

const never = new AbortController().signal;

function take(source: Pick<StorageSource, 'list' | 'listBuckets' | 'settings'>, changes: Partial<TakeSnapshot> = {}) {
  return takeSnapshot({
    ...{ source, buckets: undefined, prefix: '', etags: true, signal: never, deadline: never },
    caps: { buckets: 200, files: 50_000, filesPerBucket: 5000 },
    discretion: createDiscretion([SECRET]),
    ...changes,
  });
}

async function findings(...args: Parameters<typeof take>) {
  const outcome = await take(...args);
  if (!outcome.ok) throw new Error(outcome.trouble);
  return outcome.value;
}

const CALM = { buckets: false, files: false, time: false };

describe('a look at a source', () => {
  it('sees every bucket by name, with its settings and files', async () => {
    const { source } = sourceOf({ b: ['x/1', 'x/2', 'y'], A: [] });
    const seen = await findings(source);
    expect(seen).toMatchObject({ bucketsFound: 2, objects: 3, bytes: 3, files: 3, truncated: CALM });
    expect(seen.buckets.map(({ bucket }) => [bucket.name, bucket.objects, bucket.truncated])).toEqual([
      ['A', 0, false],
      ['b', 3, false],
    ]);
    expect(seen.buckets[1]?.bucket).toMatchObject({ createdAtMs: 7, versioning: 'enabled', trouble: null });
    expect(seen.buckets[1]?.files.map(({ key }) => key)).toEqual(['x/1', 'x/2', 'y']);
  });

  it('looks at named buckets, each once, and below a prefix', async () => {
    const { source, asked } = sourceOf({ a: ['x/1', 'y'], b: ['x/1'] }, { mayList: 'not-permitted' });
    const seen = await findings(source, { buckets: ['a', 'a'], prefix: 'x/' });
    expect(seen).toMatchObject({ bucketsFound: 1, objects: 1, truncated: CALM });
    expect(asked).toEqual(['a 1000']);
  });

  it('goes on past a bucket that cannot be read', async () => {
    const { source } = sourceOf({ a: 'not-permitted', b: ['1'], c: 'elsewhere' });
    const seen = await findings(source);
    expect(seen.buckets.map(({ bucket: { trouble, truncated } }) => [trouble, truncated])).toEqual([
      ['not-permitted', true],
      [null, false],
      ['elsewhere', true],
    ]);
    expect(seen.truncated).toEqual(CALM);
  });

  it.each(['wrong-credentials', 'unreachable', 'not-found', 'not-permitted', 'elsewhere'] as const)(
    'finds nothing at all where all is %s',
    async (trouble) => {
      expect(await take(sourceOf({}, { mayList: trouble }).source)).toEqual({ ok: false, trouble });
      const { source, asked } = sourceOf({ a: trouble, b: trouble });
      expect(await take(source, { buckets: ['a', 'b'] })).toEqual({ ok: false, trouble });
      // Wrong keys are wrong for the next bucket, too.
      expect(asked).toHaveLength(trouble === 'wrong-credentials' ? 1 : 2);
    },
  );

  it('keeps what it saw of named buckets if it saw anything, and of listed ones in any case', async () => {
    const { source } = sourceOf({ a: 'not-found', b: ['1'] });
    expect(await findings(source, { buckets: ['a', 'b'] })).toMatchObject({ objects: 1 });
    const denied = await findings(sourceOf({ a: 'not-permitted' }).source);
    expect(denied.buckets[0]?.bucket).toMatchObject({ name: 'a', trouble: 'not-permitted' });
  });

  it('takes names of buckets that come twice once, and none that cannot be kept', async () => {
    const { source } = sourceOf({ a: ['1'] });
    const names = ['a', 'a', 'x'.repeat(256), 'with\0nul', '\ud800', ''];
    const listBuckets: typeof source.listBuckets = async () => ({
      ok: true,
      value: names.map((name) => ({ name, createdAtMs: Number.MAX_VALUE })),
    });
    const seen = await findings({ ...source, listBuckets });
    expect(seen.buckets.map(({ bucket }) => bucket.name)).toEqual(['a']);
    expect(new Date(seen.buckets[0]?.bucket.createdAtMs ?? 0).toISOString()).toBe('9999-12-31T23:59:59.000Z');
    expect(seen).toMatchObject({ bucketsFound: 5, truncated: { ...CALM, buckets: true } });
    expect((await findings(source, { buckets: ['a', 'with\0nul'] })).buckets).toHaveLength(1);
    expect(await take(source, { buckets: ['with\0nul'] })).toEqual({ ok: false, trouble: 'not-found' });
  });

  it('keeps no bucket whose name tells a credential', async () => {
    const { source, asked } = sourceOf({ [SECRET]: ['1'], ok: ['2'] });
    const seen = await findings(source);
    expect(seen).toMatchObject({ bucketsFound: 2, truncated: { ...CALM, buckets: true } });
    expect(JSON.stringify(seen)).not.toContain(SECRET);
    expect(asked).toEqual(['ok 1000']);
  });
});

describe('caps', () => {
  it.each([
    [4, 4, false],
    [5, 4, true],
    [3, 4, false],
  ])('%i buckets with room for %i', async (count, cap, cut) => {
    const { source } = sourceOf(Object.fromEntries(many(count, 'b').map((name) => [name, ['1']])));
    const seen = await findings(source, { caps: { buckets: cap, files: 100, filesPerBucket: 10 } });
    expect([seen.buckets.length, seen.bucketsFound]).toEqual([Math.min(count, cap), count]);
    expect(seen.truncated).toEqual({ ...CALM, buckets: cut });
  });

  it.each([
    [1500, 1500, false],
    [1501, 1500, true],
    [1499, 1500, false],
    [2000, 2000, false],
    [1, 1, false],
    [2, 1, true],
  ])('%i files of a bucket with room for %i', async (count, cap, cut) => {
    const { source } = sourceOf({ a: many(count) });
    const seen = await findings(source, { caps: { buckets: 1, files: 10_000, filesPerBucket: cap } });
    expect([seen.files, seen.truncated.files, seen.buckets[0]?.bucket.truncated]).toEqual([
      Math.min(count, cap),
      cut,
      cut,
    ]);
    expect(seen.buckets[0]?.files).toHaveLength(Math.min(count, cap));
  });

  it('files of all buckets together: the one that has no room says so only if it has files', async () => {
    const { source, asked } = sourceOf({ a: many(3), b: many(2), c: [], d: many(1) });
    const seen = await findings(source, { caps: { buckets: 9, files: 5, filesPerBucket: 9 } });
    expect(seen.buckets.map(({ bucket }) => [bucket.objects, bucket.truncated])).toEqual([
      [3, false],
      [2, false],
      [0, false],
      [0, true],
    ]);
    expect(seen).toMatchObject({ files: 5, objects: 5, truncated: { ...CALM, files: true } });
    expect(asked).toEqual(['a 5', 'b 2', 'c 1', 'd 1']);
  });

  it('hold against a server that does not count', async () => {
    const all = (): SourceAnswer<SourcePage> => ({
      ok: true,
      value: { objects: many(5000).map(object), next: undefined },
    });
    const seen = await findings(sourceOf({ a: all }).source, { caps: { buckets: 1, files: 50, filesPerBucket: 70 } });
    expect([seen.files, seen.truncated.files]).toEqual([50, true]);
  });

  it('names take so much room and no more', async () => {
    const long = 'x'.repeat(1_000_000);
    let pages = 0;
    const endless = (): SourceAnswer<SourcePage> => {
      pages += 1;
      return {
        ok: true,
        value: { objects: [object(`${long}${pages}`)], next: { kind: 'token', token: String(pages) } },
      };
    };
    const seen = await findings(sourceOf({ a: endless }).source);
    expect(pages).toBeLessThan(20);
    // None of these names can be kept, and still they count.
    expect(seen).toMatchObject({ files: 0, truncated: { ...CALM, files: true } });
    expect(seen.buckets[0]?.bucket.withheld).toBe(seen.objects);
  });
});

describe('a source that goes round in circles', () => {
  it.each([
    ['repeats one page', () => many(10)],
    ['has only empty pages', () => []],
  ])('%s: what it said once is kept', async (_, keys) => {
    let pages = 0;
    const round = (): SourceAnswer<SourcePage> => {
      pages += 1;
      return { ok: true, value: { objects: keys().map(object), next: { kind: 'token', token: 'again' } } };
    };
    const seen = await findings(sourceOf({ a: round, b: ['1'] }).source);
    expect(seen.buckets[0]?.bucket).toMatchObject({
      trouble: 'invalid-answer',
      truncated: true,
      objects: keys().length,
    });
    expect(seen.buckets[1]?.bucket).toMatchObject({ trouble: null, objects: 1 });
    expect(pages).toBeLessThan(12);
  });

  it('an endless one ends at the cap', async () => {
    let page = 0;
    const endless = (_: unknown, limit: number): SourceAnswer<SourcePage> => {
      page += 1;
      const objects = many(limit, `${page}-`).map(object);
      return { ok: true, value: { objects, next: { kind: 'token', token: 'more' } } };
    };
    const seen = await findings(sourceOf({ a: endless }).source);
    expect([seen.files, seen.truncated.files, page]).toEqual([5000, true, 5]);
  });

  it('keys outside of the prefix are no answer', async () => {
    const other = (): SourceAnswer<SourcePage> => ({ ok: true, value: { objects: [object('x')], next: undefined } });
    const seen = await findings(sourceOf({ a: other }).source, { prefix: 'wanted/' });
    expect(seen.buckets[0]?.bucket).toMatchObject({ trouble: 'invalid-answer', objects: 0 });
  });
});

describe('time', () => {
  it('that is over ends the look; what was seen counts', async () => {
    const deadline = new AbortController();
    const slow = (): SourceAnswer<SourcePage> => {
      deadline.abort(new Error('late'));
      return { ok: true, value: { objects: many(3).map(object), next: { kind: 'token', token: '3' } } };
    };
    const { source, asked } = sourceOf({ a: ['1'], b: slow, c: ['1'] });
    const seen = await findings(source, { deadline: deadline.signal });
    expect(seen.buckets.map(({ bucket }) => [bucket.name, bucket.objects, bucket.truncated, bucket.trouble])).toEqual([
      ['a', 1, false, null],
      ['b', 3, true, null],
      ['c', 0, true, null],
    ]);
    expect(seen).toMatchObject({ objects: 4, truncated: { ...CALM, time: true } });
    expect(asked.filter((line) => line.startsWith('c'))).toEqual([]);
  });

  it('that was over before the buckets were known finds nothing', async () => {
    expect(await take(sourceOf({ a: [] }).source, { deadline: AbortSignal.abort() })).toEqual({
      ok: false,
      trouble: 'timeout',
    });
  });

  it('a client that goes away ends it with its reason', async () => {
    const gone = new AbortController();
    const reason = new Error('the client is gone');
    const last = (): SourceAnswer<SourcePage> => {
      gone.abort(reason);
      return { ok: true, value: { objects: [], next: undefined } };
    };
    await expect(take(sourceOf({ a: last }).source, { signal: gone.signal })).rejects.toBe(reason);
    await expect(take(sourceOf({ a: [] }).source, { signal: gone.signal })).rejects.toBe(reason);
  });
});
