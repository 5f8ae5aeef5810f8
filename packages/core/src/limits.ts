/** Every limit that more than one package keeps. A number here says why it is what it is. */

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** S3: a key has at most 1024 bytes of UTF-8. */
export const KEY_BYTES_MAX = 1024;
/** S3: one PUT, one part, one copy source of CopyObject. */
export const PUT_BYTES_MAX = 5 * GIB;
/** S3: the parts of one object (48.8 TiB since 2025 at AWS; the classic 5 TiB here). */
export const OBJECT_BYTES_MAX = 5 * 1024 * GIB;
/** S3: every part but the last has at least 5 MiB. */
export const PART_BYTES_MIN = 5 * MIB;
export const PARTS_MAX = 10_000;
/** S3: user metadata, names and values together. */
export const USER_METADATA_BYTES_MAX = 2 * KIB;
/** S3: ListObjects and its relatives, keys a page. */
export const LIST_KEYS_MAX = 1000;
/** S3: DeleteObjects, keys a request. */
export const DELETE_KEYS_MAX = 1000;
/** Most buckets a tenant may have; AWS gives 10 000 by default. */
export const BUCKETS_PER_TENANT_MAX = 10_000;
/** An XML request body: 10 000 parts of CompleteMultipartUpload with all checksums stay below it. */
export const XML_BODY_BYTES_MAX = 4 * MIB;

/** Smallest and largest block of a blob's digest list. See blockBytesFor. */
export const BLOCK_BYTES_MIN = 64 * KIB;
export const BLOCK_BYTES_MAX = 1 * MIB;
/** Blocks a digest list should stay below: a list has at most 512 KiB up to 16 GiB, and blocks are small up to 1 GiB. */
const BLOCKS_WANTED_MAX = 16_384;

/**
 * The block size of a blob's digest list: a power of two, so that small ranges of most blobs read little more than
 * they need while the list of a huge blob stays small.
 *
 * @param least a power of two; smaller than the default only where a test wants many blocks in few bytes
 */
export function blockBytesFor(blobBytes: number, least: number = BLOCK_BYTES_MIN): number {
  let block = least;
  while (block < BLOCK_BYTES_MAX && blobBytes / block > BLOCKS_WANTED_MAX) block *= 2;
  return block;
}

/**
 * Least that background work may be held to on a backend, bytes a second: a block of a digest list comes through within
 * the time after which its reader takes the backend for stalled.
 */
export const BACKGROUND_BYTES_PER_SECOND_MIN = 256 * KIB;
/** Most that such a figure may say: 1 TiB a second, far above any link, far below what a number counts exactly. */
export const BACKGROUND_BYTES_PER_SECOND_MAX = 1024 * GIB;
/** As many as one process ever repairs at once. */
export const BACKGROUND_CONCURRENCY_MAX = 1000;

/** Backends of one registry, replicas or shards of one blob. */
export const BACKENDS_MAX = 1000;
export const REPLICAS_MAX = 32;
/** A policy document. */
export const POLICY_BYTES_MAX = 256 * KIB;
/** Values nested in a policy document, and its nodes: far above any real policy, far below what hurts a parser. */
export const POLICY_DEPTH_MAX = 16;
export const POLICY_NODES_MAX = 20_000;
/** Problems that one refusal of a policy document lists. */
export const POLICY_PROBLEMS_MAX = 5;
/** Classes of one policy; entries of any one list in it. */
export const POLICY_CLASSES_MAX = 64;
export const POLICY_LIST_MAX = 1000;
/** Expressions of one policy; characters and nodes of one: its cost is at most its nodes times the longest fact. */
export const POLICY_RULES_MAX = 64;
export const EXPRESSION_TEXT_MAX = 1024;
export const EXPRESSION_NODES_MAX = 200;
/** Brackets, and so calls, inside each other: the parser and the checker are recursive. */
export const EXPRESSION_DEPTH_MAX = 32;
/** Keys that every envelope may be asked to name: half the recipients that it has room for. */
export const POLICY_RECIPIENTS_MAX = 8;
/** Longest retention that a policy may speak of: S3's own bound of a default retention, 100 years. */
export const RETENTION_DAYS_MAX = 36_500;
/** Jurisdictions and countries of one residency list: more than there are countries makes no sense. */
export const REGION_LOCK_ENTRIES_MAX = 256;
/** One ack rule: characters, nested parentheses, comparisons, and the ways to hold it that are left after compiling. */
export const ACK_TEXT_MAX = 512;
export const ACK_DEPTH_MAX = 16;
export const ACK_COMPARISONS_MAX = 32;
export const ACK_ALTERNATIVES_MAX = 32;
/**
 * Steps of one placement search: microseconds each among tens of backends, which need far fewer. Then it settles for
 * covering labels greedily, from so many starting points.
 */
export const PLACEMENT_STEPS_MAX = 5000;
export const PLACEMENT_STARTS_MAX = 16;
/** The provider catalogue: ten times what it holds today. */
export const CATALOGUE_BYTES_MAX = 2 * MIB;
export const CATALOGUE_ROWS_MAX = 5000;
export const CATALOGUE_ROW_CHARS_MAX = 16 * KIB;

/** AWS: event notification configurations of one bucket. */
export const NOTIFICATION_RULES_MAX = 100;
/** Tries of one message, and the waits between them: with these it is given up after about a day. */
export const NOTIFICATION_ATTEMPTS_MAX = 24;
export const NOTIFICATION_RETRY_DELAY_MS = 2_000;
export const NOTIFICATION_RETRY_DELAY_MS_MAX = 2 * 60 * 60 * 1000;
/** Webhooks of one tenant. Each one may be waited for, so they are bounded. */
export const WEBHOOKS_PER_TENANT_MAX = 100;

/** Each key makes every recovery manifest longer; a sealed document has at most 16 recipients. */
export const RECOVERY_KEYS_PER_TENANT_MAX = 16;
/** Versions read in one call, with their digests: a few MiB at the most. */
export const VERSIONS_AT_ONCE_MAX = 500;

/** Envelopes of 16 KiB that one call changes: what it reads, writes and holds the keys' locks for. */
export const ENVELOPES_AT_ONCE_MAX = 200;

/** S3: a bucket policy has at most 20 KiB; the policies of credentials and sessions keep the same bound. */
export const ACCESS_POLICY_BYTES_MAX = 20 * KIB;
/** Nesting of an access policy: the deepest one that means something has seven levels. */
export const ACCESS_POLICY_DEPTH_MAX = 10;
/** Statements of one access policy; the smallest useful one has 80 bytes, so the size allows no more. */
export const ACCESS_POLICY_STATEMENTS_MAX = 256;
/** S3: grants of one access control list. */
export const ACL_GRANTS_MAX = 100;

/** S3: rules of one lifecycle configuration, characters of a rule's id, noncurrent versions that a rule may keep. */
export const LIFECYCLE_RULES_MAX = 1000;
export const LIFECYCLE_ID_CHARACTERS_MAX = 255;
export const LIFECYCLE_NEWER_VERSIONS_MAX = 100;
/** S3: days are signed 32-bit numbers. */
export const LIFECYCLE_DAYS_MAX = 2_147_483_647;
/** S3's smallest object that moves between classes where the default minimum is asked for. */
export const TRANSITION_BYTES_MIN = 128 * KIB;
