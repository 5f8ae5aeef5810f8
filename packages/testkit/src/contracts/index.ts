export {
  type BackendDriverFactory,
  type BackendDriverTraits,
  type DriverUnderTest,
  describeBackendDriver,
} from './backend-driver.ts';

export { describeMetadata, type MetadataFactory, type MetadataUnderTest } from './metadata.ts';
