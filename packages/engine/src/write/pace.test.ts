import { describe, expect, test } from 'vitest';
import { defaultEngineLimits as limits } from '../limits.ts';
import { backend, copiesAtLeast } from '../testing/fixtures.ts';
import { decidePace } from './pace.ts';

const [a, b, c] = [backend('a'), backend('b'), backend('c')];
const rule = copiesAtLeast(2);
const quick = 0;
const slow = limits.slowBytes;
const full = limits.lagBytes;

const decide = (lags: readonly number[], times: { waitedMs?: number; elapsedMs?: number } = {}) =>
  decidePace(
    [a, b, c].map((target, i) => ({ backend: target, lagBytes: lags[i] ?? 0 })),
    { rule, limits, waitedMs: times.waitedMs ?? 0, elapsedMs: times.elapsedMs ?? 0 },
  );

describe('decidePace', () => {
  test('goes on while nobody is full and the quick ones satisfy the rule', () => {
    expect(decide([quick, quick, slow])).toEqual({ kind: 'go' });
  });

  test('waits for a full target that the rule does not need, within patience', () => {
    expect(decide([quick, quick, full])).toEqual({ kind: 'wait', forMs: limits.patienceMs, needed: false });
  });

  test('patience grows with the time of the write and shrinks with what was waited', () => {
    const decision = decide([quick, quick, full], { waitedMs: 300, elapsedMs: 4000 });
    expect(decision).toEqual({ kind: 'wait', forMs: limits.patienceMs + 1000 - 300, needed: false });
  });

  test('comes to an end although every wait earns new patience', () => {
    const times = { waitedMs: 0, elapsedMs: 0 };
    let waits = 0;
    for (let decision = decide([quick, quick, full]); decision.kind === 'wait'; waits += 1) {
      times.waitedMs += decision.forMs;
      times.elapsedMs += decision.forMs;
      decision = decide([quick, quick, full], times);
    }
    expect(waits).toBeLessThan(10);
  });

  test('detaches it when patience is used up', () => {
    expect(decide([quick, quick, full], { waitedMs: limits.patienceMs })).toEqual({ kind: 'detach', backends: [c] });
  });

  test('never detaches a target that the rule needs', () => {
    expect(decide([quick, full, full], { waitedMs: 1e9 })).toEqual({
      kind: 'wait',
      forMs: limits.writeStallMs,
      needed: true,
    });
  });
});
