export { narrowRegionLock, parseRegionLock } from '../places/residency.ts';
export { bindPolicy } from './bind.ts';
export { builtinPolicy, type CompileOptions, compilePolicy, DEFAULT_POLICY } from './compile.ts';
export type { BucketFacts, Situation, WriteFacts } from './expressions/index.ts';
export { policyJsonSchema } from './json-schema.ts';
export { narrow, stricterEncryption } from './narrow.ts';
export { resolveClass } from './resolve-class.ts';
export { type Survivability, survivable } from './survivable.ts';
export type {
  CompiledPolicy,
  EnvelopeRules,
  Label,
  PlacementScope,
  RedundancyClass,
  RetentionRules,
  Spread,
  Verdict,
} from './types.ts';
export {
  type PlacementWishes,
  REPLICA_COUNT_TAG,
  RESIDENCY_TAG,
  regionLockOf,
  resolveWishedClass,
  wishesOf,
} from './wishes.ts';
export { readPolicyDocument } from './yaml.ts';
