export type { Placement, PlacementRequest, Refusal } from './types.ts';
