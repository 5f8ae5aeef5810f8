/** What the embedded server says, in the shape of a pino logger. */
export interface EmbeddedLogger {
  debug(detail: object, message: string): void;
  info(detail: object, message: string): void;
  warn(detail: object, message: string): void;
  error(detail: object, message: string): void;
}

export interface EmbeddedPostgresOptions {
  /** The gateway's data directory. The server keeps everything that lasts under `<dataDir>/postgres/`. */
  readonly dataDir: string;
  readonly logger: EmbeddedLogger;
  /** Gives up the start: what was begun is ended, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** `auto` (default): a unix socket, or loopback TCP where none can be had. `loopback`: always TCP on 127.0.0.1. */
  readonly transport?: 'auto' | 'loopback';
  /** The port on 127.0.0.1 when the transport is TCP. A free one is chosen by default. */
  readonly port?: number;
  /** Server settings that win over ours, for throwaway clusters and for tuning (`shared_buffers`, for example). */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running private PostgreSQL. */
export interface EmbeddedPostgres {
  /** For `pg`: role and database are called `sealgate`; the role owns the database and is no superuser. Holds a password. */
  readonly databaseUrl: string;
  /** True when a server that an earlier, killed gateway left behind was taken over. */
  readonly adopted: boolean;
  /** Ends the server in order and frees the directory. May be called more than once; bounded in time. */
  stop(): Promise<void>;
}

/** {@link EmbeddedPostgres} with what only this folder needs. */
export interface EmbeddedCluster extends EmbeddedPostgres {
  /** Superuser, for the test cluster. */
  readonly adminUrl: string;
  /** The postmaster at this moment. */
  readonly pid: number;
}
