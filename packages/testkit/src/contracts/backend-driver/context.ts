import { Readable } from 'node:stream';
import { Fault } from '@sealgate/core/faults';
import { type PhysicalBucketName, physicalBucketName } from '@sealgate/core/names';
import type { BackendDriver, OpenedBlob } from '@sealgate/core/ports';
import { createPrng } from '../../prng.ts';

export interface DriverUnderTest {
  readonly driver: BackendDriver;
  /** Sockets or files that the driver has open for calls right now; left out where nothing can be open. */
  readonly openHandles?: () => number | Promise<number>;
  /** Stops the backend from taking bytes of puts until it is called again with false. */
  readonly holdWrites?: (held: boolean) => void;
  dispose(): Promise<void>;
}

export type BackendDriverFactory = () => Promise<DriverUnderTest>;

export interface BackendDriverTraits {
  /** A second put under one key is refused and leaves the first one's bytes. */
  readonly refusesOverwrite: boolean;
  /** `holdWrites` is there. A driver without it keeps whole bodies by nature. */
  readonly holdsWrites: boolean;
  /** Bytes a driver and what lies below it (socket buffers) may take ahead of a backend or a reader that stands still. */
  readonly aheadBytesMax: number;
  /** Sizes to try besides the small ones. */
  readonly largeBytes?: number;
  /** For backends that take their time. */
  readonly timeoutMs?: number;
  /** Rounds of each property test. */
  readonly propertyRuns?: number;
}

/** What each part of the suite gets: a fresh bucket in a driver that lives as long as the suite. */
export interface ContractContext {
  readonly traits: BackendDriverTraits;
  readonly subject: () => DriverUnderTest;
  readonly driver: () => BackendDriver;
  readonly newBucket: () => Promise<PhysicalBucketName>;
  /** A name that no bucket has. */
  readonly unusedBucket: () => PhysicalBucketName;
}

export const never = new AbortController().signal;

export function patternBytes(bytes: number, seed = 1): Uint8Array {
  const block = createPrng(seed).bytes(Math.min(bytes, 4093));
  const all = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += block.length) all.set(block.subarray(0, Math.min(block.length, bytes - at)), at);
  return all;
}

/** The bytes as a stream of uneven chunks. */
export function streamOfBytes(bytes: Uint8Array, chunkBytes = 61_003): Readable {
  function* chunks(): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield Buffer.from(bytes.subarray(at, at + chunkBytes));
  }
  return Readable.from(chunks(), { objectMode: false });
}

/** A stream that gives `bytes` and then nothing more: no end, no error. */
export function stallingStream(bytes: Uint8Array): Readable {
  let given = false;
  return new Readable({
    read() {
      if (!given) this.push(bytes);
      given = true;
    },
  });
}

/** An endless source that counts what was taken from it. */
export function countingStream(chunkBytes: number): { readonly stream: Readable; taken: () => number } {
  const chunk = patternBytes(chunkBytes);
  let taken = 0;
  const stream = new Readable({
    highWaterMark: chunkBytes,
    read() {
      taken += chunk.length;
      this.push(chunk);
    },
  });
  return { stream, taken: () => taken };
}

export async function readAll(opened: OpenedBlob): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of opened.body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The code of the Fault that the work rejects with; fails when it does not, or with anything else. */
export async function faultCode(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw new Error('It rejected with something that is no Fault.', { cause: error });
  }
  throw new Error('It did not reject.');
}

/** The very value that the work rejects with. */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => {
      throw new Error('It did not reject.');
    },
    (error: unknown) => error,
  );
}

/** Bucket names of one suite: never the same twice, also when a backend outlives the run. */
export function bucketNames(label: string): () => PhysicalBucketName {
  let count = 0;
  return () => {
    count += 1;
    return physicalBucketName({
      tenant: 'contract',
      region: 'test',
      bucket: `${label}-${process.pid}-${performance.timeOrigin}`,
      backend: 'contract',
      counter: count,
    });
  };
}
