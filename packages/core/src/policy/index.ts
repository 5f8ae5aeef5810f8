export type { CompiledPolicy, Label, PlacementScope, RedundancyClass, Spread, Verdict } from './types.ts';
