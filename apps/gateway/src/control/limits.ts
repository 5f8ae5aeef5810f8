/** Every limit of the control listener. */

/** A JSON body; the largest is a policy document. */
export const BODY_BYTES_MAX = 1024 * 1024;
export const HEADER_BYTES_MAX = 16 * 1024;
/** A parameter in a path. Bucket names have 63 characters, policy names as many. */
export const PARAM_CHARS_MAX = 256;
/** From the first byte of a request to its last: nothing large is sent here. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** A probe writes, reads and deletes on a far backend; anything else is answered from the database. */
export const PROBE_TIMEOUT_MS = 60_000;
export const KEEP_ALIVE_MS = 65_000;
export const CONNECTIONS_MAX = 1024;

export const PAGE_ITEMS_DEFAULT = 100;
export const PAGE_ITEMS_MAX = 1000;

/** Wrong keys that one address may try within the window before it has to wait for the window's end. */
export const AUTH_FAILURES_MAX = 20;
export const AUTH_WINDOW_MS = 60_000;
/** Addresses remembered; an attacker with more of them only makes us forget his own. */
export const AUTH_ADDRESSES_MAX = 10_000;

/** Identity providers and keys that one role trusts; audiences of a provider, values of one claim. */
export const ROLE_TRUSTS_MAX = 32;
export const TRUST_VALUES_MAX = 64;
