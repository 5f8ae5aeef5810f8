/** Every bound of STS. What AWS documents of its requests is in `@sealgate/s3`. */

/** A form. The longest one has a token of 20 000 characters and a policy of 2048, percent-encoded. */
export const STS_BODY_BYTES_MAX = 128 * 1024;

/** Answers of an identity provider. Real discovery documents and key sets have a few KiB. */
export const PROVIDER_DOCUMENT_BYTES_MAX = 256 * 1024;
/** One answer, from the look-up of its host to its last byte. A client waits for two of them. */
export const PROVIDER_TIMEOUT_MS = 5_000;
/** Providers whose keys are kept. */
export const PROVIDERS_CACHED_MAX = 1_000;
/** Keys of one set that are kept; providers publish a handful. */
export const PROVIDER_KEYS_MAX = 64;
/** Keys that are tried on a token which names none. */
export const KEYS_TRIED_MAX = 4;

/** Keys are asked for anew after this time: how long a key that its provider withdrew may still count. */
export const KEYS_FRESH_MS = 10 * 60_000;
/** While the provider does not answer, the keys last known count this long. */
export const KEYS_STALE_MS = 60 * 60_000;
/** A token that names an unknown key makes the set be asked for anew, but not more often than this. */
export const KEYS_RELOAD_MS = 30_000;
/** After a failure the provider is left alone this long, so that its outage does not hold up every request. */
export const PROVIDER_REST_MS = 10_000;

/** Clocks of providers may differ from ours by this much. */
export const TOKEN_LEEWAY_S = 60;

/** Characters of what is noted of a session's origin. */
export const DESCRIPTION_MAX = 256;
