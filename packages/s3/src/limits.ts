/** Every limit of the wire format. Those that the product shares with other packages are in `@sealgate/core/limits`. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** AWS: the clocks of client and server may differ by a quarter of an hour. */
export const CLOCK_SKEW_MS_MAX = 15 * 60 * 1000;
/** AWS: a presigned URL lives at most seven days, because a signing key does. */
export const PRESIGN_SECONDS_MAX = 7 * 24 * 60 * 60;
/** Signed headers of one request; more are a client's mistake, and each one costs work before anything is verified. */
export const SIGNED_HEADERS_MAX = 128;
/** Query parameters of one request, for the same reason. */
export const QUERY_PARAMETERS_MAX = 128;
/** Signing keys a process keeps: one per credential, day and region; a miss costs four HMACs. */
export const SIGNING_KEYS_MAX = 4096;

/** One aws-chunked chunk. SDKs send 64 KiB to 1 MiB; AWS names no upper bound. */
export const CHUNK_BYTES_MAX = 64 * MIB;
/** AWS: every signed chunk but the last has at least 8 KiB, so that signatures do not outweigh the bytes. */
export const SIGNED_CHUNK_BYTES_MIN = 8 * KIB;
/**
 * A signed chunk up to this size is held back until its signature is verified. A larger one is passed on while it comes
 * (the stream fails at its end when the signature is wrong), because holding it would make memory depend on the client:
 * 64 uploads of 16 MiB chunks would hold a gigabyte.
 */
export const CHUNK_HOLD_BYTES_MAX = 256 * KIB;
/** `<hex size>;chunk-signature=<64 hex>` and room for an extension that we do not know. */
export const CHUNK_HEADER_BYTES_MAX = 1 * KIB;
/** All trailer lines of one body. */
export const TRAILER_BYTES_MAX = 8 * KIB;

/** Depth and elements of an XML body; CompleteMultipartUpload of 10 000 parts has the most: 10 elements each. */
export const XML_DEPTH_MAX = 16;
export const XML_ELEMENTS_MAX = 150_000;
/** Attributes of one element. S3 documents have one or two (a namespace, a type); thousands only cost time. */
export const XML_ATTRIBUTES_MAX = 16;

/** AWS: tags of an object or a part of `x-amz-tagging`; of a bucket. */
export const OBJECT_TAGS_MAX = 10;
export const BUCKET_TAGS_MAX = 50;
export const TAG_KEY_CHARACTERS_MAX = 128;
export const TAG_VALUE_CHARACTERS_MAX = 256;

/** AWS: the default retention of a bucket. */
export const DEFAULT_RETENTION_DAYS_MAX = 36_500;
export const DEFAULT_RETENTION_YEARS_MAX = 100;

/** AWS: `max-keys` and its relatives are signed 32-bit numbers; a page has at most 1000 whatever they say. */
export const PAGE_ARGUMENT_MAX = 2_147_483_647;

/** AWS: a cross-origin configuration, its rules, and the length of a rule's name. A browser keeps a preflight a day at most. */
export const CORS_BYTES_MAX = 64 * KIB;
export const CORS_RULES_MAX = 100;
export const CORS_ID_CHARACTERS_MAX = 255;
export const CORS_MAX_AGE_SECONDS_MAX = 2_147_483_647;

/** Conditions of a POST policy. The document is in the form, of which AWS takes 20 KiB in front of the file. */
export const POST_POLICY_CONDITIONS_MAX = 256;
export const POST_FIELDS_BYTES_MAX = 20 * KIB;
