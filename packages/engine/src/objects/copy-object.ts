import { createHash } from 'node:crypto';
import type { ObjectVersion } from '@sealgate/core/ports';
import type { BodyFacts, BodySource } from '../write/body.ts';
import { type ReadObjectDeps, type ReadOptions, readObject } from './read-object.ts';

/**
 * A stored version as the body of a new write: read verified, hashed again on the way. The bytes go through this
 * gateway because a copy may belong to another bucket with another policy, and every version owns its blobs.
 */
export function bodyOfVersion(
  deps: ReadObjectDeps,
  version: ObjectVersion,
  options: ReadOptions & {
    /** Told of every chunk; says at the end what is to be kept with the copy. May throw a Fault. */
    readonly watch: { update(chunk: Buffer): void; finish(): Omit<BodyFacts, 'md5'> };
  },
): BodySource {
  const { range, watch, ...reading } = options;
  const md5 = createHash('md5');
  const stored = readObject(deps, version, { ...reading, ...(range === undefined ? {} : { range }) });
  async function* chunks(): AsyncGenerator<Buffer> {
    for await (const chunk of stored) {
      md5.update(chunk);
      watch.update(chunk);
      yield chunk;
    }
  }
  let facts: Promise<BodyFacts> | undefined;
  return {
    bytes: range === undefined ? version.bytes : range.end - range.start + 1,
    chunks: chunks(),
    facts: () => {
      facts ??= Promise.resolve().then(() => ({ md5: md5.digest(), ...watch.finish() }));
      return facts;
    },
  };
}
