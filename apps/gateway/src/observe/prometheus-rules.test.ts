import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { gatewayMetrics } from './described-metrics.ts';

const rulesPath = fileURLToPath(new URL('../../../../deploy/prometheus-rules.yaml', import.meta.url));
const testsPath = fileURLToPath(new URL('../../../../deploy/prometheus-rules.test.yaml', import.meta.url));
const operations = readFileSync(new URL('../../../../docs/operations.md', import.meta.url), 'utf8');

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}
const rules = (parse(readFileSync(rulesPath, 'utf8')) as Rules).groups.flatMap((group) => group.rules);
const labelsOf = new Map(gatewayMetrics().map(({ name, labels, type }) => [name, { labels, type }]));

/** `name{label="..."}` of an expression; what a scrape adds by itself is no label of a metric. */
function asked(expr: string) {
  return Array.from(expr.matchAll(/\b(sealgate_[a-z_]+)(?:\{([^}]*)\})?/g), ([, name = '', matchers = '']) => ({
    name,
    labels: Array.from(matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g), ([, label]) => label),
  }));
}

describe('alerts for Prometheus', () => {
  it.each(rules.map(({ alert, expr }) => [alert, expr]))('%s asks for what the gateway has', (_alert, expr) => {
    for (const { name, labels } of asked(expr)) {
      const metric = labelsOf.get(name) ?? labelsOf.get(name.replace(/_(bucket|sum|count)$/, ''));
      expect(metric, name).toBeDefined();
      expect(metric?.labels, name).toEqual(expect.arrayContaining(labels));
    }
  });

  it('are explained, each of them', () => {
    const explained = Array.from(operations.matchAll(/^\| `(Sealgate\w+)`/gm), ([, name]) => name);
    expect(explained).toEqual(rules.map(({ alert }) => alert));
  });

  const missing = spawnSync('sh', ['-c', 'command -v promtool']).status !== 0;
  it.skipIf(missing)(`fire when they should${missing ? ' (skipped: the program "promtool" is missing)' : ''}`, () => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', 'promtool test rules "$0"', testsPath], {
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toMatchObject({ status: 0 });
  });
});

it('the reference of metrics has every metric that a source names', () => {
  const sources = spawnSync(
    'git',
    ['grep', '--untracked', '-hoE', "name: 'sealgate_[a-z_]+'", '--', 'apps/*.ts', 'packages/*.ts'],
    {
      cwd: fileURLToPath(new URL('../../../..', import.meta.url)),
      encoding: 'utf8',
    },
  );
  const named = Array.from(sources.stdout.matchAll(/'(sealgate_\w+)'/g), ([, name]) => name);
  expect(named.length).toBeGreaterThan(50);
  expect([...new Set(named)].sort()).toEqual([...labelsOf.keys()].sort());
});
