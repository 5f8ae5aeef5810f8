import { expect, test } from 'vitest';
import { parseQuery } from '../query.ts';
import { withHoistedHeaders } from './hoisted.ts';

test('headers in the query of a presigned URL count as headers, but for checksums and the signature', () => {
  const query = parseQuery(
    'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Expires=1&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=s&X-Amz-Security-Token=t&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&x-id=PutObject' +
      '&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32' +
      '&x-amz-acl=private&X-Amz-Meta-Name=%C3%A4&x-amz-storage-class=STANDARD&x-amz-meta-bad=%0D%0Aa&x-amz-meta-%20=x',
  );
  expect(withHoistedHeaders({ host: 'h', 'x-amz-storage-class': 'GLACIER' }, query)).toEqual({
    host: 'h',
    'x-amz-acl': 'private',
    'x-amz-meta-name': 'Ã¤',
    'x-amz-storage-class': 'GLACIER',
  });
});

test('nothing moved, nothing changed', () => {
  const headers = { host: 'h' };
  expect(withHoistedHeaders(headers, parseQuery('list-type=2'))).toBe(headers);
});
