import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** Every module that `@sealgate/s3/browser` loads, types left out. */
function loaded(file: string, seen = new Map<string, string>()): Map<string, string> {
  if (seen.has(file)) return seen;
  const source = readFileSync(file, 'utf8');
  seen.set(file, source);
  for (const [, clause, specifier] of source.matchAll(/^(?:import|export)\s+(type\s)?[^'"]*?from '([^']+)';/gms)) {
    if (clause === undefined && specifier?.startsWith('.')) loaded(join(dirname(file), specifier), seen);
  }
  return seen;
}

test('nothing that only Node has', () => {
  const modules = loaded(join(import.meta.dirname, 'index.ts'));
  expect(modules.size).toBeGreaterThan(6);
  for (const [file, source] of modules) {
    const imports = [...source.matchAll(/^(?:import|export)\s+(?!type\s)[^'"]*?from '([^']+)';/gms)].map(
      (match) => match[1],
    );
    const foreign = imports.filter((specifier) => !specifier?.startsWith('.'));
    // core/names hashes with node:crypto; faults and limits are plain.
    expect(foreign, file).toEqual(
      foreign.filter((name) => ['@sealgate/core/faults', '@sealgate/core/limits', 'saxes'].includes(name ?? '')),
    );
    expect(source, file).not.toMatch(/\bBuffer\./);
  }
});
