import { createHash, timingSafeEqual } from 'node:crypto';
import { Fault } from '@sealgate/core/faults';
import type { Checksum, ChecksumAlgorithm } from '@sealgate/core/ports';
import type { Trailers } from '../chunked/trailer.ts';
import type { SignedPayload } from '../sigv4/types.ts';
import { checksumBytes, createChecksum } from './checksum.ts';
import type { ChecksumHasher } from './hasher.ts';
import { type ChecksumExpectation, checksumHeaderName } from './headers.ts';

export interface BodyVerifierOptions {
  readonly expected: ChecksumExpectation;
  readonly payload: SignedPayload;
  /** Computed even when the client sends none (the algorithm of the multipart upload, a copy's). */
  readonly algorithm?: ChecksumAlgorithm | null;
}

export interface BodyDigests {
  readonly md5: Buffer;
  readonly checksum: Checksum | null;
}

/** Every digest of a body in one pass, each computed once however many headers ask for it. */
export interface BodyVerifier {
  update(bytes: Uint8Array): void;
  /**
   * @param trailers of an aws-chunked body
   * @throws Fault BadDigest, XAmzContentSHA256Mismatch, MalformedTrailerError
   */
  finish(trailers?: Trailers): BodyDigests;
}

export function createBodyVerifier({ expected, payload, algorithm }: BodyVerifierOptions): BodyVerifier {
  const summed = expected.checksum?.algorithm ?? algorithm ?? undefined;
  const md5 = createHash('md5');
  // One SHA-256 serves the signed payload hash and the checksum.
  const sha256 = payload.kind === 'signed' || summed === 'SHA256' ? createChecksum('SHA256') : undefined;
  // Nor is the MD5 of the ETag computed twice.
  const other: ChecksumHasher | undefined =
    summed === undefined || summed === 'SHA256' || summed === 'MD5' ? undefined : createChecksum(summed);
  return {
    update(bytes) {
      md5.update(bytes);
      sha256?.update(bytes);
      other?.update(bytes);
    },
    finish(trailers) {
      const md5Digest = md5.digest();
      requireMd5(expected.md5, md5Digest);
      const sha256Digest = sha256?.digest();
      if (payload.kind === 'signed') requireSha256(payload.sha256, sha256Digest?.toString('hex') ?? '');
      const digest = other?.digest() ?? (summed === 'MD5' ? md5Digest : sha256Digest);
      if (summed === undefined || digest === undefined) return { md5: md5Digest, checksum: null };
      requireChecksum(expected, digest, trailers);
      return { md5: md5Digest, checksum: { algorithm: summed, value: digest.toString('base64'), type: 'FULL_OBJECT' } };
    },
  };
}

function requireMd5(wanted: Buffer | undefined, computed: Buffer): void {
  if (wanted === undefined || wanted.equals(computed)) return;
  throw new Fault('BadDigest', 'The Content-MD5 you specified did not match what we received.', {
    detail: { ExpectedDigest: wanted.toString('base64'), CalculatedDigest: computed.toString('base64') },
  });
}

function requireSha256(wanted: string, computed: string): void {
  if (wanted === computed) return;
  throw new Fault(
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    { detail: { ClientComputedContentSHA256: wanted, S3ComputedContentSHA256: computed } },
  );
}

function requireChecksum(expected: ChecksumExpectation, computed: Buffer, trailers: Trailers | undefined): void {
  if (expected.checksum === undefined) return;
  const { algorithm, value } = expected.checksum;
  const wanted = value ?? trailers?.get(checksumHeaderName(algorithm));
  if (wanted === undefined) {
    throw new Fault(
      'MalformedTrailerError',
      `The trailer ${checksumHeaderName(algorithm)} was announced but did not come.`,
    );
  }
  const bytes = Buffer.from(wanted, 'base64');
  if (bytes.length !== checksumBytes[algorithm]) {
    throw new Fault('BadDigest', `Value for ${checksumHeaderName(algorithm)} trailing header is invalid.`);
  }
  if (!timingSafeEqual(bytes, computed)) {
    throw new Fault('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
  }
}
