import type { DeliveryEvents } from '@sealgate/engine';
import { Counter, Histogram, type Registry } from 'prom-client';

/** Messages wait seconds when all is well, and up to a day when a receiver is down. */
const WAIT_SECONDS = [0.1, 0.5, 1, 2, 5, 15, 60, 300, 3600, 6 * 3600, 24 * 3600];

export function createDeliveryMetrics(registry: Registry): DeliveryEvents {
  const registers = [registry];
  const tries = new Counter({
    name: 'sealgate_webhook_tries_total',
    help: 'Tries to deliver a message, by outcome: delivered, failed (to be tried again) or dead.',
    labelNames: ['outcome', 'reason'],
    registers,
  });
  const wait = new Histogram({
    name: 'sealgate_webhook_wait_seconds',
    help: 'From the change becoming a message to its delivery.',
    buckets: WAIT_SECONDS,
    registers,
  });
  return {
    delivered(waitedMs) {
      tries.inc({ outcome: 'delivered', reason: '' });
      wait.observe(Math.max(0, waitedMs) / 1000);
    },
    failed: (reason) => tries.inc({ outcome: 'failed', reason }),
    dead: (reason) => tries.inc({ outcome: 'dead', reason }),
  };
}
