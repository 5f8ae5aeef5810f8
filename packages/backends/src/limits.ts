/** Every limit of the drivers. A number here says why it is what it is. */

const KIB = 1024;
const MIB = 1024 * KIB;

/** S3's own limit; engine keys have about 50 characters. */
export const BLOB_KEY_CHARS_MAX = 1024;

export const memoryLimits = {
  /** Chunk of a read: like a socket's, so that code above meets the same sizes. */
  readChunkBytes: 64 * KIB,
  listKeysMax: 1000,
} as const;

export const filesystemLimits = {
  /** Linux and macOS allow 255 bytes for one name; a fan-out or folder mark may be added. */
  nameBytesMax: 250,
  /** A read up to this size is one system call and holds no file open while its reader dawdles. */
  readWholeBytesMax: 256 * KIB,
  readChunkBytes: 256 * KIB,
  /** Bytes of a streamed put that wait while the write before them is under way. Bounds the memory of a put. */
  writeGatherBytes: 1 * MIB,
  listKeysMax: 1000,
  /** Folders kept open: 128 of them serve every bucket that is written to within the same minute. */
  openFoldersMax: 128,
  /** Left-over temporary files of another machine may belong to a live process there; older ones cannot. */
  foreignTempAgeMs: 24 * 60 * 60 * 1000,
  /** How long a look at the root folder holds; a root that vanished is noticed within this time at the latest. */
  rootCheckMs: 250,
} as const;

export interface S3DriverLimits {
  /** Sockets to one backend; calls beyond it wait their turn. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** No answer, and no byte of the request taken, for this long. */
  readonly headersTimeoutMs: number;
  /** No byte of the answer's body for this long while its reader wants some. */
  readonly bodyTimeoutMs: number;
  readonly keepAliveMs: number;
  /** A body up to this size is held whole: signed by its SHA-256 and sent again when a try fails. */
  readonly signedBodyBytesMax: number;
  /** Bytes of one signed chunk. S3 demands at least 8 KiB; larger ones cost memory, smaller ones overhead. */
  readonly chunkBytes: number;
  /** Tries of one call that may be repeated, the first included. */
  readonly tries: number;
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** An XML answer that is read: 1000 listed keys with long names stay below it. */
  readonly answerBytesMax: number;
  readonly listKeysMax: number;
  /** Rounds of removing versions of one key; each lists up to 1000. */
  readonly versionRounds: number;
  /** Response bytes held for a slow reader before the socket is paused. */
  readonly readAheadBytes: number;
}

export const defaultS3DriverLimits: S3DriverLimits = {
  connections: 64,
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 30_000,
  bodyTimeoutMs: 30_000,
  keepAliveMs: 4_000,
  signedBodyBytesMax: 1 * MIB,
  chunkBytes: 64 * KIB,
  tries: 3,
  backoffMsMin: 50,
  backoffMsMax: 1_000,
  answerBytesMax: 4 * MIB,
  listKeysMax: 1000,
  versionRounds: 16,
  readAheadBytes: 256 * KIB,
};

export interface SourceLimits extends S3DriverLimits {
  /** From the beginning of one call to its end, tries and waits included: against bytes that drip. */
  readonly callMs: number;
  /** All answers of one source: each has to be parsed, which a source that gives little for much could make us do. */
  readonly allAnswersBytesMax: number;
}

/** For storage that is looked at once, while somebody waits, and that nobody vouches for. */
export const sourceLimits: SourceLimits = {
  ...defaultS3DriverLimits,
  connections: 4,
  headersTimeoutMs: 15_000,
  bodyTimeoutMs: 15_000,
  keepAliveMs: 1_000,
  tries: 2,
  callMs: 30_000,
  // Twice what 50 000 files with names of 300 bytes take, three times encoded.
  allAnswersBytesMax: 128 * MIB,
};
