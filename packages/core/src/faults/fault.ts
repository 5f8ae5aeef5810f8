import { type FaultCode, type FaultSpec, faultTable } from './table.ts';

export interface FaultOptions {
  /** What came from outside (a backend's answer, a database error). For the log only, never for a tenant. */
  readonly cause?: unknown;
  /** The policy or protocol rule that failed, in a form that a person can look up. */
  readonly rule?: string;
  /** Extra members for the error body, already fit for a tenant. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

/**
 * The only error that crosses a package boundary. `message` is written for the caller: what happened and what to do.
 * It never holds a secret, nor a backend's own text, host or id.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly rule: string | undefined;
  readonly detail: Readonly<Record<string, string | number | boolean>>;

  constructor(code: FaultCode, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.rule = options.rule;
    this.detail = options.detail ?? {};
  }

  /** The table's row of this fault. */
  get spec(): FaultSpec {
    return faultTable[this.code];
  }
}

/**
 * Seconds to name in `Retry-After` (RFC 9110, 10.2.3): what the fault itself knows (`retryAfterSeconds` of its detail), or
 * what its row says; undefined where waiting is no advice.
 */
export function retryAfterSeconds({ detail, spec }: Pick<Fault, 'detail' | 'spec'>): number | undefined {
  const known = detail['retryAfterSeconds'];
  return typeof known === 'number' ? known : spec.waitSeconds;
}

/** True when `error` is a {@link Fault}, of one of `codes` when any are named. */
export function isFault(error: unknown, ...codes: readonly FaultCode[]): error is Fault {
  return error instanceof Fault && (codes.length === 0 || codes.includes(error.code));
}

/** Any thrown value as a {@link Fault}: a Fault as it is, everything else as InternalError with its cause kept for the log. */
export function toFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('InternalError', 'We encountered an internal error. Please try again.', { cause: error });
}
