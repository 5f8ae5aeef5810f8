import { createHash } from 'node:crypto';
import type { ObjectKey, VersionId } from '@sealgate/core/names';
import type { RegisterOperation } from '@sealgate/testkit/history';

/** A version whose commit a client was told of. */
export interface Acknowledged {
  readonly bucketId: number;
  readonly key: ObjectKey;
  readonly seq: bigint;
  readonly versionId: VersionId | 'null';
  readonly value: string;
  readonly began: number;
  readonly ended: number;
}

/** What the clients of one run did and saw, as the checks need it. Contents are known by value, values by ETag. */
export interface History {
  /** Logical time: later moments have greater numbers. */
  tick(): number;
  /** Notes what is about to be written; gives the value that stands for it. */
  content(bytes: Buffer): string;
  /** A further ETag of a value: that of its multipart form. */
  alias(etag: string, value: string): void;
  valueOfEtag(etag: string): string | undefined;
  bytesOf(value: string): Buffer;
  note(bucketId: number, key: ObjectKey, operation: RegisterOperation): void;
  acknowledge(version: Acknowledged): void;
  /** A promise was broken: the name of the check, and what it saw. */
  violate(check: string, what: string): void;
  readonly keys: ReadonlyMap<string, KeyHistory>;
  readonly acknowledged: readonly Acknowledged[];
  /** A blob that is left to the sweep for orphans. */
  orphan(): void;
  readonly orphans: number;
  readonly violations: readonly string[];
}

export interface KeyHistory {
  readonly bucketId: number;
  readonly key: ObjectKey;
  readonly operations: RegisterOperation[];
}

export function createHistory(): History {
  const contents = new Map<string, Buffer>();
  const etags = new Map<string, string>();
  const keys = new Map<string, KeyHistory>();
  const acknowledged: Acknowledged[] = [];
  const violations: string[] = [];
  let [now, orphans] = [0, 0];
  return {
    tick: () => {
      now += 1;
      return now;
    },
    content(bytes) {
      const md5 = createHash('md5').update(bytes).digest('hex');
      const value = `${md5.slice(0, 8)}+${bytes.length}`;
      contents.set(value, bytes);
      etags.set(md5, value);
      return value;
    },
    alias: (etag, value) => void etags.set(etag, value),
    valueOfEtag: (etag) => etags.get(etag),
    bytesOf: (value) => contents.get(value) ?? Buffer.alloc(0),
    note(bucketId, key, operation) {
      const name = `${bucketId}/${key}`;
      const known = keys.get(name);
      if (known === undefined) keys.set(name, { bucketId, key, operations: [operation] });
      else known.operations.push(operation);
    },
    acknowledge: (version) => void acknowledged.push(version),
    violate: (check, what) => void violations.push(`${check}: ${what}`),
    orphan: () => {
      orphans += 1;
    },
    get orphans() {
      return orphans;
    },
    keys,
    acknowledged,
    violations,
  };
}
