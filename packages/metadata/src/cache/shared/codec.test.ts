import { expect, test } from 'vitest';
import { ENTRY_BYTES_MAX } from '../limits.ts';
import { createEntryCodec } from './codec.ts';
import { testCacheKeys } from './testing/keys.ts';

const codec = createEntryCodec('space', testCacheKeys);
const value = { seq: 12n, digests: new Uint8Array([1, 2]), secretAccessKey: 'a secret', none: null };

const sealed = (): Buffer => {
  const made = codec.seal('credential', 'id', value);
  if (made === undefined) throw new Error('not sealed');
  return made;
};

test('an entry comes back as it was, and shows nothing of itself', () => {
  expect(codec.open('credential', 'id', sealed())).toEqual(value);
  expect(sealed().toString('latin1')).not.toContain('secret');
});

test('an entry that was changed, moved, or is of another space or release does not open', () => {
  const other = createEntryCodec('other space', testCacheKeys);
  const release = createEntryCodec('space', { ...testCacheKeys, form: 'older' });
  expect(codec.open('credential', 'other', sealed())).toBeUndefined();
  expect(codec.open('bucket', 'id', sealed())).toBeUndefined();
  expect(other.open('credential', 'id', sealed())).toBeUndefined();
  expect(release.open('credential', 'id', sealed())).toBeUndefined();
  for (let at = 0; at < sealed().length; at += 1) {
    const changed = sealed();
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(codec.open('credential', 'id', changed)).toBeUndefined();
    expect(codec.open('credential', 'id', sealed().subarray(0, at))).toBeUndefined();
  }
});

test('a place has one name for everybody who knows the space, whatever release they are of', () => {
  const release = createEntryCodec('space', { ...testCacheKeys, form: 'older' });
  expect(release.idOf('version', 'a')).toBe(codec.idOf('version', 'a'));
  expect(codec.idOf('version', 'a')).not.toBe(codec.idOf('bucket', 'a'));
  expect(createEntryCodec('other space', testCacheKeys).idOf('version', 'a')).not.toBe(codec.idOf('version', 'a'));
  expect(codec.idOf('version', 'a')).toMatch(/^[\w-]{24}$/);
});

test('what is long is not kept', () => {
  expect(codec.seal('version', 'id', { text: 'x'.repeat(ENTRY_BYTES_MAX) })).toBeUndefined();
});
