import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const packages = join(import.meta.dirname, '..', '..');

interface Manifest {
  readonly exports?: Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

function manifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

function packageOf(file: string): string {
  let folder = dirname(file);
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** Where a browser's bundler would find it: our own sources as files, everything else by its name. */
function resolve(specifier: string, from: string): string {
  if (specifier.startsWith('.')) return join(dirname(from), specifier);
  if (specifier.startsWith('#')) {
    const folder = packageOf(from);
    return join(folder, manifest(folder).imports?.[specifier]?.['default'] ?? specifier);
  }
  const [, name, subpath = ''] = /^@sealgate\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  if (name === undefined) return specifier;
  const folder = join(packages, name);
  const entry = subpath === '' ? '.' : `./${subpath}`;
  return join(folder, manifest(folder).exports?.[entry] ?? `no export ${entry}`);
}

/** Everything that is loaded with a module; imports of types alone are erased. */
function reachable(entry: string): readonly string[] {
  const seen = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    if (!file.startsWith('/')) continue;
    const text = readFileSync(file, 'utf8').replace(/^(?:import|export) type [^;]*;/gm, '');
    for (const [, specifier = ''] of text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      waiting.push(resolve(specifier, file));
    }
  }
  return [...seen];
}

it('reaches nothing of Node', () => {
  const files = reachable(join(import.meta.dirname, 'index.ts'));
  expect(files.filter((file) => file.startsWith('node:') || file.includes('/node/'))).toEqual([]);
  // The walk must have gone through the packages that it is about.
  for (const name of ['core', 'sealed', 's3']) expect(files.some((file) => file.includes(`/${name}/src/`))).toBe(true);
});

it('depends on few packages of others', () => {
  const foreign = reachable(join(import.meta.dirname, 'index.ts')).filter((file) => !file.startsWith('/'));
  expect(new Set(foreign.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]))).toEqual(
    new Set(['@noble/hashes', 'jose', 'saxes']),
  );
});
