import type { ServerResponse } from 'node:http';
import type { Bucket, Credential } from '@sealgate/core/ports';
import type { RequestHeaders } from '@sealgate/s3';
import { describe, expect, test } from 'vitest';
import { fakeBucket, fakeCaller, fakeTenant } from '../testing/s3-context.ts';
import { claimedNamespace, createCors } from './cors.ts';

const rules = [
  { allowedOrigins: ['http://site'], allowedMethods: ['GET', 'PUT'], allowedHeaders: [], exposeHeaders: ['ETag'] },
];
const bucket = fakeBucket(fakeTenant('acme'), 'pages', { cors: JSON.stringify(rules) });
const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method';

function answerTo(headers: RequestHeaders, method = 'GET', ...found: (Bucket | undefined)[]): Record<string, string> {
  const set: Record<string, string> = {};
  const response = { setHeader: (name: string, value: string) => (set[name] = value) } as unknown as ServerResponse;
  const cors = createCors({ method, headers }, response);
  cors.apply(found.length === 0 ? bucket : found[0]);
  cors.apply(found.length === 0 ? undefined : bucket);
  return set;
}

describe('the cross-origin headers of an answer', () => {
  test('are those of the rule that matches, and stay', () => {
    expect(answerTo({ origin: 'http://site' })).toEqual({
      vary: VARY,
      'access-control-allow-origin': 'http://site',
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, PUT',
      'access-control-expose-headers': 'ETag',
    });
  });

  test.each([
    ['another origin', { origin: 'http://other' }, 'GET'],
    ['another method', { origin: 'http://site' }, 'DELETE'],
    ['another method to come', { origin: 'http://site', 'access-control-request-method': 'DELETE' }, 'GET'],
    ['no origin', {}, 'GET'],
    ['a preflight, which has its own answer', { origin: 'http://site' }, 'OPTIONS'],
  ])('say to caches only that there are rules: %s', (_, headers, method) => {
    expect(answerTo(headers, method)).toEqual({ vary: VARY });
  });

  test('are none without rules', () => {
    expect(answerTo({ origin: 'http://site' }, 'GET', fakeBucket(fakeTenant('acme'), 'pages'))).toEqual({});
    expect(answerTo({ origin: 'http://site' }, 'GET', undefined)).toEqual({});
  });

  test('are owed to a page until a bucket was applied', () => {
    const response = { setHeader: () => undefined } as unknown as ServerResponse;
    const cors = createCors({ method: 'GET', headers: { origin: 'http://site' } }, response);
    expect(cors.owed).toBe(true);
    cors.apply(bucket);
    expect(cors.owed).toBe(false);
    expect(createCors({ method: 'GET', headers: {} }, response).owed).toBe(false);
  });
});

describe('the namespace of a request that nobody verified', () => {
  const caller = fakeCaller(fakeTenant('acme', { namespace: 'own' }));
  const known: Credential | undefined = caller.kind === 'credential' ? caller.credential : undefined;
  const metadata = { credential: (id: string) => Promise.resolve(id === 'AKIAIOSFODNN7EXAMPLE' ? known : undefined) };
  const namespace = (rawQuery: string, headers: RequestHeaders = {}) =>
    claimedNamespace(metadata, { method: 'OPTIONS', rawPath: '/pages/a', rawQuery, headers });

  test.each([
    ['AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1&Signature=x', 'own'],
    ['AWSAccessKeyId=AKIAIOSFODNN7OTHERSX&Expires=1&Signature=x', 'default'],
    ['X-Amz-Credential=nonsense', 'default'],
    ['', 'default'],
  ])('%s: %s', async (rawQuery, expected) => {
    expect(await namespace(rawQuery)).toBe(expected);
  });

  test('by its header', async () => {
    expect(await namespace('', { authorization: 'AWS AKIAIOSFODNN7EXAMPLE:x' })).toBe('own');
  });
});
