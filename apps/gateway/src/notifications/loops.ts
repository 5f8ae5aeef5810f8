import type { Clock, Metadata, WebhookSender } from '@sealgate/core/ports';
import { createDeliveries, defaultDeliveryLimits, routeDue } from '@sealgate/engine';
import { type BackgroundLoop, createLoop, type LoopDeps } from '@sealgate/runtime/background';
import type { Registry } from 'prom-client';
import { ROUTE_BATCH } from './limits.ts';
import { createDeliveryMetrics } from './metrics.ts';

/** The background work of notifications. Several gateways share it: the database lets each change be routed once. */
export function createNotificationLoops(
  deps: Pick<LoopDeps, 'logger' | 'metrics'> & {
    readonly clock: Clock;
    readonly metadata: Metadata;
    readonly webhooks: WebhookSender;
    readonly registry: Registry;
    readonly random?: () => number;
  },
): readonly BackgroundLoop[] {
  const { metadata, clock } = deps;
  const deliveries = createDeliveries({
    metadata,
    sender: deps.webhooks,
    clock,
    random: deps.random ?? Math.random,
    limits: defaultDeliveryLimits,
    events: createDeliveryMetrics(deps.registry),
  });
  const shared = { logger: deps.logger, metrics: deps.metrics, clock, concurrency: 1 };
  const routing = createLoop({ ...shared, name: 'events', run: () => routeDue({ metadata, batch: ROUTE_BATCH }) });
  const sending = createLoop({ ...shared, name: 'deliveries', run: (options) => deliveries.deliverDue(options) });
  return [
    routing,
    {
      start: () => sending.start(),
      status: () => sending.status(),
      async stop(graceMs) {
        await sending.stop(graceMs);
        await deliveries.settled();
      },
    },
  ];
}
