/** From the address lookup to the receiver's status. Well below a delivery's lease. */
export const WEBHOOK_TIMEOUT_MS = 10_000;
/** While a client waits for PutBucketNotificationConfiguration. */
export const WEBHOOK_TEST_TIMEOUT_MS = 5_000;
/** Of an answer that nobody reads; a longer one costs the connection. */
export const WEBHOOK_ANSWER_BYTES_MAX = 16 * 1024;
/** To one receiver. */
export const WEBHOOK_CONNECTIONS_MAX = 8;
export const WEBHOOK_URL_CHARACTERS_MAX = 2048;
/** Headers of one webhook, and the characters of one's value. */
export const WEBHOOK_HEADERS_MAX = 16;
export const WEBHOOK_HEADER_CHARACTERS_MAX = 4096;
/** Changes that one transaction turns into messages. */
export const ROUTE_BATCH = 200;
