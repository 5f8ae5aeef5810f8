import { createHash } from 'node:crypto';
import type { ByteRange, EnvelopeRecord, ObjectVersion } from '@sealgate/core/ports';
import type { BodySource } from '../write/body.ts';
import { type ReadObjectDeps, readObject } from './read-object.ts';

/**
 * A stored version as the body of a new write: read verified, hashed again on the way. The bytes go through this
 * gateway because a copy may belong to another bucket with another policy, and every version owns its blobs.
 */
export function bodyOfVersion(
  deps: ReadObjectDeps,
  version: ObjectVersion,
  options: {
    readonly range?: ByteRange;
    readonly signal: AbortSignal;
    /** The seal of the copy, when the source has one that stays valid under the new name. */
    readonly envelope: EnvelopeRecord | null;
    readonly verdict: string | null;
    /** Computes the checksum that the copy shall have; told of each chunk. */
    readonly checksum: { update(chunk: Buffer): void; result(): BodyChecksum };
  },
): BodySource {
  const { range } = options;
  const md5 = createHash('md5');
  const stream = readObject(deps, version, { signal: options.signal, ...(range === undefined ? {} : { range }) });
  async function* chunks(): AsyncGenerator<Buffer> {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      md5.update(chunk);
      options.checksum.update(chunk);
      yield chunk;
    }
  }
  return {
    bytes: range === undefined ? version.bytes : range.end - range.start + 1,
    chunks: chunks(),
    facts: () =>
      Promise.resolve({
        md5: md5.copy().digest(),
        checksum: options.checksum.result(),
        verdict: options.verdict,
        envelope: options.envelope,
      }),
  };
}

type BodyChecksum = Awaited<ReturnType<BodySource['facts']>>['checksum'];
