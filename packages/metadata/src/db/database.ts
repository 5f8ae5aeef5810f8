import { Fault } from '@sealgate/core/faults';
import pg from 'pg';
import { PING_TIMEOUT_MS, POOL_CONNECTIONS_DEFAULT, READ_ATTEMPTS_MAX, TRANSACTION_ATTEMPTS_MAX } from '../limits.ts';
import type { MetadataLogger } from '../logger.ts';
import { connectionConfig } from './connection.ts';
import { classify, databaseFault } from './errors.ts';
import type { Statement } from './statements.ts';

/** A value that `pg` can send: objects go as JSON, Buffers as bytea. */
export type SqlValue = string | number | bigint | boolean | null | Uint8Array | object;

/** The pool with our statements. Everything it throws is a Fault, but for unique violations of `write`. */
export interface Database {
  /** Runs a statement that changes nothing; a lost connection is tried again. */
  read<Row>(statement: string, values: readonly SqlValue[]): Promise<Row[]>;
  /**
   * Runs a statement that changes something. Serialization failures are tried again, a lost connection never is: the
   * commit may have happened. A unique violation is thrown as it came, for the caller to name.
   */
  write<Row>(statement: string, values: readonly SqlValue[]): Promise<Row[]>;
  /** Raw access for the job queue, which brings its own SQL. */
  execute(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }>;
  connections(): { readonly open: number; readonly idle: number; readonly waiting: number };
  ping(): Promise<void>;
  close(): Promise<void>;
}

export function createDatabase(
  databaseUrl: string,
  deps: {
    readonly statements: ReadonlyMap<string, Statement>;
    readonly logger: MetadataLogger;
    readonly poolMax?: number;
    readonly applicationName?: string;
    /** Told of a statement, by its name, before it is sent. */
    readonly onStatement?: ((name: string) => void) | undefined;
  },
): Database {
  const pool = new pg.Pool({
    ...connectionConfig(databaseUrl, deps.applicationName ?? 'sealgate'),
    max: deps.poolMax ?? POOL_CONNECTIONS_DEFAULT,
  });
  // An idle connection that dies is replaced by the pool on the next call; without a listener it would end the process.
  let closing = false;
  pool.on('error', (error) => {
    // The pool counts a connection as closed once it said so to the server, which may end it first.
    if (!closing) deps.logger.warn({ err: error }, 'an idle database connection was lost');
  });

  const { onStatement = () => undefined } = deps;

  async function run<Row>(statement: string, values: readonly SqlValue[]): Promise<Row[]> {
    const known = deps.statements.get(statement);
    if (known === undefined) throw new Fault('InternalError', `No statement named ${statement}.`);
    onStatement(known.name);
    const result = await pool.query<Row & pg.QueryResultRow>({
      name: known.name,
      text: known.text,
      values: values.map(forPg),
    });
    return result.rows;
  }

  return {
    read: (statement, values) => attempt(() => run(statement, values), { unavailable: READ_ATTEMPTS_MAX }),
    write: (statement, values) => attempt(() => run(statement, values), { unavailable: 1 }),
    execute: async (text, values) => {
      onStatement('queue');
      const result = await pool.query<pg.QueryResultRow>(text, [...values]);
      // A text of several statements has several results; callers want the last one's rows.
      return Array.isArray(result) ? { rows: [] } : { rows: result.rows };
    },
    connections: () => ({ open: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    ping: () => {
      onStatement('ping');
      return ping(pool);
    },
    close() {
      closing = true;
      return pool.end();
    },
  };
}

async function attempt<T>(run: () => Promise<T>, bounds: { readonly unavailable: number }): Promise<T> {
  for (let done = 1; ; done += 1) {
    try {
      return await run();
    } catch (error) {
      const failure = classify(error);
      if (failure === 'unique') throw error;
      const max =
        failure === 'serialization' ? TRANSACTION_ATTEMPTS_MAX : failure === 'unavailable' ? bounds.unavailable : 1;
      if (done >= max) throw databaseFault(error);
    }
  }
}

async function ping(pool: pg.Pool): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('connection error: no answer to a ping')), PING_TIMEOUT_MS);
  });
  try {
    await Promise.race([pool.query('SELECT 1'), tooLate]);
  } catch (error) {
    throw databaseFault(error);
  } finally {
    clearTimeout(timer);
  }
}

function forPg(value: SqlValue): SqlValue {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array && !Buffer.isBuffer(value)) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  return value;
}
