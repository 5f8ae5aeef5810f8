import { testClusterSetup } from '../embedded/testing.ts';
import { migrate } from '../migrate/migrate.ts';

/** Vitest's global setup of the database suites: a cluster whose template is migrated. */
export default testClusterSetup({
  migrate: async (databaseUrl) => {
    await migrate({ databaseUrl });
  },
});
