export {
  type BackendDriverFactory,
  type BackendDriverTraits,
  type DriverUnderTest,
  describeBackendDriver,
} from './backend-driver.ts';
