import type { ByteRange, GetBlobOptions, OpenedBlob } from '@sealgate/core/ports';
import { checkRange } from '../shared/range.ts';
import type { S3Calls } from './calls.ts';
import type { HttpAnswer } from './exchange.ts';
import { backendFault } from './faults.ts';
import { bytesOf, headerOf } from './headers.ts';
import type { Resource } from './target.ts';

/** Opens a blob. What the answer's headers promise is checked here; the HTTP parser fails a body that breaks off. */
export async function getObject(
  calls: S3Calls,
  place: Pick<Resource, 'query'> & { readonly bucket: string; readonly key: string },
  options: GetBlobOptions,
): Promise<OpenedBlob> {
  const { range, signal } = options;
  if (range !== undefined) checkRange(range);
  const answer = await calls.send({
    method: 'GET',
    ...place,
    headers: range === undefined ? {} : { range: `bytes=${range.start}-${range.end}` },
    signal,
    idempotent: true,
  });
  const sizes = range === undefined ? wholeSizes(answer) : partSizes(answer, range);
  if (sizes === undefined) {
    answer.body.destroy();
    throw backendFault('BackendRefused', new Error('The answer is not the part that was asked for.'));
  }
  return { ...sizes, body: answer.body };
}

type Sizes = Omit<OpenedBlob, 'body'>;

function wholeSizes({ status, headers }: HttpAnswer): Sizes | undefined {
  const bytes = bytesOf(headers, 'content-length');
  return status === 200 && bytes !== undefined ? { bytes, totalBytes: bytes } : undefined;
}

const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/;

function partSizes(answer: HttpAnswer, range: ByteRange): Sizes | undefined {
  if (answer.status === 200) {
    // A server may answer a range that is the whole with the whole, and with nothing else but that.
    const whole = wholeSizes(answer);
    return whole !== undefined && range.start === 0 && range.end >= whole.totalBytes - 1 ? whole : undefined;
  }
  const parts = CONTENT_RANGE.exec(headerOf(answer.headers, 'content-range') ?? '');
  if (answer.status !== 206 || parts === null) return undefined;
  const [start, end, totalBytes] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const bytes = end - start + 1;
  if (start !== range.start || end !== Math.min(range.end, totalBytes - 1)) return undefined;
  const declared = bytesOf(answer.headers, 'content-length');
  return declared === undefined || declared === bytes ? { bytes, totalBytes } : undefined;
}
