import { Fault } from '@sealgate/core/faults';
import type { Checksum, EnvelopeRecord } from '@sealgate/core/ports';

/** What is known of a body once its last byte passed every check that the client asked for. */
export interface BodyFacts {
  readonly md5: Uint8Array;
  readonly checksum: Checksum | null;
  /** What the seal inspection found; null when the bucket does not ask. */
  readonly verdict: string | null;
  readonly envelope: EnvelopeRecord | null;
}

/** One pass over the bytes to be stored: decoded, and checked while they flow. */
export interface BodySource {
  /** Exact number of bytes that `chunks` gives; known before the first one, as S3 demands. */
  readonly bytes: number;
  /** Throws a Fault as soon as a check fails. Buffers must not be reused by the producer. */
  readonly chunks: AsyncIterable<Buffer>;
  /** The chunks are encrypted, so the MD5 of `facts` is not theirs and proves nothing to a backend. */
  readonly encrypted?: boolean;
  /** Settles after the last chunk. @throws Fault BadDigest, XAmzContentSHA256Mismatch, EncryptionRequired, IncompleteBody */
  facts(): Promise<BodyFacts>;
}

/** The whole body in one piece. @throws Fault IncompleteBody when it is not exactly as long as declared. */
export async function collectBody(source: {
  readonly bytes: number;
  readonly chunks: AsyncIterable<Buffer> | Iterable<Buffer>;
}): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source.chunks) {
    bytes += chunk.length;
    if (bytes > source.bytes) break;
    chunks.push(chunk);
  }
  if (bytes !== source.bytes) throw lengthFault();
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes);
}

/** Passes the chunks on and fails when they are not exactly as many bytes as declared. */
export async function* exactly(source: BodySource): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source.chunks) {
    bytes += chunk.length;
    if (bytes > source.bytes) throw lengthFault();
    yield chunk;
  }
  if (bytes !== source.bytes) throw lengthFault();
}

/**
 * Of a put that is said to be done: whoever has not taken all of its body does not have it.
 * @throws Fault BackendRefused
 */
export function requireTaken(taken: boolean): void {
  if (taken) return;
  throw new Fault('BackendRefused', 'The storage location answered before it had all bytes.');
}

function lengthFault(): Fault {
  return new Fault(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header.',
  );
}
