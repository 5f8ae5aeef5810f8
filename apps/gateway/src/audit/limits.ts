/** Records of one row: about 250 KB of text, which compresses to a tenth. */
export const REQUESTS_BATCH = 1000;
/** Records that wait for the database, about 300 bytes each. What comes beyond is counted as a gap. */
export const REQUESTS_WAITING_MAX = 50_000;
/** Before the next try of a database that took nothing. */
export const REQUESTS_RETRY_MS = 1000;
