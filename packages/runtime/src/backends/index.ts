export { type BackendLink, type LinkDeps, type LinkFacts, linkTo } from './drivers.ts';
export type { BackendView } from './pool.ts';
export { type BackendMetrics, type BackendRegistry, createBackendRegistry } from './registry.ts';
export { openSource, type SourceFacts } from './sources.ts';
