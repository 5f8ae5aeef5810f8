import { createHmac } from 'node:crypto';
import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSigningKeyCache } from '../sigv4/signing-keys.ts';
import type { SigningCredential } from '../sigv4/types.ts';
import { parseFormAuthorization, requireField, verifyForm } from './authorization.ts';
import { fileNameOf, headersOfForm, withFileName } from './fields.ts';
import { postResponse, successRedirect } from './post-response.ts';
import example from './vectors/aws-example.json' with { type: 'json' };

const code = (expected: string, message = ''): object =>
  expect.objectContaining({ code: expected, message: expect.stringContaining(message) as string }) as object;
const credential: SigningCredential = {
  secretAccessKey: example.secretAccessKey,
  state: 'active',
  expiresAtMs: null,
  sessionToken: null,
};
const form = (changes: Readonly<Record<string, string | undefined>> = {}): ReadonlyMap<string, string> => {
  const fields = new Map(Object.entries(example.fields));
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) fields.delete(name);
    else fields.set(name, value);
  }
  return fields;
};

function verify(fields: ReadonlyMap<string, string>, known: SigningCredential | undefined = credential): void {
  const authorization = parseFormAuthorization(fields);
  if (authorization.kind === 'anonymous') throw new Error('anonymous');
  const signingKeys = createSigningKeyCache();
  verifyForm(authorization, { credential: known, nowMs: 0, region: 'us-east-1', signingKeys });
}

const signV2 = (policy: string): string => createHmac('sha1', example.secretAccessKey).update(policy).digest('base64');
const formV2 = (changes: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> =>
  new Map(
    Object.entries({ awsaccesskeyid: 'AKIAIOSFODNN7EXAMPLE', policy: 'cA==', signature: signV2('cA=='), ...changes }),
  );

describe('a signed form', () => {
  test('example of AWS', () => {
    expect(() => verify(form())).not.toThrow();
  });

  test.each([
    [{ policy: `${example.fields.policy}A` }, 'SignatureDoesNotMatch'],
    [{ 'x-amz-signature': 'A' }, 'SignatureDoesNotMatch'],
    [
      { 'x-amz-credential': 'AKIAIOSFODNN7EXAMPLE/20151229/eu-west-1/s3/aws4_request' },
      'AuthorizationQueryParametersError',
    ],
    [{ 'x-amz-credential': 'AKIAIOSFODNN7EXAMPLE' }, 'AuthorizationQueryParametersError'],
    [{ 'x-amz-date': '20151230T000000Z' }, 'InvalidArgument'],
    [{ 'x-amz-algorithm': 'AWS4-HMAC-SHA1' }, 'InvalidArgument'],
    [{ 'x-amz-security-token': 'token' }, 'InvalidToken'],
    [{ 'x-amz-signature': undefined }, 'InvalidArgument'],
    [{ policy: undefined }, 'InvalidArgument'],
    [{ 'x-amz-credential': undefined }, 'InvalidArgument'],
  ])('with %j: %s', (changes, expected) => {
    expect(() => verify(form(changes))).toThrow(code(expected));
  });

  test('of an unknown or disabled key', () => {
    expect(() => verify(form(), { ...credential, state: 'disabled' })).toThrow(code('InvalidAccessKeyId'));
    const authorization = parseFormAuthorization(form());
    if (authorization.kind === 'anonymous') throw new Error('anonymous');
    const options = { credential: undefined, nowMs: 0, region: 'us-east-1', signingKeys: createSigningKeyCache() };
    expect(() => verifyForm(authorization, options)).toThrow(code('InvalidAccessKeyId'));
  });

  test('version 2', () => {
    expect(() => verify(formV2())).not.toThrow();
    expect(() => verify(formV2({ policy: 'cB==' }))).toThrow(code('SignatureDoesNotMatch'));
    const temporary = { ...credential, sessionToken: 'token', expiresAtMs: 1 };
    expect(() => verify(formV2({ 'x-amz-security-token': 'token' }), temporary)).not.toThrow();
    expect(() => verify(formV2(), temporary)).toThrow(code('InvalidToken'));
    for (const missing of ['awsaccesskeyid', 'policy', 'signature']) {
      const fields = new Map(formV2());
      fields.delete(missing);
      expect(() => parseFormAuthorization(fields)).toThrow(code('InvalidArgument', 'must contain a field named'));
    }
  });

  test('or none', () => {
    expect(parseFormAuthorization(new Map([['key', 'a']]))).toEqual({ kind: 'anonymous' });
    expect(() => requireField(new Map(), 'key')).toThrow(code('InvalidArgument', "named 'key'"));
  });
});

describe('fields', () => {
  test.each([
    ['photo.jpg', 'photo.jpg'],
    ['/pictures/photo.jpg', 'photo.jpg'],
    ['C:\\pictures\\photo.jpg', 'photo.jpg'],
    ['', ''],
  ])('file name %s', (sent, expected) => {
    expect(fileNameOf(sent)).toBe(expected);
  });

  test('take the name of the file, literally', () => {
    const fields = new Map([
      ['key', 'u/${filename}'],
      ['x-amz-meta-name', '${filename}, ${filename}'],
      ['policy', '${filename}'],
    ]);
    expect(Object.fromEntries(withFileName(fields, "$&$'x"))).toEqual({
      key: "u/$&$'x",
      'x-amz-meta-name': "$&$'x, $&$'x",
      policy: '${filename}',
    });
  });

  test('become the headers of a PUT', () => {
    const fields = new Map([
      ['key', 'k'],
      ['acl', 'private'],
      ['content-type', ' text/plain '],
      ['x-amz-meta-name', 'ä'],
      ['x-amz-storage-class', 'STANDARD'],
      ['x-amz-copy-source', 'other/secret'],
      ['x-amz-credential', 'c'],
      ['policy', 'p'],
      ['authorization', 'AWS a:b'],
      ['content-length', '1'],
    ]);
    expect({ ...headersOfForm(fields) }).toEqual({
      'x-amz-acl': 'private',
      'content-type': 'text/plain',
      'x-amz-meta-name': 'Ã¤',
      'x-amz-storage-class': 'STANDARD',
    });
  });

  test.each([
    ['x-amz-meta-a b', ''],
    ['x-amz-meta-ä', ''],
    ['x-amz-meta-a', 'x\r\nset-cookie: y'],
    ['content-type', '\u0000'],
  ])('which %j: %j could not be', (name, value) => {
    expect(() => headersOfForm(new Map([[name, value]]))).toThrow(code('InvalidArgument'));
  });
});

describe('the answer', () => {
  const result = { location: 'http://s3/b/k', bucket: 'b', key: 'a&b c', etag: 'e' };

  test('as a document', () => {
    expect(postResponse(result)).toContain(
      '<PostResponse><Location>http://s3/b/k</Location><Bucket>b</Bucket><Key>a&amp;b c</Key><ETag>&quot;e&quot;</ETag></PostResponse>',
    );
  });

  test.each([
    ['http://h/p', 'http://h/p?bucket=b&key=a%26b+c&etag=%22e%22'],
    ['https://h/p?x=1#f', 'https://h/p?x=1&bucket=b&key=a%26b+c&etag=%22e%22#f'],
    ['javascript:alert(1)', undefined],
    ['/relative', undefined],
    [undefined, undefined],
  ])('as a redirect to %s', (address, expected) => {
    expect(successRedirect(address, result)).toBe(expected);
  });
});

test('whatever comes, only known faults come out', () => {
  const names = fc.oneof(fc.string(), fc.constantFrom(...Object.keys(example.fields), 'awsaccesskeyid', 'signature'));
  fc.assert(
    fc.property(fc.array(fc.tuple(names, fc.string({ unit: 'binary' }))), (entries) => {
      const fields = new Map(entries);
      try {
        headersOfForm(withFileName(fields, 'f'));
        verify(fields);
      } catch (error) {
        expect(isFault(error) || (error as Error).message === 'anonymous').toBe(true);
      }
    }),
  );
});
