import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RequestHeaders } from '../request.ts';
import { parseAuthorization } from './authorization.ts';
import { canonicalPath, canonicalQuery } from './encoding.ts';
import type { Authorization } from './types.ts';

const credential = 'AKIDEXAMPLE/20261121/eu-sovereign-1/s3/aws4_request';
const signature = 'a'.repeat(64);
const base: Record<string, string> = { 'x-amz-date': '20261121T120000Z', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };

function parse(headers: RequestHeaders, rawQuery = ''): Authorization {
  return parseAuthorization({ method: 'GET', rawPath: '/', rawQuery, headers });
}

const header = (text: string, more: RequestHeaders = base): Authorization => parse({ ...more, authorization: text });
const complete = `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=host,Signature=${signature}`;

const query = (changes: Record<string, string | undefined>): Authorization => {
  const parameters: Record<string, string | undefined> = {
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': credential,
    'X-Amz-Date': '20261121T120000Z',
    'X-Amz-Expires': '60',
    'X-Amz-SignedHeaders': 'host',
    'X-Amz-Signature': signature,
    ...changes,
  };
  const present = Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return parse({}, new URLSearchParams(present).toString());
};

describe('the Authorization header', () => {
  test('nobody in particular', () => {
    expect(parse({})).toEqual({ kind: 'anonymous' });
    expect(header('')).toEqual({ kind: 'anonymous' });
  });

  test('version 4', () => {
    expect(header(complete)).toMatchObject({
      kind: 'sigv4',
      via: 'header',
      accessKeyId: 'AKIDEXAMPLE',
      scope: { date: '20261121', region: 'eu-sovereign-1', service: 's3' },
      signedAtMs: Date.UTC(2026, 10, 21, 12),
      expiresSeconds: null,
    });
  });

  test('the Date header serves when there is no x-amz-date', () => {
    const { 'x-amz-date': _, ...rest } = base;
    const dated = header(complete, { ...rest, date: 'Sat, 21 Nov 2026 12:00:00 GMT' });
    expect(dated).toMatchObject({ amzDate: '20261121T120000Z' });
    expect(() => header(complete, rest)).toThrow('AWS authentication requires a valid Date or x-amz-date header');
  });

  test('version 2 is recognised', () => {
    expect(header('AWS AKIDEXAMPLE:c2ln')).toMatchObject({
      kind: 'sigv2',
      accessKeyId: 'AKIDEXAMPLE',
      signature: 'c2ln',
    });
    const presigned = parse({}, 'AWSAccessKeyId=AKIDEXAMPLE&Signature=c2ln&Expires=1');
    expect(presigned).toMatchObject({ kind: 'sigv2', via: 'query', expires: '1' });
  });

  test.each([
    ['AWS HAHAHA', 'InvalidArgument', 'AWS authorization header is invalid'],
    ['Bearer abc', 'InvalidArgument', 'Unsupported Authorization Type'],
    ['AWS4-HMAC-SHA512 x', 'AuthorizationHeaderMalformed', 'the algorithm must be'],
    ['AWS4-HMAC-SHA256', 'AuthorizationHeaderMalformed', 'Credential is missing'],
    [complete.replace('Signature=', 'Sig='), 'AuthorizationHeaderMalformed', 'Signature is missing'],
    [complete.replace('/aws4_request', ''), 'AuthorizationHeaderMalformed', 'the Credential is mal-formed'],
    [complete.replace('aws4_request', 'aws5'), 'AuthorizationHeaderMalformed', 'incorrect terminal "aws5"'],
    [complete.replace('AKIDEXAMPLE', ''), 'AuthorizationHeaderMalformed', 'a non-empty Access Key'],
    [complete.replace('AKIDEXAMPLE', 'a b!'), 'InvalidAccessKeyId', 'does not exist'],
    [complete.replace('20261121', '2026'), 'AuthorizationHeaderMalformed', 'incorrect date format'],
    [complete.replace('20261121', '20261122'), 'AuthorizationHeaderMalformed', 'Invalid credential date "20261122"'],
    [complete.replace('=host', '=Host'), 'AuthorizationHeaderMalformed', 'SignedHeaders are mal-formed'],
    [complete.replace('=host', `=${'h;'.repeat(200)}host`), 'AuthorizationHeaderMalformed', 'too many SignedHeaders'],
  ])('%s is %s', (text, code, message) => {
    expect(() => header(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
    );
  });

  test('a missing payload hash', () => {
    const { 'x-amz-content-sha256': _, ...rest } = base;
    expect(() => header(complete, rest)).toThrow('Missing required header for this request: x-amz-content-sha256');
  });

  test('two mechanisms at once', () => {
    expect(() => parse({ ...base, authorization: complete }, 'X-Amz-Algorithm=AWS4-HMAC-SHA256')).toThrow(
      'Only one auth',
    );
  });
});

describe('a presigned URL', () => {
  test('is read', () => {
    expect(query({})).toMatchObject({
      kind: 'sigv4',
      via: 'query',
      expiresSeconds: 60,
      payloadHash: 'UNSIGNED-PAYLOAD',
    });
    expect(query({ 'X-Amz-Security-Token': 't' })).toMatchObject({ sessionToken: 't' });
  });

  test.each([
    [{ 'X-Amz-Expires': '604801' }, 'X-Amz-Expires must be less than a week (in seconds)'],
    [{ 'X-Amz-Expires': '-1' }, 'X-Amz-Expires must be non-negative'],
    [{ 'X-Amz-Expires': '1e3' }, 'X-Amz-Expires should be a number'],
    [{ 'X-Amz-Expires': undefined }, 'Query-string authentication version 4 requires'],
    [{ 'X-Amz-Signature': undefined }, 'Query-string authentication version 4 requires'],
    [{ 'X-Amz-Algorithm': 'AWS4-HMAC-SHA1' }, 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"'],
    [{ 'X-Amz-Credential': 'x' }, 'Error parsing the X-Amz-Credential parameter; the Credential is mal-formed'],
    [{ 'X-Amz-Date': '2026-11-21' }, 'X-Amz-Date must be in the ISO8601 Long Format'],
    [{ 'X-Amz-Date': '20261131T120000Z' }, 'X-Amz-Date must be in the ISO8601 Long Format'],
    [{ 'X-Amz-Date': '20261122T120000Z' }, 'Invalid credential date "20261121"'],
  ])('%j', (changes, message) => {
    expect(() => query(changes)).toThrow(
      expect.objectContaining({
        code: 'AuthorizationQueryParametersError',
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  test.each(['0', '604800'])('may live %s seconds', (seconds) => {
    expect(query({ 'X-Amz-Expires': seconds })).toMatchObject({ expiresSeconds: Number(seconds) });
  });
});

describe('canonical forms', () => {
  test('a path is decoded once and encoded once', () => {
    expect(canonicalPath('/b/a//../%7e%2F%20%zz(é')).toBe('/b/a//../~/%20%25zz%28%E9');
  });

  test('a query is sorted by name, then value, after encoding', () => {
    expect(canonicalQuery('b=2&a-b=1&a=2&a=10&c&X-Amz-Signature=x&=')).toBe('=&a=10&a=2&a-b=1&b=2&c=');
    expect(canonicalQuery('a=x+y%2B')).toBe('a=x%20y%2B');
  });

  test('encoding is idempotent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        const path = canonicalPath(text);
        // "%25zz" stays, so one more round changes nothing only after the first.
        expect(canonicalPath(path)).toBe(path);
        const sorted = canonicalQuery(text);
        expect(canonicalQuery(sorted)).toBe(sorted);
      }),
    );
  });
});

test('whatever comes, only a Fault comes out', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 200 }),
    fc
      .array(
        fc.constantFrom(
          'AWS4-HMAC-SHA256',
          'AWS ',
          'Credential=',
          'SignedHeaders=',
          'Signature=',
          ',',
          ';',
          '/',
          credential,
          ' ',
          ':',
        ),
      )
      .map((pieces) => pieces.join('')),
  );
  const rawQuery = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 200 }),
    fc
      .array(
        fc.constantFrom(
          'X-Amz-Algorithm=',
          'X-Amz-Credential=',
          '&',
          '%',
          '%C3',
          'Signature=',
          'AWSAccessKeyId=',
          credential,
        ),
      )
      .map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(text, rawQuery, fc.boolean(), (authorization, search, inHeader) => {
      try {
        parse(inHeader ? { ...base, authorization } : { authorization: '' }, inHeader ? '' : search);
      } catch (error) {
        expect(isFault(error)).toBe(true);
      }
    }),
    { numRuns: 1000 },
  );
});
