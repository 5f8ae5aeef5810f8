import { describeMetadata } from '@sealgate/testkit/contracts';
import { openTestMetadata, suiteDatabase } from './testing/database.ts';

describeMetadata('PostgreSQL', async () => {
  const database = await suiteDatabase();
  const metadata = await openTestMetadata(database.databaseUrl);
  return {
    metadata,
    now: () => Date.now(),
    close: async () => {
      await metadata.close();
      await database.drop();
    },
  };
});
