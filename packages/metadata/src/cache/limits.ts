/** Every bound of the caches, with the reason for its size. */

/**
 * An entry of the shared cache. Nothing rests on it but this: what a repair moved elsewhere is read where it was for so
 * long at most, and the bytes there stay for the deletion grace, which is longer.
 */
export const ENTRY_LIFE_MS = 60_000;
/** From a token to its value: a read of the database. Short, so that a reader that died keeps nobody from filling. */
export const TOKEN_LIFE_MS = 5_000;
/** A mark whose changer died. Longer than any change lasts; the place is read from the database meanwhile. */
export const MARK_LIFE_MS = 10 * 60_000;
/** A space that nobody keeps any more is forgotten by Redis. It is kept every KEEP_EVERY_MS. */
export const SPACE_LIFE_MS = 60 * 60_000;
export const KEEP_EVERY_MS = 5 * 60_000;
/** A value that is longer is not worth its way: a version with a long list of headers or of digests. */
export const ENTRY_BYTES_MAX = 64 * 1024;
/** Answers of Redis that a process remembers in clear, to open the same one only once. */
export const OPENED_MAX = 20_000;

/** A reader does not wait longer for Redis: the database answers in this time. */
export const LOOKUP_WAIT_MS = 250;
/** For so long after one waited in vain, readers do not ask Redis. */
export const LOOKUP_PAUSE_MS = 1_000;
/** Redis that lets a command wait so long is taken for gone; the connection with it. */
export const STALL_MS = 1_000;
/** Commands under way on one connection. Readers beyond it ask the database; more would only wait in a queue. */
export const COMMANDS_MAX = 2_000;
export const CONNECT_TIMEOUT_MS = 2_000;
/** Between attempts to connect; doubling, and from the start again after a connection that lived for a while. */
export const RECONNECT_MS = 100;
export const RECONNECT_MAX_MS = 5_000;
export const RECONNECT_FINE_AFTER_MS = 10_000;

/** Renewals of a process's membership in one lease: a few may fail before it is over. */
export const RENEWALS_PER_LEASE = 5;
export const RENEWAL_MAX_MS = 1_000;
/** Clocks of two machines do not run equally fast. Of a lease. */
export const LEASE_MARGIN = 0.05;
/** While a change waits for the other processes, it looks this often. */
export const AGREEMENT_POLL_MS = 50;
/** A change that waited so long, beyond the lease, for the agreement is refused: something is broken. */
export const AGREEMENT_WAIT_MS = 10_000;
/**
 * From the moment a process began a change to the last at which the database may still do it: waiting for a connection, the
 * statement's time, and a few runs of it after serialization failures.
 */
export const CHANGE_LANDS_WITHIN_MS = 150_000;
/** A change without an answer may still land for so long: the statement's time on the server, and some. */
export const UNKNOWN_CHANGE_MS = 45_000;
/** Blobs of which a process remembers the key, 200 bytes each: of a copy that comes late or bad the version is told. */
export const BLOBS_NOTED_MAX = 50_000;
