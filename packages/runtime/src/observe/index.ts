export { createBackendMetrics } from './backend-metrics.ts';
export { createLoopMetrics } from './loop-metrics.ts';
export { OBSERVER_PORT_SETTING, type Observer, openObserver } from './observer.ts';
