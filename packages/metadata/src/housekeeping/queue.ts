import { Fault } from '@sealgate/core/faults';
import { PgBoss } from 'pg-boss';
import type { Database } from '../db/database.ts';
import { databaseFault } from '../db/errors.ts';
import {
  REPAIR_DONE_KEPT_S,
  REPAIR_EXPIRE_S,
  REPAIR_RETENTION_S,
  REPAIR_RETRIES_MAX,
  REPAIR_RETRY_DELAY_MAX_S,
  REPAIR_RETRY_DELAY_S,
} from '../limits.ts';
import type { MetadataLogger } from '../logger.ts';

const REPAIR_QUEUE = 'repair';
const REPAIR_DEAD_LETTERS = 'repair-dead';
const QUEUE_SCHEMA = 'pgboss';

/** The queue's own schema and our queues in it. Idempotent; pg-boss takes its own advisory lock. */
export async function migrateQueue(execute: Database['execute']): Promise<void> {
  const boss = new PgBoss({
    db: { executeSql: adapter(execute) },
    schema: QUEUE_SCHEMA,
    supervise: false,
    schedule: false,
  });
  boss.on('error', () => {});
  await boss.start();
  try {
    await boss.createQueue(REPAIR_DEAD_LETTERS, { policy: 'standard', retentionSeconds: REPAIR_RETENTION_S });
    // 'exclusive': one job a blob, waiting or under way. The functions that insert jobs copy these settings.
    await boss.createQueue(REPAIR_QUEUE, {
      policy: 'exclusive',
      retryLimit: REPAIR_RETRIES_MAX,
      retryDelay: REPAIR_RETRY_DELAY_S,
      retryBackoff: true,
      retryDelayMax: REPAIR_RETRY_DELAY_MAX_S,
      expireInSeconds: REPAIR_EXPIRE_S,
      retentionSeconds: REPAIR_RETENTION_S,
      deleteAfterSeconds: REPAIR_DONE_KEPT_S,
      deadLetter: REPAIR_DEAD_LETTERS,
    });
  } finally {
    await boss.stop({ graceful: false, close: false });
  }
}

/** The queue's upkeep. Jobs are taken and ended by stored functions, in the transaction of what they change. */
export interface RepairQueue {
  close(): Promise<void>;
}

/** `supervise`: expire and clean up jobs from this process too (pg-boss lets one of many do it at a time). */
export async function openQueue(
  execute: Database['execute'],
  options: { readonly logger: MetadataLogger; readonly supervise: boolean },
): Promise<RepairQueue> {
  const boss = new PgBoss({
    db: { executeSql: adapter(execute) },
    schema: QUEUE_SCHEMA,
    // The schema is there; this only lets the process that does the upkeep also finish what a migration left to later.
    migrate: options.supervise,
    schedule: false,
    supervise: options.supervise,
  });
  boss.on('error', (error) =>
    options.logger.warn({ err: error }, 'the job queue could not do its upkeep; it will try again'),
  );
  const close = (): Promise<void> => guarded(() => boss.stop({ graceful: false, close: false }));
  try {
    await guarded(() => boss.start());
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  return { close };
}

function adapter(execute: Database['execute']) {
  return async (text: string, values: readonly unknown[] = []) => {
    const { rows } = await execute(text, values);
    return { rows: rows as Record<string, never>[] };
  };
}

async function guarded<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof Fault ? error : databaseFault(error);
  }
}
