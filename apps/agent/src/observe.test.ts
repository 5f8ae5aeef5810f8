import type { LoopStatus } from '@sealgate/runtime/background';
import { expect, it } from 'vitest';
import { createAgentMetrics, troubleOf } from './observe.ts';

const loop = (name: string, failures: number, code = 'DatabaseUnavailable') => ({
  status: (): LoopStatus => ({
    ...{ name, failures, running: 0, rounds: 1, items: 0, lastEndedMs: 1, lastWorkedMs: null },
    lastError: { code, atMs: 1 },
  }),
});

it('is ready while the newest round of each loop went well, whatever failed before', () => {
  expect(troubleOf([loop('repairs', 0), loop('grants', 0)])).toBeUndefined();
  expect(troubleOf([loop('repairs', 2), loop('grants', 1, 'SlowDown')])).toBe(
    'repairs: DatabaseUnavailable, grants: SlowDown',
  );
});

it('has metrics of its process, its loops and its backends', async () => {
  const metrics = createAgentMetrics();
  metrics.background('repairs', 3, true);
  metrics.background('repairs', 0, false);
  const text = await metrics.registry.metrics();
  expect(text).toContain('sealgate_background_items_total{loop="repairs"} 3');
  expect(text).toContain('sealgate_background_failures_total{loop="repairs"} 1');
  expect(text).toContain('process_resident_memory_bytes');
});
