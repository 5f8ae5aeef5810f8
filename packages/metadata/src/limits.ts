/** Every bound of this package, with the reason for its size. */

/** Connections of one process. PostgreSQL's group commit needs some writers side by side; more only queue inside it. */
export const POOL_CONNECTIONS_DEFAULT = 12;
/** Waiting for a free connection. Longer, and the client has given up before it is served. */
export const POOL_WAIT_MS = 5_000;
/** Any statement; the server ends it. Well below deletionGraceMs, so that no commit outlives its clean-up. */
export const STATEMENT_TIMEOUT_MS = 30_000;
/** Waiting for one lock (key, bucket, upload). */
export const LOCK_TIMEOUT_MS = 10_000;
/** A transaction of ours that does nothing. Only registry changes and migrations have several statements. */
export const IDLE_TRANSACTION_TIMEOUT_MS = 30_000;
/** The client gives a statement up when the server does not even answer that it timed out. */
export const QUERY_TIMEOUT_MS = 40_000;
export const PING_TIMEOUT_MS = 2_000;
/** An idle connection is closed. */
export const POOL_IDLE_MS = 60_000;

/** Serialization failures and deadlocks: runs in all. */
export const TRANSACTION_ATTEMPTS_MAX = 4;
/** Reads that a lost connection interrupted: runs in all. */
export const READ_ATTEMPTS_MAX = 2;

/** Between a version's replacement (or an attempt's end) and the removal of its bytes: readers under way finish. */
export const DELETION_GRACE_MS = 15 * 60_000;
/**
 * A copy that is still being written this long after its commit, plus a second per 4 MiB, is taken for lost. Three
 * quarters of it must be more than STATEMENT_TIMEOUT_MS: see functions/note-owing.sql.
 */
export const PENDING_GRACE_MS = 60_000;
/** An attempt older than this is never published. Less than the age from which a sweep removes unknown blobs. */
export const ATTEMPT_AGE_MAX_MS = 24 * 60 * 60_000;

/** Commits in one transaction: enough that its own price is spread, few enough that what it locks is free again soon. */
export const COMMITS_TOGETHER_MAX = 32;
/**
 * Transactions of such commits that a process has under way at a time, the further ones only when so many wait that sharing
 * has paid: a commit costs PostgreSQL 240 microseconds by itself, 110 among eight, 90 among sixteen. They are for a disk or a
 * network that is slow.
 */
export const COMMIT_LANES = 4;
export const COMMIT_FURTHER_LANE_FROM = 16;

/** A digest list up to this long (64 blocks) comes with the version; a longer one is read in slices. */
export const INLINE_DIGEST_BYTES_MAX = 64 * 32;
/** Terms (class names, verdicts, actors) that a process remembers. Actors grow with credentials. */
export const TERMS_CACHED_MAX = 10_000;
/** Unwrapped data keys of encrypted objects that a process keeps, 1 KiB each with the names of their objects. */
export const DATA_KEYS_CACHED_MAX = 4096;
/** Uploads that one transaction aborts. */
export const ABORT_BATCH = 100;
/** Blobs that one call looks at for copies that did not come in, and late ones that it turns into repair jobs. */
export const PROMOTE_BATCH = 10_000;

/**
 * Jobs of the repair queue that one statement looks at: the most urgent ones, and further ones behind those that nobody can
 * do now. About 20 microseconds each, so it takes a few dozen milliseconds at most; a call gives up after three of them.
 */
export const REPAIRS_HEAD = 256;
export const REPAIRS_SCANNED = 2000;
export const REPAIRS_SCANS_MAX = 3;

/** Waiting for another process that migrates. */
export const MIGRATION_LOCK_WAIT_MS = 120_000;

/** scrypt with 32 MiB and three passes: OWASP's equal of N = 2^17 with a quarter of its memory. */
export const SCRYPT_COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 } as const;

/**
 * Between the moment when a blob is complete without a copy that leaves and its removal. Readers under way go on with another
 * copy, so this only spares them the change.
 */
export const LEAVING_GRACE_MS = 5000;
/**
 * A place that was emptied is barred for so long: far longer than a deletion that was sent for it may be on its way, and
 * than a repair that began before takes from the end of its upload to its report.
 */
export const EMPTIED_PLACE_BARRED_MS = 60 * 60_000;

/**
 * A backend that had no room for a copy counts as such for so long: longer than the walk over all blobs that is to hear of it
 * takes. Then it may be tried again, since it may have room by now.
 */
export const NO_ROOM_MS = 30 * 60_000;

/** The repair queue: retries with doubling delays reach a day, then the job goes to the dead letters. */
export const REPAIR_RETRIES_MAX = 16;
export const REPAIR_RETRY_DELAY_S = 15;
export const REPAIR_RETRY_DELAY_MAX_S = 4 * 60 * 60;
export const REPAIR_EXPIRE_S = 60 * 60;
export const REPAIR_RETENTION_S = 14 * 24 * 60 * 60;
export const REPAIR_DONE_KEPT_S = 60 * 60;

/** Live temporary credentials of one tenant: more than any fleet of jobs has, and what one table scan may cost. */
export const SESSIONS_PER_TENANT_MAX = 10_000;
/** A session is known this long after its end, so that who still uses it hears that it expired. */
export const EXPIRED_SESSION_KEPT_MS = 24 * 60 * 60_000;

/** Entries that one statement reads: a second's work of the busiest gateway. */
export const AUDIT_PAGE = 2000;
/** Leaves that one search looks at; who wants to look further asks for the next page. */
export const AUDIT_SCAN_MAX = 50_000;
/** Entries about one bucket or key that are put together in memory, about 500 bytes each. */
export const AUDIT_SUBJECT_ENTRIES_MAX = 200_000;
/** Entries are in the order of their numbers and nearly in that of their times: no transaction lasts longer. */
export const AUDIT_CLOCK_SLACK_MS = 60_000;
/** How long a process may sign without a look at whether the key was rotated. */
export const AUDIT_KEYS_KEPT_MS = 30_000;

/**
 * From a change of envelopes to the manifest without the ones before: a rotation of many objects takes minutes, and each
 * manifest is the whole bucket's. Who rotates asks for one at the end.
 */
export const REWRAP_MANIFEST_DELAY_MS = 60_000;
