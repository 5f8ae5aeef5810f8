export { type ExplainedBackend, explain } from './eligible.ts';
export { place } from './place.ts';
export type { Placement, PlacementRequest, Refusal } from './types.ts';
