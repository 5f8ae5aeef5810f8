import { createBackendMetrics, createLoopMetrics } from '@sealgate/runtime/observe';
import { type MetricObject, Registry } from 'prom-client';
import { createAccessLogMetrics } from '../access-log/metrics.ts';
import { createRequestRecordMetrics } from '../audit/metrics.ts';
import { createCatalogueGauge } from '../catalogue/report.ts';
import { createDeliveryMetrics } from '../notifications/metrics.ts';
import { createMetrics } from './metrics.ts';

const OWN = /^sealgate_/;

export interface DescribedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

/** Every metric of our own that a gateway has, by name. */
export function gatewayMetrics(): readonly DescribedMetric[] {
  const metrics = createMetrics();
  const { registry } = metrics;
  metrics.watchCache(() => 'off');
  createAccessLogMetrics(registry);
  createRequestRecordMetrics(registry);
  createDeliveryMetrics(registry);
  createCatalogueGauge(registry);
  return described(registry);
}

/** Those of an agent over a control listener. */
export function agentMetrics(): readonly DescribedMetric[] {
  const registry = new Registry();
  createBackendMetrics(registry);
  createLoopMetrics(registry);
  return described(registry);
}

function described(registry: Registry): readonly DescribedMetric[] {
  return registry
    .getMetricsAsArray()
    .filter(({ name }) => OWN.test(name))
    .map(describe)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describe(metric: MetricObject): DescribedMetric {
  // Told of every metric, but missing in the library's types.
  const { name, help, type, labelNames } = metric as MetricObject & {
    readonly type: string;
    readonly labelNames: readonly string[];
  };
  return { name, help, type, labels: labelNames };
}
