/** Every bound of a recovery. Bytes, counts and milliseconds; the reason beside each. */

/** A document is about 4 MiB; a single version with a long digest list makes a longer one. */
export const DOCUMENT_BYTES_MAX = 256 * 1024 * 1024;
/** Names listed at a time. */
export const LIST_PAGE = 1000;
/** Versions restored at once: enough to hide the latency of far backends, few enough for their connections. */
export const VERSIONS_AT_ONCE = 8;
/** Versions read from the work file at a time. */
export const WORK_PAGE = 500;
/** One call that lists or fetches a document. Bodies of objects have the engine's own limits. */
export const CALL_TIMEOUT_MS = 120_000;
/** Bytes of one name in a path: file systems take 255, and drafts and versions add to it. */
export const NAME_BYTES_MAX = 200;
/** A key as JWK, or a file of the key store; RSA-8192 takes 6 KB. */
export const KEY_FILE_BYTES_MAX = 64 * 1024;
