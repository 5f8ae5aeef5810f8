export { narrowRegionLock, parseRegionLock } from '../places/residency.ts';
export { builtinPolicy, type CompileOptions, compilePolicy } from './compile.ts';
export { policyJsonSchema } from './json-schema.ts';
export { narrow } from './narrow.ts';
export { resolveClass } from './resolve-class.ts';
export { type Survivability, survivable } from './survivable.ts';
export type { CompiledPolicy, Label, PlacementScope, RedundancyClass, Spread, Verdict } from './types.ts';
export {
  type PlacementWishes,
  REPLICA_COUNT_TAG,
  RESIDENCY_TAG,
  resolveWishedClass,
  wishesOf,
} from './wishes.ts';
