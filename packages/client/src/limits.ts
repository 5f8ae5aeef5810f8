/** Every bound of the client. */

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * A sealed body up to this size goes out in one PUT. Above it a failed connection would cost too much to repeat, and
 * parts in flight together are faster than one stream.
 */
export const SINGLE_PUT_BYTES_MAX = 16 * MIB;
/** Parts in flight at once: enough to fill a link with some latency. */
export const PART_CONCURRENCY_MAX = 4;
/** Sealed parts kept for repetition, all together. Above it fewer parts are in flight, but never fewer than one. */
export const PART_MEMORY_BYTES = 128 * MIB;

/** Above it a gateway keeps no digests of a part's blocks: see its own limits. */
export const SIGNED_PART_BYTES_MAX = 128 * MIB;

/** Attempts of one request, the first one included. */
export const ATTEMPTS_MAX = 5;
/** The wait before attempt n+1 is random between 0 and BACKOFF_FIRST_MS * 2^(n-1), capped. */
export const BACKOFF_FIRST_MS = 200;
export const BACKOFF_MAX_MS = 10_000;
/** A `Retry-After` above this is not waited for: the caller learns of the failure instead. */
export const RETRY_AFTER_MAX_MS = 60_000;

/** How long an attempt may take until its answer begins: a base, and time for the body at a slow but usable pace. */
export const RESPONSE_TIMEOUT_MS = 60_000;
export const SLOWEST_UPLOAD_BYTES_PER_MS = 64;
/** How long the clean-up after a failed upload may take. */
export const ABORT_TIMEOUT_MS = 10_000;
/** A download that brings no byte for so long is cut and resumed. */
export const READ_IDLE_TIMEOUT_MS = 60_000;
/** Interruptions of one download that are bridged by a range request without a single byte of progress in between. */
export const READ_RESUMES_MAX = 4;

/** An error document or a small answer. Pages of 1000 keys of 1 KiB, URL-encoded threefold, stay below it. */
export const ANSWER_BYTES_MAX = 8 * MIB;
/** Keys of one page of a listing and of one DeleteObjects request (S3's own limits). */
export const PAGE_KEYS_MAX = 1000;

/** Pages of envelopes under way at once while keys are rotated: one is made while others are committed. */
export const REWRAP_CONCURRENCY = 4;
/** Of one request that changes envelopes; a gateway takes a MiB of JSON. */
export const REWRAP_BATCH_CHARS_MAX = 512 * KIB;
/** Problems that are told one by one; all are counted. */
export const REWRAP_PROBLEMS_MAX = 20;
