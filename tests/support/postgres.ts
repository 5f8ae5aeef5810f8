// A PostgreSQL server of its own, for tests of gateways that do not bring theirs.
export { createTestDatabase, startTestCluster, type TestCluster } from '@sealgate/metadata/testing';
