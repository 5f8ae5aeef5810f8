import { inject } from 'vitest';
import { createTestDatabase, type TestClusterAddress, type TestDatabase } from '../embedded/testing.ts';
import { type OpenMetadataOptions, openMetadata } from '../open.ts';

declare module 'vitest' {
  interface ProvidedContext {
    testCluster: TestClusterAddress;
  }
}

/** A migrated database of its own for the calling suite. */
export function suiteDatabase(): Promise<TestDatabase> {
  return createTestDatabase(inject('testCluster'));
}

const testSecrets = { passphrases: [{ version: 1, passphrase: 'only for tests' }] };

/** Metadata on `databaseUrl` that waits for nothing: deletions and repairs are due at once. */
export function openTestMetadata(databaseUrl: string, changes: Partial<OpenMetadataOptions> = {}) {
  return openMetadata({
    databaseUrl,
    secrets: testSecrets,
    deletionGraceMs: 0,
    pendingGraceMs: 0,
    superviseQueue: false,
    ...changes,
  });
}
