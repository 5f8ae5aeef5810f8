/**
 * A part whose leaves are kept for a manifest: 128 digests of 32 bytes in its row. With 10 000 parts that is an object of
 * 1.2 TiB; larger ones have no manifest.
 */
export const MANIFEST_PART_BYTES_MAX = 128 * 1024 * 1024;
