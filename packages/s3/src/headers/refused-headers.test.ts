import { expect, it } from 'vitest';
import { parseOperation } from '../operations/parse.ts';
import { refusedHeaders } from './refused-headers.ts';

const put = (headers: Record<string, string>) =>
  parseOperation({ method: 'PUT', host: 'h', rawPath: '/bucket/key', rawQuery: '', headers });

it.each([...refusedHeaders.keys()].map((name) => [name]))('%s is not overlooked', (name) => {
  const refusal = expect.objectContaining({ code: 'NotImplemented', detail: { Header: name } }) as Error;
  expect(() => put({ [name]: '1' })).toThrow(refusal);
});

it('knows the one namespace of buckets', () => {
  expect(put({ 'x-amz-bucket-namespace': 'global' }).name).toBe('PutObject');
  expect(() => put({ 'x-amz-bucket-namespace': 'account-regional' })).toThrow(
    expect.objectContaining({ code: 'NotImplemented' }) as Error,
  );
});

it('lets other headers be', () => {
  expect(put({ 'x-amz-mfa': '1 2', 'x-amz-unheard-of': '1', 'x-amz-meta-x': '1' }).name).toBe('PutObject');
});
