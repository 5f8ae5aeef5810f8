const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Names of files that one snapshot holds, in bytes: with 50 000 files of 300 bytes each it is full. Bounds memory. */
export const SNAPSHOT_NAME_BYTES_MAX = 16 * MIB;
/** Of a name of a bucket elsewhere: what the oldest servers took. */
export const SOURCE_BUCKET_CHARS_MAX = 255;
/** Pages of a listing in a row that bring nothing new. S3 allows empty ones; a source that goes on so is broken. */
export const FRUITLESS_PAGES_MAX = 8;
/** Prefixes that are told apart while a bucket is listed, and those that are shown. */
export const PREFIXES_COUNTED_MAX = 1000;
export const PREFIXES_SHOWN_MAX = 20;
/** A longer first folder counts among the others. */
export const PREFIX_BYTES_MAX = 128;
export const LARGEST_SHOWN = 5;
/** Storage classes told apart; AWS has about ten. */
export const STORAGE_CLASSES_MAX = 16;
/** S3: tags of a bucket, characters of a tag's name. */
export const TAG_NAMES_MAX = 50;
export const TAG_NAME_CHARS_MAX = 128;
/**
 * Where a size begins to mean something here: nothing, an inline row, a segment of a sealed object, a block of a digest
 * list, a part that clients like, and what one PUT takes.
 */
export const SIZE_STEPS: readonly number[] = [0, 4 * KIB, 64 * KIB, 1 * MIB, 16 * MIB, 256 * MIB, 5 * GIB];
