import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SignedRequest } from '../request.ts';
import { parseAuthorization } from './authorization.ts';
import { uriEncode, uriEncodePath } from './encoding.ts';
import { presignUrl, signRequest } from './sign.ts';
import { createSigningKeyCache } from './signing-keys.ts';
import type { SigningCredential, VerifiedRequest } from './types.ts';
import vectors from './vectors/aws-examples.json' with { type: 'json' };
import { type VerifySignatureOptions, verifySignature } from './verify.ts';

/** Any UTF-16 code unit of the first nine thousand: control characters, Latin-1, more; no surrogates. */
const anyCharacter = fc.integer({ min: 0, max: 0x23ff }).map((unit) => String.fromCharCode(unit));

const nowMs = Date.parse('2026-11-21T12:00:00Z');
const region = 'eu-sovereign-1';
const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const credential: SigningCredential = {
  secretAccessKey: credentials.secretAccessKey,
  state: 'active',
  expiresAtMs: null,
  sessionToken: null,
};
const signingKeys = createSigningKeyCache({ entriesMax: 4 });

function verify(request: SignedRequest, options: Partial<VerifySignatureOptions> = {}): VerifiedRequest {
  const authorization = parseAuthorization(request);
  if (authorization.kind !== 'sigv4') throw new Error(`not signed: ${authorization.kind}`);
  const known = authorization.accessKeyId === credentials.accessKeyId ? credential : undefined;
  return verifySignature(request, { authorization, credential: known, nowMs, region, signingKeys, ...options });
}

function signed(overrides: Partial<Parameters<typeof signRequest>[0]> = {}): SignedRequest {
  const request = {
    credentials,
    region,
    nowMs,
    method: 'GET',
    rawPath: '/bucket/a%20key',
    rawQuery: 'prefix=a%2Fb&x-id=GetObject',
    headers: { host: 'localhost:9000', 'x-amz-meta-a': 'b' },
    payloadHash: 'UNSIGNED-PAYLOAD',
    ...overrides,
  };
  const { headers } = signRequest(request);
  return { method: request.method, rawPath: request.rawPath, rawQuery: request.rawQuery, headers };
}

function presigned(overrides: Partial<Parameters<typeof presignUrl>[0]> = {}): SignedRequest {
  const url = presignUrl({
    credentials,
    region,
    nowMs,
    method: 'GET',
    origin: 'http://localhost:9000',
    rawPath: '/bucket/key',
    expiresSeconds: 60,
    ...overrides,
  });
  const target = new URL(url);
  return {
    method: 'GET',
    rawPath: target.pathname,
    rawQuery: target.search.slice(1),
    headers: { host: target.host, ...overrides.headers },
  };
}

const fault = (code: string, detail: Record<string, unknown> = {}): object =>
  expect.objectContaining({ code, detail: expect.objectContaining(detail) as unknown }) as object;

describe('a request signed by AWS', () => {
  test.each(vectors.header)('$name', (example) => {
    const headers = {
      ...(example.headers as unknown as Record<string, string>),
      'x-amz-date': '20130524T000000Z',
      'x-amz-content-sha256': example.payloadHash,
    };
    const names = Object.keys(headers).sort().join(';');
    const authorization = `AWS4-HMAC-SHA256 Credential=${vectors.accessKeyId}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${names},Signature=${example.signature}`;
    const request = { ...example, headers: { ...headers, authorization } };
    const options = { nowMs: Date.parse(vectors.time), region: vectors.region };
    expect(verify(request, options).accessKeyId).toBe(vectors.accessKeyId);
    // AWS puts blanks behind the commas in its own examples.
    const spaced = { ...request, headers: { ...headers, authorization: authorization.replaceAll(',', ', ') } };
    expect(verify(spaced, options).signedHeaders.join(';')).toBe(names);
  });

  test('the presigned example', () => {
    const rawQuery = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${uriEncode(`${vectors.accessKeyId}/20130524/us-east-1/s3/aws4_request`)}&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=${vectors.presigned.signature}`;
    const headers = { host: 'examplebucket.s3.amazonaws.com' };
    const request = { method: 'GET', rawPath: '/test.txt', rawQuery, headers };
    const verified = verify(request, { nowMs: Date.parse(vectors.time), region: vectors.region });
    expect(verified).toMatchObject({ via: 'query', payload: { kind: 'unsigned' } });
  });
});

describe('what a signature is about', () => {
  test('payload kinds', () => {
    const kind = (payloadHash: string): object => verify(signed({ payloadHash })).payload;
    expect(kind('UNSIGNED-PAYLOAD')).toEqual({ kind: 'unsigned' });
    expect(kind('A'.repeat(64))).toEqual({ kind: 'signed', sha256: 'a'.repeat(64) });
    expect(kind('STREAMING-UNSIGNED-PAYLOAD-TRAILER')).toEqual({ kind: 'streaming-unsigned-trailer' });
    expect(kind('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')).toMatchObject({
      kind: 'streaming-signed',
      trailer: false,
      amzDate: '20261121T120000Z',
      scope: '20261121/eu-sovereign-1/s3/aws4_request',
    });
    expect(kind('STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER')).toMatchObject({ trailer: true });
    expect(() => kind('nonsense')).toThrow(fault('InvalidArgument', { ArgumentName: 'x-amz-content-sha256' }));
    expect(() => kind('STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD')).toThrow(fault('NotImplemented'));
  });

  test('a client may sign exactly what it sends instead of its canonical form', () => {
    // Sent and signed with "(" and "%2f" as they are; the canonical form would be "%28" and "/".
    const raw = { rawPath: '/bucket/a%2fb(1)', rawQuery: 'prefix=(a)' };
    const { headers } = signed({ rawPath: '/bucket/a/b%281%29', rawQuery: 'prefix=%28a%29' });
    expect(verify({ method: 'GET', ...raw, headers }).via).toBe('header');
  });

  test('repeated headers are joined by a comma, runs of blanks are one blank', () => {
    const { headers, ...request } = signed({ headers: { host: 'h', 'x-amz-meta-a': 'one,two  three' } });
    expect(verify({ ...request, headers: { ...headers, 'x-amz-meta-a': ['one', '  two three '] } })).toBeTruthy();
  });

  test('bytes of UTF-8 in a header survive', () => {
    const value = Buffer.from('à la carte à', 'utf8').toString('latin1');
    expect(verify(signed({ headers: { host: 'h', 'x-amz-meta-a': value } }))).toBeTruthy();
  });
});

describe('refused as AWS refuses it', () => {
  test('another region names the right one', () => {
    const detail = { Region: region };
    expect(() => verify(signed({ region: 'us-east-1' }))).toThrow(fault('AuthorizationHeaderMalformed', detail));
    expect(() => verify(signed({ region: 'us-east-1' }))).toThrow("the region 'us-east-1' is wrong; expecting 'eu-sov");
    expect(() => verify(presigned({ region: 'x' }))).toThrow(fault('AuthorizationQueryParametersError', detail));
  });

  test('another service', () => {
    expect(() => verify(signed({ service: 'ec2' }))).toThrow('incorrect service "ec2"');
  });

  test('an unknown or disabled access key', () => {
    expect(() => verify(signed(), { credential: undefined })).toThrow(fault('InvalidAccessKeyId'));
    const disabled = { ...credential, state: 'disabled' as const };
    expect(() => verify(signed(), { credential: disabled })).toThrow(fault('InvalidAccessKeyId'));
  });

  test('more than a quarter of an hour of skew, either way', () => {
    const skew = 15 * 60 * 1000;
    for (const by of [skew, -skew]) expect(verify(signed(), { nowMs: nowMs + by })).toBeTruthy();
    for (const by of [skew + 1000, -skew - 1000]) {
      expect(() => verify(signed(), { nowMs: nowMs + by })).toThrow(
        fault('RequestTimeTooSkewed', { MaxAllowedSkewMilliseconds: 900_000, RequestTime: '20261121T120000Z' }),
      );
    }
  });

  test('a presigned URL after its end and before its beginning', () => {
    expect(verify(presigned(), { nowMs: nowMs + 60_000 })).toBeTruthy();
    expect(() => verify(presigned(), { nowMs: nowMs + 60_001 })).toThrow('Request has expired');
    expect(() => verify(presigned(), { nowMs: nowMs - 16 * 60_000 })).toThrow('Request is not valid yet');
  });

  test('a header that somebody added', () => {
    const { headers, ...request } = signed();
    for (const [name, value] of [
      ['x-amz-acl', 'public-read'],
      ['x-sealgate-encryption', 'off'],
    ] as const) {
      for (const sent of [signed(), presigned()]) {
        const added = { ...sent, headers: { ...sent.headers, [name]: value } };
        expect(() => verify(added)).toThrow(fault('AccessDenied', { HeadersNotSigned: name }));
      }
    }
    expect(verify({ ...request, headers: { ...headers, 'user-agent': 'curl' } })).toBeTruthy();
  });

  test('the wrong secret', () => {
    const other = { ...credential, secretAccessKey: 'other' };
    const attempt = (): unknown => verify(signed(), { credential: other });
    expect(attempt).toThrow(fault('SignatureDoesNotMatch', { AWSAccessKeyId: credentials.accessKeyId }));
  });

  test('session tokens', () => {
    const temporary = { ...credential, sessionToken: 'token', expiresAtMs: nowMs + 1 };
    const withToken = signed({ credentials: { ...credentials, sessionToken: 'token' } });
    expect(verify(withToken, { credential: temporary })).toBeTruthy();
    expect(() => verify(withToken, { credential: { ...temporary, expiresAtMs: nowMs } })).toThrow(
      fault('ExpiredToken'),
    );
    expect(() => verify(withToken)).toThrow(fault('InvalidToken'));
    expect(() => verify(signed(), { credential: temporary })).toThrow(fault('InvalidToken'));
    const url = presigned({ credentials: { ...credentials, sessionToken: 'token' } });
    expect(verify(url, { credential: temporary })).toBeTruthy();
  });
});

describe('properties', () => {
  const key = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 40 }).filter((text) => text.isWellFormed());
  const value = fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
    minLength: 1,
  });
  const query = fc.array(fc.tuple(fc.stringMatching(/^[a-zA-Z-]{1,8}$/), key), { maxLength: 4 });
  const request = fc.record({
    method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD'),
    rawPath: key.map((text) => `/bucket/${uriEncodePath(text)}`),
    rawQuery: query.map((pairs) => pairs.map(([name, text]) => `${name}=${uriEncode(text)}`).join('&')),
    headers: value.map((text) => ({ host: 'localhost', 'x-amz-meta-a': text })),
  });

  test('what was signed verifies', () => {
    fc.assert(
      fc.property(request, (parts) => {
        verify(signed(parts));
        const { method, rawPath, rawQuery } = parts;
        verify({ ...presigned({ rawPath, rawQuery, method }), method });
      }),
    );
  });

  test('any change of a signed byte is refused by a Fault', () => {
    const change = fc.record({
      where: fc.constantFrom(
        'method',
        'rawPath',
        'rawQuery',
        'host',
        'x-amz-date',
        'x-amz-content-sha256',
        'authorization',
      ),
      at: fc.nat(),
      to: fc.integer({ min: 0x21, max: 0x7e }),
    });
    fc.assert(
      fc.property(request, change, (parts, { where, at, to }) => {
        const original = signed(parts);
        const { headers } = original;
        const mutate = (text: string): string => {
          const index = at % Math.max(1, text.length);
          return text.slice(0, index) + String.fromCharCode(to) + text.slice(index + 1);
        };
        const inRequest = where === 'method' || where === 'rawPath' || where === 'rawQuery';
        const before = inRequest ? original[where] : (headers[where] as string);
        const after = mutate(before);
        fc.pre(!sameMeaning(before, after));
        const changed = inRequest
          ? { ...original, [where]: after }
          : { ...original, headers: { ...headers, [where]: after } };
        expect(isFaultThrown(() => verify(changed))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

/** Encodings of one text: the canonical form is the same by design. */
function sameMeaning(a: string, b: string): boolean {
  const recode = (text: string): string => {
    try {
      return decodeURIComponent(text.replaceAll('+', ' '))
        .split('&')
        .filter(Boolean)
        .sort()
        .join('&')
        .replaceAll('=', '');
    } catch {
      return text;
    }
  };
  return a === b || recode(a) === recode(b);
}

function isFaultThrown(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (error) {
    if (isFault(error)) return true;
    // An Authorization that is no SigV4 any more does not reach the verifier.
    return error instanceof Error && error.message.startsWith('not signed');
  }
}
