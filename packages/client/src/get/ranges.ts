import { Fault, isFault } from '@sealgate/core/faults';
import type { ObjectInfo } from '../objects/head.ts';
import type { ObjectTarget } from '../objects/multipart.ts';
import type { Transport } from '../transport/transport.ts';
import { type BodyReader, takeBody } from './resuming-body.ts';

/** Opens the stored bytes [start, end) of one object. */
export type OpenRange = (start: number, end: number, signal: AbortSignal | undefined) => Promise<BodyReader>;

/**
 * Ranges of the object that `info` describes and of no other: when it was overwritten meanwhile, PreconditionFailed
 * says so, instead of a mixture of both.
 */
export function createRangeOpener(transport: Transport, target: ObjectTarget, info: ObjectInfo): OpenRange {
  return async (start, end, signal) => {
    const headers: Record<string, string> = { range: `bytes=${start}-${end - 1}` };
    if (info.etag !== undefined) headers['if-match'] = `"${info.etag}"`;
    const query = info.versionId === undefined ? {} : { versionId: info.versionId };
    const response = await transport.send({ method: 'GET', target, query, headers, signal }).catch((error: unknown) => {
      if (!isFault(error, 'PreconditionFailed', 'InvalidRange')) throw error;
      throw new Fault('PreconditionFailed', 'The object was changed while it was read. Read it again.', {
        cause: error,
      });
    });
    const expected = `bytes ${start}-${end - 1}/${info.bytes}`;
    const body = takeBody(response);
    if (response.status !== 206 || response.headers.get('content-range') !== expected) {
      await body.cancel();
      throw new Fault('InternalError', 'The server answered another range than was asked for.');
    }
    return body;
  };
}
