import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blobPath, readEntry } from './layout.ts';

const anyKey = fc.stringMatching(/^[!-~]{1,60}$/);

/** The key back from the path, as a reader of the disk would build it. */
function keyOf(folders: readonly string[], leaf: string): string | undefined {
  let base = '';
  for (const file of folders) {
    const entry = readEntry(file);
    if (entry?.kind === 'folder') base += `${entry.name}/`;
    else if (entry?.kind !== 'fan-out') return undefined;
  }
  const entry = readEntry(leaf);
  return entry?.kind === 'blob' ? base + entry.name : undefined;
}

describe('layout of blobs on disk', () => {
  // Frozen: a released gateway has written these paths.
  it.each([
    ['b/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.0', 'b@/0190a1~/0190a1b2~/0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b.0'],
    ['plain', 'plain'],
    ['.sealgate/ke/abc.json', '%2Esealgate@/ke@/abc.json'],
    ['a/../b', 'a@/%2E.@/b'],
    ['..', '%2E.'],
    ['/', '%@/%'],
    ['a//b/', 'a@/%@/b@/%'],
    ['~@%', '%7E%40%25'],
  ])('%s lies at %s', (key, path) => {
    const { folders, leaf } = blobPath(key);
    expect([...folders, leaf].join('/')).toBe(path);
  });

  it('gives every key its own path, from which the key can be read', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const { folders, leaf } = blobPath(key);
        expect(keyOf(folders, leaf)).toBe(key);
      }),
    );
  });

  it('never gives a name that a file system reads as something else', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const { folders, leaf } = blobPath(key);
        for (const name of [...folders, leaf]) {
          expect(name).toMatch(/^[A-Za-z0-9_%-][A-Za-z0-9._%~@-]*$/);
          expect(name.length).toBeLessThanOrEqual(255);
        }
        expect(readEntry(leaf)?.kind).toBe('blob');
      }),
    );
  });

  it('refuses a name too long for the file system', () => {
    expect(() => blobPath('x'.repeat(251))).toThrow(expect.toSatisfy((e: unknown) => isFault(e, 'ValidationFailed')));
    expect(blobPath('x'.repeat(250)).leaf).toHaveLength(250);
  });

  it.each(['.hidden', 'a b', '%', '%41', '%2e', 'ü', 'lost+found'])('does not take %j for one of its names', (file) => {
    const entry = readEntry(file);
    if (file === '%') expect(entry).toEqual({ kind: 'blob', name: '' });
    else expect(entry).toBeUndefined();
  });
});
