// Runs dependency-cruiser over the tree and fails on a forbidden import, or when it saw so few modules that a green
// result would mean nothing (a parser that no longer understands the sources reports "no violations" too).
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const roots = ['packages', 'apps', 'tests', 'tools', 'bench'];

interface CruiseResult {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: { readonly violations: readonly Violation[] };
}

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string; readonly severity: string };
}

const run = spawnSync(
  process.execPath,
  [
    'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'json',
    ...roots,
  ],
  { cwd: root, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
);
if (run.stdout === '') {
  process.stderr.write(run.stderr);
  process.exit(1);
}
const result = JSON.parse(run.stdout) as CruiseResult;
const own = result.modules.filter((m) => roots.some((r) => m.source.startsWith(`${r}/`)) && m.source.endsWith('.ts'));
const sources = globSync(
  roots.map((r) => `${r}/**/*.ts`),
  { cwd: root, exclude: (name) => name === 'node_modules' },
);
for (const { from, to, rule } of result.summary.violations) console.error(`${rule.name}: ${from} -> ${to}`);
if (own.length < sources.length * 0.9) {
  console.error(`dependency-cruiser saw ${own.length} of ${sources.length} sources; its result cannot be trusted.`);
  process.exit(1);
}
console.log(`${own.length} modules, ${result.summary.violations.length} forbidden imports`);
process.exit(result.summary.violations.some((v) => v.rule.severity === 'error') ? 1 : 0);
