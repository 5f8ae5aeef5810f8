const MIB = 1024 * 1024;

/** A log object is written when it has this many bytes, however young it is. */
export const LOG_OBJECT_BYTES = 1 * MIB;
/** Records of all buckets that wait in this process. What comes beyond is lost, and counted: requests come first. */
export const LOG_WAITING_BYTES_MAX = 32 * MIB;
/** Tries to write one log object. */
export const LOG_ATTEMPTS_MAX = 3;
/** Before a try that follows a failure; doubles. */
export const LOG_RETRY_MS = 2_000;
/** One try to write a log object. */
export const LOG_WRITE_TIMEOUT_MS = 30_000;
/** Characters of a referrer, a user agent or a request line that are kept. */
export const LOG_FIELD_CHARACTERS_MAX = 2048;
/** Buckets with a log that are remembered, for requests that fail before their bucket is looked for. */
export const LOG_BUCKETS_REMEMBERED_MAX = 1000;
