/** Bounds of POST forms. What AWS bounds itself is in `@sealgate/s3`. */

const KIB = 1024;

/** Parts of one form, those behind the file too: more than a policy could ever name. */
export const FORM_PARTS_MAX = 512;
/** Header lines of one part: a name, a file name, a type. */
export const FORM_PART_HEADER_BYTES_MAX = 8 * KIB;
/**
 * A file up to this size is held whole, so that its length is known however the form goes on: what the engine holds of
 * any small body. Of a longer one the length follows from where it begins.
 */
export const FORM_HELD_BYTES_MAX = 256 * KIB;
