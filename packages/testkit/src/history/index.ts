export { checkRegister, type Expectation, type RegisterOperation, readsOfListing } from './register.ts';
export type { Interval, Verdict } from './search.ts';
export { checkVersions, type ModelVersion, type VersionOperation } from './versions.ts';
