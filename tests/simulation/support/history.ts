import { createHash } from 'node:crypto';
import type { ObjectKey, VersionId } from '@sealgate/core/names';
import type { ModelVersion, VersionOperation } from '@sealgate/testkit/history';

/** A version whose commit a client was told of. */
export interface Acknowledged {
  readonly bucketId: number;
  readonly key: ObjectKey;
  readonly seq: bigint;
  readonly versionId: VersionId | 'null';
  /** What names it in the history of its key. */
  readonly id: string;
  readonly value: string;
  readonly began: number;
  readonly ended: number;
}

/** What the clients of one run did and saw, as the checks need it. Values are ETags. */
export interface History {
  /** Logical time: later moments have greater numbers. */
  tick(): number;
  /** Notes what is about to be written, whole or (with its ETag) in parts; gives its ETag. */
  content(bytes: Buffer, etag?: string): string;
  /** Whether anybody ever began to write it. */
  isKnown(etag: string): boolean;
  bytesOf(etag: string): Buffer;
  note(bucketId: number, key: ObjectKey, operation: VersionOperation): void;
  /** What a key had before the first operation. */
  begin(bucketId: number, key: ObjectKey, version: ModelVersion): void;
  acknowledge(version: Acknowledged): void;
  /** A version that somebody asked to remove by its id: it need not be there any more. */
  doom(version: Acknowledged): void;
  isDoomed(version: Acknowledged): boolean;
  /** A promise was broken: the name of the check, and what it saw. */
  violate(check: string, what: string): void;
  readonly keys: ReadonlyMap<string, KeyHistory>;
  readonly acknowledged: readonly Acknowledged[];
  readonly violations: readonly string[];
}

export interface KeyHistory {
  readonly bucketId: number;
  readonly key: ObjectKey;
  readonly initial: ModelVersion[];
  readonly operations: VersionOperation[];
}

export function createHistory(): History {
  const contents = new Map<string, Buffer>();
  const keys = new Map<string, KeyHistory>();
  const acknowledged: Acknowledged[] = [];
  const doomed = new Set<Acknowledged>();
  const violations: string[] = [];
  let now = 0;
  const ofKey = (bucketId: number, key: ObjectKey): KeyHistory => {
    const name = `${bucketId}/${key}`;
    const known = keys.get(name) ?? { bucketId, key, initial: [], operations: [] };
    keys.set(name, known);
    return known;
  };
  return {
    tick: () => {
      now += 1;
      return now;
    },
    content(bytes, etag = createHash('md5').update(bytes).digest('hex')) {
      contents.set(etag, bytes);
      return etag;
    },
    isKnown: (etag) => contents.has(etag),
    bytesOf: (etag) => contents.get(etag) ?? Buffer.alloc(0),
    note: (bucketId, key, operation) => void ofKey(bucketId, key).operations.push(operation),
    begin: (bucketId, key, version) => void ofKey(bucketId, key).initial.push(version),
    acknowledge: (version) => void acknowledged.push(version),
    doom: (version) => void doomed.add(version),
    isDoomed: (version) => doomed.has(version),
    violate: (check, what) => void violations.push(`${check}: ${what}`),
    keys,
    acknowledged,
    violations,
  };
}
