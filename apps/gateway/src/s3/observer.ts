import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fault } from '@sealgate/core/faults';
import type { Bucket } from '@sealgate/core/ports';
import type { S3Operation } from '@sealgate/s3';
import type { Caller } from './access/caller.ts';

/** A request whose answer has gone out, or whose client has gone, and all that was found out about it. */
export interface FinishedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly hostId: string;
  /** When it ended, milliseconds since 1970. */
  readonly endedAtMs: number;
  readonly durationMs: number;
  readonly operation: S3Operation | undefined;
  /** Undefined when nobody was found out: a wrong signature. */
  readonly caller: Caller | undefined;
  /** The addressed bucket, when it was looked for and is there. */
  readonly bucket: Bucket | undefined;
  /** The bucket that a copy reads from, when it is another one, was looked for and is there. */
  readonly source?: Bucket | undefined;
  readonly fault: Fault | undefined;
  readonly parts: readonly RequestPart[];
}

/** Something that a request did to an object besides the one that it addresses. */
export interface RequestPart {
  readonly what: 'deleted' | 'copied-from';
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId: string | undefined;
  /** Undefined when it was done. */
  readonly fault: Fault | undefined;
}

/** Called once for each request. Must not throw, and must return at once. */
export type RequestObserver = (finished: FinishedRequest) => void;
