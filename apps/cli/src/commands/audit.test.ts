import { createHash } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import type { CommandContext } from '../context.ts';
import { auditRequests, tailAudit } from './audit.ts';

vi.mock('node:timers/promises', () => ({
  setTimeout: async (_ms: number, _value: unknown, { signal }: { signal: AbortSignal }) => {
    await Promise.resolve();
    signal.throwIfAborted();
  },
}));

type Query = Readonly<Record<string, string | undefined>>;

/** A log of so many entries, of which a page looks at two. Every entry that is asked for matches when `matches` says so. */
function logOf(size: () => number, matches: (leaf: number) => boolean, onPage: (query: Query) => void) {
  return {
    get(_path: string, query: Query) {
      onPage(query);
      const below = query['cursor'] === undefined ? size() : Number(query['cursor']);
      const first = Number(query['first'] ?? 0);
      const low = Math.max(first, below - 2);
      const leaves = [below - 1, below - 2].filter((leaf) => leaf >= low && matches(leaf));
      const items = leaves.map((leaf) => ({ leaf, detail: null }));
      return Promise.resolve({ items, next: low > first ? String(low) : null, end: below });
    },
  };
}

test('audit tail looks at no entry twice, whatever matches', async () => {
  const stop = new AbortController();
  const told: number[] = [];
  const asked: Query[] = [];
  let size = 9;
  const control = logOf(
    () => size,
    (leaf) => leaf === 4 || leaf === 10,
    (query) => {
      asked.push(query);
      // What comes while it waits: two entries, once.
      if (asked.length > 5) size = 11;
      if (asked.length > 7) stop.abort();
    },
  );
  const context = {
    control: () => Promise.resolve(control),
    signal: stop.signal,
    terminal: { item: ({ json }: { json: { leaf: number } }) => void told.push(json.leaf) },
  } as unknown as CommandContext;
  await expect(tailAudit(context, [], { follow: true, key: 'rare' })).rejects.toThrow();
  expect(told).toEqual([4, 10]);
  // The whole log once, in five pages, and then only what came.
  expect(asked.map(({ first }) => first)).toEqual(['0', '0', '0', '0', '0', '9', '11', '11']);
});

test('audit requests finds what was recorded after the time that is asked until', async () => {
  const record = (at: string) => JSON.stringify({ at, operation: 'GetObject' });
  const batches = [
    ['2026-11-28T10:00:05.000Z', ['2026-11-28T10:00:04.500Z']],
    // Written a second after the first of them was over.
    ['2026-11-28T10:00:00.700Z', ['2026-11-28T09:59:59.900Z', '2026-11-28T10:00:00.300Z']],
    ['2026-11-28T09:00:00.000Z', ['2026-11-28T08:59:59.500Z']],
  ] as const;
  const read: string[] = [];
  const texts = new Map<string, string>();
  const entries = batches.map(([at, times], i) => {
    const lines = times.map((time) => `${record(time)}\n`).join('');
    const sha256 = createHash('sha256').update(lines).digest('hex');
    texts.set(sha256, lines);
    return { leaf: 10 - i, at, detail: { sha256, first: times[0], last: times.at(-1) } };
  });
  const control = {
    get(path: string, query?: Query) {
      const digest = path.split('/').at(-1) ?? '';
      const lines = texts.get(digest);
      if (lines !== undefined) {
        read.push(digest);
        return Promise.resolve({ lines, removedBefore: 0 });
      }
      const items = entries.filter(({ at }) => at >= (query?.['from'] ?? '') && at <= (query?.['to'] ?? '~'));
      return Promise.resolve({ items, next: null, end: 11 });
    },
  };
  const told: string[] = [];
  const context = {
    control: () => Promise.resolve(control),
    terminal: { item: ({ json }: { json: { at: string } }) => void told.push(json.at) },
  } as unknown as CommandContext;
  const span = { from: '2026-11-28T09:30:00Z', to: '2026-11-28T10:00:00Z' };
  await auditRequests(context, [], { ofTenant: 'acme', ...span });
  expect(told).toEqual(['2026-11-28T09:59:59.900Z']);
  // Of a batch that began later nothing is read.
  expect(read).toEqual([entries[1]?.detail.sha256]);
});
