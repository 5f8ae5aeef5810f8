import { Fault, isFault } from '@sealgate/core/faults';
import { migrate } from '@sealgate/metadata';
import type { Logger } from '@sealgate/runtime/log';
import type { Config } from '../config.ts';

/** The database at this release's schema. @throws Fault StartFailed in words that help */
export async function prepareDatabase({
  config,
  databaseUrl,
  logger,
}: {
  readonly config: Pick<Config, 'embedded'>;
  readonly databaseUrl: string;
  readonly logger: Logger;
}): Promise<void> {
  try {
    const { applied, undurable } = await migrate({ databaseUrl });
    if (applied.length > 0) logger.info({ applied }, 'database schema brought up to date');
    if (undurable.length > 0)
      logger.warn(
        { settings: undurable },
        'the database may lose commits that it answered: acknowledged writes are not safe',
      );
  } catch (error) {
    if (config.embedded || !isFault(error, 'DatabaseUnavailable')) throw error;
    const why = reasonOf(error.cause);
    const message = `The database that DATABASE_URL names cannot be used: ${why}. Start it, or correct the setting.`;
    throw new Fault('StartFailed', message, { cause: error });
  }
}

/** The words of the server or the system, which the operator alone reads: no password is in them. */
function reasonOf(error: unknown): string {
  // Several addresses of one host were tried.
  const [first] = error instanceof AggregateError ? (error.errors as readonly unknown[]) : [error];
  return first instanceof Error && first.message !== '' ? first.message : 'it does not answer';
}
