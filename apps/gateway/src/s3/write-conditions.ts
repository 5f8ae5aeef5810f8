import { Fault } from '@sealgate/core/faults';
import type { ObjectPreconditions } from '@sealgate/core/ports';
import { headerValue, type RequestHeaders } from '@sealgate/s3';

/**
 * `If-Match` and `If-None-Match` of a write, decided later inside the transaction.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 * @throws Fault NotImplemented for `If-None-Match` with anything but `*`, as AWS answers
 */
export function writeConditions(headers: RequestHeaders): ObjectPreconditions {
  const ifMatch = headerValue(headers, 'if-match');
  const ifNoneMatch = headerValue(headers, 'if-none-match');
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') {
    throw new Fault(
      'NotImplemented',
      'A header you provided implies functionality that is not implemented: If-None-Match takes only * on writes.',
      { detail: { Header: 'If-None-Match' } },
    );
  }
  return {
    ...(ifMatch === undefined ? {} : { ifMatch: unquote(ifMatch.trim()) }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: '*' }),
  };
}

function unquote(etag: string): string {
  return etag.length > 1 && etag.startsWith('"') && etag.endsWith('"') ? etag.slice(1, -1) : etag;
}
