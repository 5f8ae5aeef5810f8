import type { BucketName } from '@sealgate/core/names/objects';
import type { Keyring } from '../keyring.ts';
import type { Writers } from '../manifest/writers.ts';
import type { ByteChunks } from '../streams.ts';
import type { Transport } from '../transport/transport.ts';
import type { UploadJournal, UploadState } from './upload-state.ts';

export interface PutOptions {
  /** A redundancy class that the bucket's policy allows; the bucket's default when not given. */
  readonly redundancyClass?: string | undefined;
  /** Stored in the clear. `application/octet-stream` when not given. */
  readonly contentType?: string | undefined;
  /** User metadata without its `x-amz-meta-` prefix. Stored in the clear and not authenticated. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Other headers of the write in lower case, for example `cache-control`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** `*`: only when there is no such object yet. */
  readonly ifNoneMatch?: '*' | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface SealedPutOptions extends PutOptions {
  /**
   * Writes down how far a large upload is. With a journal a failed upload is left on the server to be resumed with
   * `resume`; without one its parts are removed. Only uploads from a source that can be read again are journalled.
   */
  readonly journal?: UploadJournal | undefined;
  /** Goes on with an upload that a journal describes. */
  readonly resume?: UploadState | undefined;
}

/** Bytes of the body as it travels. */
export interface Progress {
  readonly doneBytes: number;
  /** Undefined for a stream of unknown length. */
  readonly totalBytes: number | undefined;
}

/** What the gateway said about a write that it acknowledged. */
export interface WriteReceipt {
  readonly etag: string | undefined;
  readonly versionId: string | undefined;
  /** The redundancy class under which the object is stored. */
  readonly redundancyClass: string | undefined;
  /** Backends that held the object when it was acknowledged. */
  readonly ackedBy: readonly string[];
}

export interface PutResult extends WriteReceipt {
  /** Length of what was put; undefined for a long stream of unknown length. */
  readonly plaintextBytes: number | undefined;
  /** Ids of the keys that open it; empty when it was sent plain. */
  readonly keyIds: readonly string[];
  /** Id of the key that its manifest is signed with. */
  readonly signedBy?: string | undefined;
}

/** A sealed object before it is anywhere. */
export interface SealedBody {
  readonly tenant: string;
  readonly bucket: string;
  readonly key: string;
  /** Of the sealed body. */
  readonly bytes: number;
  readonly plaintextBytes: number;
  /** The key envelope as JSON, and the version of the key that it is for. */
  readonly envelope: string;
  readonly keyVersion: number;
  readonly keyIds: readonly string[];
  /** The sealed bytes. Called once. */
  stream(): ByteChunks;
  /** What the writer signed about them, once all were streamed; undefined when it has no key to sign with. */
  manifest(): Promise<string | undefined>;
  /** The object was acknowledged. Gives the id of the key that signed it. */
  stored(): Promise<string | undefined>;
}

export interface PutDeps {
  readonly transport: Transport;
  /** The name of the tenant that owns the bucket: every envelope is bound to it. */
  readonly tenantOf: (bucket: BucketName) => Promise<string>;
  readonly keys: Keyring;
  readonly writers: Writers | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}
