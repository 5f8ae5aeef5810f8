import { Fault, type FaultCode, faultTable } from '@sealgate/core/faults';
import { describe, expect, test } from 'vitest';
import { parseErrorResponse } from '../xml/client.ts';
import { s3ErrorCode, toS3Error } from './s3-error.ts';

const context = { method: 'GET', resource: '/bucket/key', requestId: 'REQ', hostId: 'HOST' };

test('the body, member for member', () => {
  const fault = new Fault('NoSuchKey', 'The specified key does not exist.', { detail: { Key: 'a<&>"b' } });
  expect(toS3Error(fault, context)).toEqual({
    status: 404,
    headers: { 'content-type': 'application/xml', 'x-sealgate-fault': 'NoSuchKey' },
    body:
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>' +
      '<Key>a&lt;&amp;&gt;&quot;b</Key><Resource>/bucket/key</Resource><RequestId>REQ</RequestId><HostId>HOST</HostId></Error>',
  });
});

test('HEAD and 304 have no body, only headers', () => {
  const headers = { 'x-sealgate-fault': 'NoSuchKey' };
  const head = toS3Error(new Fault('NoSuchKey', 'x'), { ...context, method: 'HEAD' });
  expect(head).toEqual({ status: 404, headers, body: '' });
  expect(toS3Error(new Fault('NotModified', 'x'), context)).toMatchObject({ status: 304, body: '' });
});

test('the rule that refused is named, when it can be a header', () => {
  const headers = (rule: string): object => toS3Error(new Fault('PolicyRefused', 'x', { rule }), context).headers;
  expect(headers('region_lock')).toMatchObject({
    'x-sealgate-fault': 'PolicyRefused',
    'x-sealgate-rule': 'region_lock',
  });
  expect(headers('a\r\nb: c')).not.toHaveProperty('x-sealgate-rule');
});

test('a wrong region is named in a header too', () => {
  const fault = new Fault('AuthorizationHeaderMalformed', 'x', { detail: { Region: 'eu-sovereign-1' } });
  const { headers, body } = toS3Error(fault, context);
  expect(headers['x-amz-bucket-region']).toBe('eu-sovereign-1');
  expect(parseErrorResponse(body)).toEqual({
    code: 'AuthorizationHeaderMalformed',
    message: 'x',
    region: 'eu-sovereign-1',
  });
});

test('who is turned away for now is told when to come back', () => {
  const wait = (code: FaultCode, detail = {}): string | undefined =>
    toS3Error(new Fault(code, 'x', { detail }), context).headers['retry-after'];
  expect(wait('SlowDown')).toBe('1');
  expect(wait('DatabaseUnavailable')).toBe('2');
  expect(wait('TooManyRequests', { retryAfterSeconds: 40 })).toBe('40');
  expect(wait('NoSuchKey')).toBeUndefined();
});

test('what a detail may not be', () => {
  const fault = new Fault('AccessDenied', 'x', {
    detail: { Code: 'forged', 'a b': 1, 'X-Amz-Expires': 5, Flag: true },
  });
  const { body } = toS3Error(fault, context);
  expect(body).toContain('<X-Amz-Expires>5</X-Amz-Expires><Flag>true</Flag>');
  expect(body).not.toContain('forged');
  expect(body).not.toContain('a b');
});

test('names that XML cannot write leave the rest readable', () => {
  const odd = Array.from({ length: 0x20 }, (_, unit) => String.fromCharCode(unit)).join('');
  for (const text of [odd, '\ufffe', '\uffff', '\ud800', 'a\u0085b']) {
    const fault = new Fault('NoSuchKey', `no ${text}`, { detail: { Key: text } });
    const { body } = toS3Error(fault, { ...context, resource: `/bucket/${text}` });
    expect(parseErrorResponse(body)).toMatchObject({
      code: 'NoSuchKey',
      message: expect.stringMatching(/^no /) as string,
    });
  }
});

test('the cause never shows', () => {
  const fault = new Fault('InternalError', 'We encountered an internal error.', { cause: new Error('secret host') });
  expect(toS3Error(fault, context).body).not.toContain('secret');
});

describe('the table', () => {
  /** Codes that S3 clients know; anything else a client cannot act on. */
  const documented =
    /^(Access|Account|Authorization|Bad|Bucket|Conditional|EncryptionRequired|Entity|Expired|IDP|Illegal|Incomplete|Incorrect|Internal|Invalid|Key|Malformed|Manifest|Max|Metadata|Method|Missing|No|Not|ObjectLock|Operation|Ownership|Permanent|Precondition|Quota|Replication|Request|ServerSide|Service|Signature|Slow|TooMany|Unexpected|Unresolvable|User|XAmz)/;

  test.each(Object.keys(faultTable) as FaultCode[])('%s has an answer', (code) => {
    const { status, body } = toS3Error(new Fault(code, 'message'), context);
    expect(status).toBe(faultTable[code].http);
    expect(status).toBeGreaterThanOrEqual(300);
    expect(s3ErrorCode(code)).toMatch(documented);
    if (status !== 304) expect(parseErrorResponse(body)).toEqual({ code: s3ErrorCode(code), message: 'message' });
  });

  test('backends and drivers are never named', () => {
    const shown = (Object.keys(faultTable) as FaultCode[]).map(s3ErrorCode);
    expect(shown.filter((code) => /Backend|Blob|Database|Placement|^Policy|^Config/.test(code))).toEqual([]);
  });

  test('is pinned', () => {
    const rows = Object.fromEntries(
      (Object.keys(faultTable) as FaultCode[]).map((code) => [code, `${faultTable[code].http} ${s3ErrorCode(code)}`]),
    );
    expect(rows).toMatchSnapshot();
  });
});
