export { type ExplainedBackend, explain } from './eligible.ts';
export { place } from './place.ts';
export { type ReconcileRequest, type Reconciliation, reconcile } from './reconcile.ts';
export { sourcesFor } from './sources.ts';
export type { Placement, PlacementRequest, Refusal } from './types.ts';
