import { expect, test } from 'vitest';
import { requestedTags, sortedTags, tagRecord } from './tags.ts';

test('tags are shown by key, whatever order they were kept in', () => {
  const tags = tagRecord([
    { key: 'foo', value: '1' },
    { key: 'Hello', value: '2' },
    { key: '10', value: '3' },
    { key: '9', value: '4' },
    { key: '__proto__', value: '5' },
  ]);
  const kept = JSON.parse(JSON.stringify(tags)) as Record<string, string>;
  expect(sortedTags(kept).map(({ key }) => key)).toEqual(['10', '9', 'Hello', '__proto__', 'foo']);
  expect(sortedTags(null)).toEqual([]);
});

test('no tag at all is null', () => {
  expect(tagRecord([])).toBeNull();
  expect(requestedTags({ headers: {} })).toBeNull();
  expect(requestedTags({ headers: { 'x-amz-tagging': 'a=1&b' } })).toEqual({ a: '1', b: '' });
});
