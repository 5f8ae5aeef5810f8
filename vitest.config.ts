import { defineConfig } from 'vitest/config';

const setupFiles = ['tools/seed-properties.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          setupFiles,
          // Fuzzing on a loaded machine takes its time; a hang is still found.
          testTimeout: 60_000,
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
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: 'simulation', setupFiles, include: ['tests/simulation/**/*.test.ts'], testTimeout: 120_000 } },
      {
        test: {
          name: 'acceptance',
          globalSetup: ['tests/support/tools.ts'],
          include: ['tests/acceptance/**/*.test.ts', 'tests/interop/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
