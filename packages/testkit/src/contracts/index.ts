export {
  type BackendDriverFactory,
  type BackendDriverTraits,
  type DriverUnderTest,
  describeBackendDriver,
} from './backend-driver.ts';
export { type CacheStoreUnderTest, describeCacheStore } from './cache-store.ts';
export { createWorld as createMetadataWorld, type World as MetadataWorld } from './metadata/context.ts';
export { describeSweeps, type SweepsUnderTest } from './metadata/sweeps.ts';
export { describeMetadata, type MetadataFactory, type MetadataUnderTest } from './metadata.ts';
