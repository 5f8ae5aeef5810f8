import type { BackendMetrics } from '@sealgate/runtime/backends';
import type { BackgroundLoop, LoopMetrics } from '@sealgate/runtime/background';
import { createBackendMetrics, createLoopMetrics } from '@sealgate/runtime/observe';
import { collectDefaultMetrics, Registry } from 'prom-client';

export interface AgentMetrics extends BackendMetrics, LoopMetrics {
  readonly registry: Registry;
}

/** What an agent over the control listener knows of its own: its backends, its loops, its process. */
export function createAgentMetrics(): AgentMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return { registry, ...createBackendMetrics(registry), ...createLoopMetrics(registry) };
}

/** Why the agent does not do its work now: each of its loops whose newest round failed. Undefined when none is. */
export function troubleOf(loops: readonly Pick<BackgroundLoop, 'status'>[]): string | undefined {
  const failing = loops.map((loop) => loop.status()).filter(({ failures }) => failures > 0);
  if (failing.length === 0) return undefined;
  return failing.map(({ name, lastError }) => `${name}: ${lastError?.code ?? 'failed'}`).join(', ');
}
