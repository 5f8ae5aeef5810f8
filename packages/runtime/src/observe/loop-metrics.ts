import { Counter, type Registry } from 'prom-client';
import type { LoopMetrics } from '../background/loop.ts';

/** What the background loops of a process did. */
export function createLoopMetrics(registry: Registry): LoopMetrics {
  const taken = new Counter({
    name: 'sealgate_background_items_total',
    help: 'Items that a background loop took off its queue.',
    labelNames: ['loop'],
    registers: [registry],
  });
  const failures = new Counter({
    name: 'sealgate_background_failures_total',
    help: 'Rounds of a background loop that failed as a whole.',
    labelNames: ['loop'],
    registers: [registry],
  });
  return {
    background(loop, items, ok) {
      taken.inc({ loop }, items);
      if (!ok) failures.inc({ loop });
    },
  };
}
