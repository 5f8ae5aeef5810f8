/** A checksum of bytes that come in pieces. */
export interface ChecksumHasher {
  update(bytes: Uint8Array): void;
  /** Big-endian, as S3 encodes it in base64. Ends the computation. */
  digest(): Buffer;
}
