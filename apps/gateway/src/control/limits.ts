import type { AttemptLimits } from '../net/attempts.ts';

/** Every limit of the control listener. */

/** A JSON body; the largest is a policy document. */
export const BODY_BYTES_MAX = 1024 * 1024;
/** An envelope of many recipients is a header of 20 KiB. */
export const HEADER_BYTES_MAX = 32 * 1024;
export const HEADERS_TIMEOUT_MS = 30_000;
/** A parameter in a path. Bucket names have 63 characters, policy names as many. */
export const PARAM_CHARS_MAX = 256;
/** From the first byte of a request with a JSON body to its last: objects alone are large here, and have no such bound. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** A probe writes, reads and deletes on a far backend; anything else is answered from the database. */
export const PROBE_TIMEOUT_MS = 60_000;
export const KEEP_ALIVE_MS = 65_000;
export const CONNECTIONS_MAX = 1024;

export const PAGE_ITEMS_DEFAULT = 100;
export const PAGE_ITEMS_MAX = 1000;

/** Failed proofs of who calls; see `createAttempts`. */
export const controlAttemptLimits: AttemptLimits = {
  // People mistype a few times; a script that guesses is stopped.
  addressFailuresMax: 20,
  // Many addresses guess at one access key.
  subjectFailuresMax: 100,
  windowMs: 60_000,
  rememberedMax: 10_000,
};

/** Targets of one job; a blob has at most 32 copies. */
export const JOB_TARGETS_MAX = 16;
/** Lines of usage in one answer, each with up to five metrics, and the days that one question may span. */
export const USAGE_PARTS_MAX = 10_000;
export const USAGE_DAYS_MAX = 400;

/** Identity providers and keys that one role trusts; audiences of a provider, values of one claim. */
export const ROLE_TRUSTS_MAX = 32;
export const TRUST_VALUES_MAX = 64;

/** Of a key envelope: those of the format, in characters of base64 and JSON. */
export const ENVELOPE_CHARS_MAX = 16 * 1024;
export const ENVELOPE_RECIPIENTS_MAX = 16;
/** Versions that one page of envelopes looks at, nearly all of which may be as they should. */
export const ENVELOPES_LOOKED_AT = 2000;

/** Of an upload past the gateway; S3 keeps ten tags. */
export const DIRECT_TAGS_MAX = 10;
export const DIRECT_METADATA_MAX = 32;
/** A commit reads what landed, up to 5 GiB from far away, before it answers. */
export const COMMIT_PATIENCE_MS = 30 * 60_000;
/** The longest that a look at somebody's storage may take (SEALGATE_SNAPSHOT_SECONDS), and a minute to keep what it saw. */
export const SNAPSHOT_PATIENCE_MS = 11 * 60_000;
/** As many as MAX_SNAPSHOT_BUCKETS can say. */
export const SNAPSHOT_BUCKETS_NAMED_MAX = 1000;
/** Each item is looked up by itself. */
export const REGISTERED_PAGE_MAX = 100;
/** A keyring of 64 KiB, signed: base64url and its header. */
export const KEYRING_CHARS_MAX = 128 * 1024;
/** Keyrings of one answer: at most 12 MiB, and mostly some tens of KiB. */
export const KEYRINGS_PAGE_MAX = 100;
/** Clocks of those who ask for evidence may be ahead by so much: they are told what is now. */
export const EVIDENCE_CLOCK_SLACK_MS = 60_000;
