import { expect, test } from 'vitest';
import { referencePages, stalePages } from './generate-reference.ts';

test('the committed reference pages are current (else run: node tools/generate-reference.ts)', () => {
  expect(stalePages().map(({ path }) => path)).toEqual([]);
});

test('a page that differs or is missing is stale', () => {
  const [page] = referencePages;
  const changed = { path: page!.path, render: () => `${page!.render()} ` };
  const missing = { path: 'docs/reference/no-such-page.md', render: () => '' };
  expect(stalePages([page!, changed, missing])).toEqual([changed, missing]);
});
