import { Fault } from '@sealgate/core/faults';
import { headerValue, type RequestHeaders } from '../request.ts';

/**
 * Headers that ask for what is not offered, with the reason. To overlook one would do something else than was asked
 * for: overwrite in place of appending, leave unprotected what was to be held. Headers that only ask for less are not
 * here; the compatibility ledger tells of all.
 */
export const refusedHeaders: ReadonlyMap<string, string> = new Map([
  ['x-amz-write-offset-bytes', 'Objects are not appended to: that is for directory buckets, which are not here.'],
  ['x-amz-object-lock-event-hold', 'Holds that end with an event are not offered; legal holds are.'],
  ['x-amz-object-lock-event-hold-duration-days', 'Holds that end with an event are not offered; legal holds are.'],
  ['x-amz-object-lock-event-hold-duration-years', 'Holds that end with an event are not offered; legal holds are.'],
  ['x-amz-if-match-initiated-time', 'Uploads are ended by their id: the condition is for directory buckets.'],
]);

/** Of these, values that ask for nothing special. */
const BUCKET_NAMESPACE = 'x-amz-bucket-namespace';
const ORDINARY_NAMESPACE = 'global';

/** @throws Fault NotImplemented, as AWS answers, with the header in its details */
export function refuseHeaders(headers: RequestHeaders): void {
  for (const name of Object.keys(headers)) {
    if (name.startsWith('x-amz-') && refusedHeaders.has(name)) throw notImplemented(name);
  }
  const namespace = headerValue(headers, BUCKET_NAMESPACE);
  if (namespace !== undefined && namespace !== ORDINARY_NAMESPACE) throw notImplemented(BUCKET_NAMESPACE);
}

function notImplemented(header: string): Fault {
  return new Fault('NotImplemented', 'A header you provided implies functionality that is not implemented', {
    detail: { Header: header },
  });
}
