import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const setupFiles = ['tools/seed-properties.ts'];

/** What is bound to come about is waited for as long as a machine may take that does much else, and no longer than it takes. */
const PATIENT = { expect: { poll: { timeout: 120_000 } } };

/** Files mostly wait: for processes that start, leases that end, backends that come back. On two cores two go beside each other. */
const maxWorkers = Math.max(2, availableParallelism() - 1);

export default defineConfig({
  test: {
    maxWorkers,
    projects: [
      {
        test: {
          name: 'unit',
          setupFiles,
          ...PATIENT,
          // Fuzzing on a loaded machine takes its time; a hang is still found.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          include: [
            'packages/*/src/**/*.test.ts',
            'apps/*/src/**/*.test.ts',
            'tools/**/*.test.ts',
            'tests/support/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**', '**/*.db.test.ts'],
        },
      },
      {
        // Against a real PostgreSQL: one throwaway cluster a run, a database of its own for each suite.
        test: {
          name: 'database',
          setupFiles,
          globalSetup: ['packages/metadata/src/testing/global-setup.ts'],
          include: ['packages/*/src/**/*.db.test.ts', 'apps/*/src/**/*.db.test.ts'],
          ...PATIENT,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      { test: { name: 'simulation', setupFiles, include: ['tests/simulation/**/*.test.ts'], testTimeout: 300_000 } },
      {
        test: {
          name: 'acceptance',
          globalSetup: ['tests/support/tools.ts'],
          include: ['tests/acceptance/**/*.test.ts', 'tests/interop/**/*.test.ts'],
          ...PATIENT,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
