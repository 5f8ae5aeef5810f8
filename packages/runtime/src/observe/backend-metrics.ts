import type { BackendState } from '@sealgate/core/ports';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { BackendMetrics } from '../backends/registry.ts';

const STATES: readonly BackendState[] = ['healthy', 'degraded', 'unhealthy', 'recovering', 'draining', 'retired'];

/** What a process sees of the backends that it has a driver of. */
export function createBackendMetrics(registry: Registry): BackendMetrics {
  const registers = [registry];
  // Each process has its own view; of several the mean is shown, so 0.5 means that half of them agree.
  const shape = { labelNames: ['backend'], registers, aggregator: 'average' as const };
  const health = new Gauge({
    ...shape,
    name: 'sealgate_backend_state',
    help: '1 for the state a backend is in, 0 for the others.',
    labelNames: ['backend', 'state'],
  });
  const latency = new Gauge({
    ...shape,
    name: 'sealgate_backend_latency_seconds',
    help: 'Moving average of the time to the first byte.',
  });
  const available = new Gauge({
    ...shape,
    name: 'sealgate_backend_availability_ratio',
    help: 'Good share of the calls remembered since the last change of state.',
  });
  const throughput = new Gauge({
    ...shape,
    name: 'sealgate_backend_throughput_bytes_per_second',
    help: 'Moving average over single transfers of real traffic.',
  });
  const calls = new Counter({
    name: 'sealgate_backend_calls_total',
    help: 'Calls by operation and outcome (ok, detached, or the fault).',
    labelNames: ['backend', 'operation', 'outcome'],
    registers,
  });
  return {
    backend(backend, facts) {
      for (const state of STATES) health.set({ backend, state }, facts.state === state ? 1 : 0);
      if (facts.latencyMs !== undefined) latency.set({ backend }, facts.latencyMs / 1000);
      if (facts.availability !== undefined) available.set({ backend }, facts.availability);
      if (facts.bytesPerSecond !== undefined) throughput.set({ backend }, facts.bytesPerSecond);
    },
    backendCall: (backend, operation, outcome) => calls.inc({ backend, operation, outcome }),
    forgetBackend(backend) {
      for (const state of STATES) health.remove({ backend, state });
      for (const gauge of [latency, available, throughput]) gauge.remove({ backend });
    },
  };
}
