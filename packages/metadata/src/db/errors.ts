import { Fault } from '@sealgate/core/faults';

/** What a failed statement means for the caller. */
export type DatabaseFailure = 'unavailable' | 'serialization' | 'timeout' | 'unique' | 'badText' | 'other';

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const byState: Readonly<Record<string, DatabaseFailure>> = {
  '40001': 'serialization',
  '40P01': 'serialization',
  '57014': 'timeout',
  '55P03': 'timeout',
  '25P03': 'timeout',
  '23505': 'unique',
  '22021': 'badText',
  '22P05': 'badText',
};

// Class 08 connection exception, 53 insufficient resources, 57P0x the server goes down or is not up yet, 58 system error;
// 28 and 3D the login or the database is refused, 55000 the database takes no connections.
const UNAVAILABLE = /^(08|28|3D|53|58|57P|55000)/;
const SOCKET = /^(ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT|EACCES)/;
// What pg says without a code when the server hangs up, when a connection cannot be had in time, or when a query ran out of it.
const LOST =
  /connection terminated|connection ended|connection error|not queryable|timeout exceeded when trying to connect|query read timeout|client was closed|cannot use a pool after/i;

/** Sorts whatever `pg` throws. */
export function classify(error: unknown): DatabaseFailure {
  if (!(error instanceof Error)) return 'other';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = byState[code];
  if (known !== undefined) return known;
  if (UNAVAILABLE.test(code) || SOCKET.test(code) || LOST.test(error.message)) return 'unavailable';
  if (error instanceof AggregateError && error.errors.some((inner) => classify(inner) === 'unavailable'))
    return 'unavailable';
  return 'other';
}

/**
 * Whether a statement that failed so left no trace for certain: its server said what was wrong with it, and so ended its
 * transaction.
 */
export function leftNoTrace(error: unknown): boolean {
  const cause = error instanceof Fault ? error.cause : error;
  const said = cause instanceof Error && 'code' in cause && SQLSTATE.test(String(cause.code));
  return said && classify(cause) !== 'unavailable';
}

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** Whatever `pg` throws, as a Fault with its cause for the log. */
export function databaseFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  switch (classify(error)) {
    case 'unavailable':
    case 'timeout':
      return new Fault('DatabaseUnavailable', 'The metadata database does not answer. Please try again.', {
        cause: error,
      });
    case 'serialization':
      return new Fault('SlowDown', 'Too many conflicting requests. Please try again.', { cause: error });
    case 'badText':
      return new Fault('InvalidArgument', 'The request holds a character that cannot be stored.', { cause: error });
    case 'unique':
    case 'other':
      return new Fault('InternalError', 'We encountered an internal error. Please try again.', { cause: error });
  }
}
