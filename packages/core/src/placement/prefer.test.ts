import { expect, it } from 'vitest';
import { compilePolicy } from '../policy/index.ts';
import { testBackend } from '../testing/backends.ts';
import { place } from './place.ts';

const priced = (id: string, storagePerGbMonth: number | null, currency = 'EUR') =>
  testBackend(id, { prices: { currency, storagePerGbMonth, egressPerGb: null, per1000Requests: null } });

/** How often each of the backends is the first choice among many blobs. */
function shares(prefer: string, backends: readonly ReturnType<typeof priced>[]): Record<string, number> {
  const policy = compilePolicy(
    `apiVersion: sealgate/v1\nkind: Policy\nmetadata: { name: x }\nspec:\n  classes: [{ name: One, copies: 1, ack: copies >= 1 }]\n${prefer}`,
    { version: 1 },
  );
  const counts: Record<string, number> = {};
  for (let i = 0; i < 3000; i += 1) {
    const redundancyClass = policy.classes.get('One')!;
    const writable = new Set(backends.map(({ id }) => id));
    const placement = place({
      policy,
      redundancyClass,
      scope: { regionLock: [] },
      backends,
      writable,
      seed: `blob-${i}`,
    });
    const id = placement.ok ? placement.write[0]!.id : 'none';
    counts[id] = (counts[id] ?? 0) + 1 / 3000;
  }
  return counts;
}

it('half the price is taken twice as often, an unknown price or another currency as the dearest', () => {
  const backends = [priced('a', 0.01), priced('b', 0.02), priced('c', null), priced('d', 0.01, 'USD')];
  const counts = shares('  prefer: { price: 1 }\n', backends);
  expect(counts['a']).toBeCloseTo(0.66, 1);
  expect(counts['b']).toBeCloseTo(0.33, 1);
  expect((counts['c'] ?? 0) + (counts['d'] ?? 0)).toBeLessThan(0.05);
  expect(shares('', backends)['c']).toBeCloseTo(0.25, 1);
});

it('a low expected latency counts by its weight', () => {
  const near = testBackend('near', { expectedLatencyMs: 10 });
  const counts = shares('  prefer: { latency: 2 }\n', [near, testBackend('far', { expectedLatencyMs: 20 })]);
  expect(counts['near']).toBeCloseTo(0.8, 1);
});
