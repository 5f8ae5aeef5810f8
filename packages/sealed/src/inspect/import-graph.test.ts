import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = join(import.meta.dirname, '..');

/** Every file and package that a module can reach, types included. */
function reachable(entry: string): Set<string> {
  const seen = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    if (!file.startsWith('/')) continue;
    const text = readFileSync(file, 'utf8');
    for (const [, specifier = ''] of text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      waiting.push(specifier.startsWith('.') ? join(dirname(file), specifier) : specifier);
    }
  }
  return seen;
}

const folders = (files: Set<string>): string[] =>
  [...new Set([...files].map((file) => (file.startsWith('/') ? dirname(relative(source, file)) : file)))].sort();

describe('what ./inspect reaches', () => {
  it('is format, inspect and one hash: no secret key, no decryption, no JOSE', () => {
    expect(folders(reachable(join(source, 'inspect/index.ts')))).toEqual([
      '@noble/hashes/sha2.js',
      'format',
      'inspect',
    ]);
  });

  it('names no operation on keys', () => {
    for (const file of reachable(join(source, 'inspect/index.ts'))) {
      if (!file.startsWith('/')) continue;
      expect(readFileSync(file, 'utf8'), file).not.toMatch(/crypto\.subtle|importKey|decrypt\(|deriveBits|unwrapKey/);
    }
  });

  it('would be seen if it grew', () => {
    expect(folders(reachable(join(source, 'open/index.ts')))).toContain('floe');
  });
});

describe('what ./manifest reaches', () => {
  it('checks signatures with public keys: nothing that seals, opens or signs', () => {
    const reached = folders(reachable(join(source, 'manifest/index.ts')));
    expect(reached).toEqual(['@noble/hashes/sha2.js', 'format', 'inspect', 'jose', 'manifest']);
  });
});

describe('what ./keyring reaches', () => {
  it('verifies signatures and opens nothing', () => {
    const files = reachable(join(source, 'keyring/index.ts'));
    expect(folders(files)).toEqual(['@noble/hashes/sha2.js', 'format', 'inspect', 'jose', 'keyring']);
    for (const file of files) {
      if (!file.startsWith('/')) continue;
      expect(readFileSync(file, 'utf8'), file).not.toMatch(
        /crypto\.subtle|[dD]ecrypt\(|CompactSign|deriveBits|unwrapKey/,
      );
    }
  });
});

describe('what runs in browsers', () => {
  it.each(['inspect', 'seal', 'open', 'keys', 'manifest', 'credentials', 'keyring'])(
    './%s imports nothing of Node',
    (subpath) => {
      const files = [...reachable(join(source, `${subpath}/index.ts`))];
      expect(files.filter((file) => file.startsWith('node:') || file.includes('/node/'))).toEqual([]);
    },
  );
});
