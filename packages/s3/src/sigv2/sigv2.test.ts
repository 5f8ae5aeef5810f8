import { type Fault, isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseHttpDate } from '../conditions/http-date.ts';
import type { RequestHeaders, SignedRequest } from '../request.ts';
import { parseAuthorization } from '../sigv4/authorization.ts';
import type { SigningCredential } from '../sigv4/types.ts';
import { stringToSignV2 } from './canonical.ts';
import vectors from './vectors/aws-examples.json' with { type: 'json' };
import { computeSignatureV2, verifySignatureV2 } from './verify.ts';

const { accessKeyId, secretAccessKey } = vectors;
const nowMs = Date.parse('2026-11-21T12:00:00Z');
const credential: SigningCredential = { secretAccessKey, state: 'active', expiresAtMs: null, sessionToken: null };

interface Options {
  readonly atMs?: number;
  readonly hostBucket?: string | undefined;
  readonly known?: SigningCredential | undefined;
}

function verify(request: SignedRequest, options: Options = {}): void {
  const authorization = parseAuthorization(request);
  if (authorization.kind !== 'sigv2') throw new Error(`not version 2: ${authorization.kind}`);
  const { atMs = nowMs, hostBucket } = options;
  const known = 'known' in options ? options.known : credential;
  verifySignatureV2(request, { authorization, credential: known, nowMs: atMs, hostBucket });
}

function signed(parts: Partial<SignedRequest> = {}): SignedRequest {
  const request = {
    method: 'GET',
    rawPath: '/bucket/a%20key',
    rawQuery: '',
    headers: { 'x-amz-date': new Date(nowMs).toUTCString() } as RequestHeaders,
    ...parts,
  };
  const toSign = stringToSignV2({ ...request, hostBucket: undefined, expires: null });
  const authorization = `AWS ${accessKeyId}:${computeSignatureV2(secretAccessKey, toSign)}`;
  return { ...request, headers: { ...request.headers, authorization } };
}

function presigned(rawQuery: string, expires = String(nowMs / 1000 + 60)): SignedRequest {
  const request = { method: 'GET', rawPath: '/bucket/key', rawQuery, headers: {} };
  const toSign = stringToSignV2({ ...request, hostBucket: undefined, expires });
  const signature = encodeURIComponent(computeSignatureV2(secretAccessKey, toSign));
  const own = `AWSAccessKeyId=${accessKeyId}&Expires=${expires}&Signature=${signature}`;
  return { ...request, rawQuery: rawQuery === '' ? own : `${rawQuery}&${own}` };
}

function faultOf(run: () => void): Pick<Fault, 'code' | 'message'> {
  try {
    run();
  } catch (error) {
    if (isFault(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('examples of AWS', () => {
  test.each(vectors.header)('$name', ({ headers, hostBucket, signature, ...rest }) => {
    const request = { ...rest, headers: { ...headers, authorization: `AWS ${accessKeyId}:${signature}` } };
    const atMs = parseHttpDate(headers.date) ?? 0;
    verify(request, { atMs, hostBucket: hostBucket ?? undefined });
  });

  test.each(vectors.query)('$name', ({ hostBucket, ...request }) => {
    verify(request, { atMs: 1_175_139_620_000, hostBucket });
    expect(faultOf(() => verify(request as SignedRequest, { atMs: 1_175_139_621_000, hostBucket }))).toMatchObject({
      code: 'AccessDenied',
      message: 'Request has expired',
    });
  });
});

describe('a signature in the header', () => {
  test('covers method, path, signed headers and sub-resources', () => {
    const request = signed({ rawQuery: 'versionId=a%2Fb&uploads&prefix=x', headers: dated({ 'content-type': 'a/b' }) });
    expect(() => verify(request)).not.toThrow();
    for (const change of [
      { method: 'PUT' },
      { rawPath: '/bucket/other' },
      { rawQuery: 'versionId=other&uploads&prefix=x' },
      { headers: { ...request.headers, 'content-type': 'c/d' } },
      { headers: { ...request.headers, 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' } },
      { headers: { ...request.headers, 'x-amz-acl': 'public-read' } },
    ]) {
      expect(faultOf(() => verify({ ...request, ...change })).code).toBe('SignatureDoesNotMatch');
    }
  });

  test('an empty sub-resource may be signed with or without its sign', () => {
    const bare = signed({ rawQuery: 'acl' });
    expect(() => verify({ ...bare, rawQuery: 'acl=' })).not.toThrow();
    expect(() => verify(signed({ rawQuery: 'acl=' }))).not.toThrow();
  });

  test('a bucket may be signed with a slash behind it', () => {
    const request = signed({ rawPath: '/bucket/', rawQuery: 'acl' });
    expect(() => verify({ ...request, rawPath: '/bucket' })).not.toThrow();
    expect(faultOf(() => verify({ ...request, rawPath: '/bucket/x' })).code).toBe('SignatureDoesNotMatch');
  });

  test.each([
    ['no date', {}, 'AccessDenied'],
    ['an empty date', { 'x-amz-date': '', date: new Date(nowMs).toUTCString() }, 'AccessDenied'],
    ['no real date', { 'x-amz-date': 'Bad Date' }, 'AccessDenied'],
    ['before 1970', { 'x-amz-date': 'Tue, 07 Jul 1950 21:53:04 GMT' }, 'AccessDenied'],
    ['long ago', { 'x-amz-date': 'Tue, 07 Jul 2010 21:53:04 GMT' }, 'RequestTimeTooSkewed'],
    ['far ahead', { 'x-amz-date': 'Tue, 07 Jul 9999 21:53:04 GMT' }, 'RequestTimeTooSkewed'],
  ])('refuses %s', (_, headers, code) => {
    expect(faultOf(() => verify(signed({ headers }))).code).toBe(code);
  });

  test('refuses an unknown key, a disabled one, another secret', () => {
    expect(faultOf(() => verify(signed(), { known: undefined })).code).toBe('InvalidAccessKeyId');
    expect(faultOf(() => verify(signed(), { known: { ...credential, state: 'disabled' } })).code).toBe(
      'InvalidAccessKeyId',
    );
    expect(faultOf(() => verify(signed(), { known: { ...credential, secretAccessKey: 'other' } })).code).toBe(
      'SignatureDoesNotMatch',
    );
  });

  test('a temporary credential needs its token, which is signed', () => {
    const known = { ...credential, sessionToken: 'token', expiresAtMs: nowMs + 1 };
    expect(() => verify(signed({ headers: dated({ 'x-amz-security-token': 'token' }) }), { known })).not.toThrow();
    expect(faultOf(() => verify(signed(), { known })).code).toBe('InvalidToken');
    const late = { ...known, expiresAtMs: nowMs };
    const request = signed({ headers: dated({ 'x-amz-security-token': 'token' }) });
    expect(faultOf(() => verify(request, { known: late })).code).toBe('ExpiredToken');
  });
});

describe('a presigned URL', () => {
  test('covers headers in its query', () => {
    const request = presigned('x-amz-acl=private&content-type=text%2Fplain');
    expect(() => verify(request)).not.toThrow();
    const changed = request.rawQuery.replace('private', 'public-read');
    expect(faultOf(() => verify({ ...request, rawQuery: changed })).code).toBe('SignatureDoesNotMatch');
  });

  test.each(['retention', 'legal-hold', 'attributes', 'encryption', 'version%49d=x', '%61cl'])(
    'cannot be turned into something else by %s',
    (added) => {
      const request = presigned('');
      expect(faultOf(() => verify({ ...request, rawQuery: `${request.rawQuery}&${added}` }))).toMatchObject({
        code: 'AccessDenied',
        message: expect.stringContaining('does not cover') as string,
      });
    },
  );

  test('takes no header that it cannot cover, nor does a signed request', () => {
    for (const request of [presigned(''), signed()]) {
      const headers = { ...request.headers, 'x-sealgate-redundancy-class': 'ColdArchiveClass' };
      expect(faultOf(() => verify({ ...request, headers }))).toMatchObject({
        code: 'AccessDenied',
        message: expect.stringContaining('does not cover the header "x-sealgate-redundancy-class"') as string,
      });
    }
  });

  test('its end must be a number', () => {
    expect(faultOf(() => verify(presigned('', 'soon'))).message).toContain('seconds since epoch');
  });
});

test('whatever comes, only known faults come out', () => {
  const texts = fc.string({ unit: 'binary', maxLength: 20 });
  const pieces = fc.oneof(
    texts,
    fc.constantFrom('acl', 'Signature=', 'Expires=1', 'AWSAccessKeyId=A', '%', '%zz', '='),
  );
  const property = fc.property(fc.array(pieces), fc.array(fc.tuple(texts, texts)), texts, (query, headers, text) => {
    const lower = headers.map(([name, value]) => [`x-amz-${name.toLowerCase()}`, value]);
    const own = [['authorization', `AWS AKIAIOSFODNN7EXAMPLE:${text}`], ...lower];
    const request = { method: 'GET', rawPath: `/${text}`, headers: Object.fromEntries(own) as RequestHeaders };
    for (const rawQuery of [query.join('&'), '']) {
      try {
        verify({ ...request, rawQuery });
        throw new Error('accepted');
      } catch (error) {
        expect(isFault(error)).toBe(true);
      }
    }
  });
  fc.assert(property);
});

function dated(headers: RequestHeaders): RequestHeaders {
  return { 'x-amz-date': new Date(nowMs).toUTCString(), ...headers };
}
