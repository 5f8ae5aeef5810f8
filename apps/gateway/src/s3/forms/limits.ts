/** Bounds of POST forms. What AWS bounds itself is in `@sealgate/s3`. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Parts of one form, those behind the file too: more than a policy could ever name. */
export const FORM_PARTS_MAX = 512;
/** Header lines of one part: a name, a file name, a type. */
export const FORM_PART_HEADER_BYTES_MAX = 8 * KIB;
/** A file up to this size is held whole, so that its length is known however the form goes on: engines hold such a body anyway. */
export const FORM_SMALL_BYTES_MAX = 256 * KIB;
/** One up to this size is held too while there is memory for it: pictures and documents, sent by a page without a script. */
export const FORM_HELD_BYTES_MAX = 8 * MIB;
/** Memory for all those together, in one process. */
export const FORMS_HELD_BYTES_MAX = 96 * MIB;
