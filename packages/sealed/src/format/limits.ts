/**
 * Every bound of this package. A reader applies them before it allocates or computes anything that the input controls.
 */

/** Bytes of an envelope (UTF-8 JSON). 16 recipients with RSA-4096 need about 14 KB. */
export const maxEnvelopeBytes = 16_384;
export const maxRecipients = 16;
/** Bytes of the JWE ciphertext: a data key and three names, JSON-escaped at worst. */
export const maxEnvelopePayloadBytes = 10_240;
/** Bytes of a tenant, bucket or key name. S3 keys end at 1024. */
export const maxNameBytes = 1024;
/** Bytes of wrapped key that any allowed algorithm produces: RSA-8192. */
export const maxWrappedKeyBytes = 1024;

/** FLOE's own bound for AES-256-GCM. */
export const maxSegments = 2 ** 40;
/** Keeps every offset an exact integer in a double, with room for the overhead. */
export const maxPlaintextBytes = 2 ** 50;

/** Segments sealed or opened at once: enough to keep WebCrypto's threads busy, little enough to bound memory. */
export const defaultWindow = 8;
export const maxWindow = 64;
/** Ciphertext bytes that a range reader asks for in one request. */
export const rangeRunBytes = 8 * 1024 * 1024;

/** Multipart: S3 allows 10 000 parts of 5 MiB to 5 GiB; R2 wants equal parts, so the size is fixed before the first. */
export const maxParts = 10_000;
export const minPartBytes = 8 * 1024 * 1024;
export const maxPartBytes = 5 * 1024 ** 3;

/** Characters in one metadata header that carries (a part of) an envelope; the rest goes to numbered headers. */
export const metadataPartChars = 4096;
export const maxMetadataParts = 6;
/** A manifest is a JWS of about 900 characters. */
export const maxManifestChars = 4096;
export const maxKeyVersion = 2 ** 31 - 1;

/** Bytes of a body's start that format recognition looks at. */
export const recognitionBytes = 4096;
export const maxInstructionFileBytes = 65_536;

/**
 * Chi-square over byte values (255 degrees of freedom): random data lies at 255 +- 23, so 600 is 15 standard deviations
 * out, while text, logs, images and zip files are far above. Packed data (xz, zstd) passes: it is a tripwire, no proof.
 */
export const chiSquareLimit = 600;
export const chiSquareMaxSample = 65_504;
/** Below this the expected count per byte value is under 8 and the statistic says little. */
export const chiSquareMinSample = 2048;

export const rsaMinModulusBits = 2048;
export const rsaMaxModulusBits = 8192;

/** Argon2id cost: the default, and what a reader accepts. The floor stops downgrades, the ceiling memory exhaustion. */
export const argon2Default = { memoryKiB: 65_536, passes: 3, lanes: 4 } as const;
export const argon2Floor = { memoryKiB: 19_456, passes: 2, lanes: 1 } as const;
export const argon2Ceiling = { memoryKiB: 1_048_576, passes: 16, lanes: 16 } as const;
export const maxProtectedKeyBytes = 32_768;
export const maxPassphraseBytes = 1024;

/** Bytes of a keyring's content; 64 RSA-4096 keys have 48 KB. */
export const maxKeyringBytes = 65_536;
/** Keys of a keyring, revoked ones included. */
export const maxKeyringKeys = 64;
