import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkPostLength, checkPostPolicy, type PostPolicy, parsePostPolicy } from './policy.ts';

const code = (expected: string, message = ''): object =>
  expect.objectContaining({ code: expected, message: expect.stringContaining(message) as string }) as object;
const encode = (document: string): string => Buffer.from(document).toString('base64');
const parse = (document: unknown): PostPolicy => parsePostPolicy(encode(JSON.stringify(document)));
const expiration = '2026-11-21T12:00:00Z';
const nowMs = Date.parse(expiration) - 1;
const of = (...conditions: readonly unknown[]): PostPolicy => parse({ expiration, conditions });
const check = (policy: PostPolicy, fields: Readonly<Record<string, string>>): void =>
  checkPostPolicy(policy, new Map(Object.entries(fields)), nowMs);

describe('a policy is read', () => {
  test('with every kind of condition, names and operators in any case', () => {
    const policy = parse({
      expiration: '2026-11-21T12:00:00.123Z',
      conditions: [
        { bUcKeT: 'b' },
        ['EQ', '$AcL', 'private'],
        ['StArTs-WiTh', '$KeY', 'user/'],
        ['content-length-range', 1, '10'],
      ],
    });
    expect(policy).toEqual({
      expiresAtMs: Date.parse('2026-11-21T12:00:00.123Z'),
      conditions: [
        { match: 'eq', field: 'bucket', value: 'b' },
        { match: 'eq', field: 'acl', value: 'private' },
        { match: 'starts-with', field: 'key', value: 'user/' },
        { match: 'content-length-range', min: 1, max: 10 },
      ],
    });
  });

  test('with the escapes that AWS has beyond JSON', () => {
    const document = String.raw`{"expiration":"${expiration}","conditions":[{"a":"\$x\v\\$\u0024"}]}`;
    expect(parsePostPolicy(encode(document)).conditions).toEqual([{ match: 'eq', field: 'a', value: '$x\v\\$$' }]);
  });

  test.each([
    ['nothing', ''],
    ['no base64', '*'],
    ['no JSON', encode('{')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]).toString('base64')],
    ['a list', encode('[]')],
    ['null', encode('null')],
    ['no expiration', encode('{"conditions":[]}')],
    ['no conditions', encode(`{"expiration":"${expiration}"}`)],
    ['another case', encode(`{"expiration":"${expiration}","CONDITIONS":[]}`)],
    ['another date', encode('{"expiration":"2026-11-21 12:00:00+00:00","conditions":[]}')],
    ['no date', encode('{"expiration":"2026-13-41T12:00:00Z","conditions":[]}')],
    ['conditions of another kind', encode(`{"expiration":"${expiration}","conditions":{}}`)],
  ])('but not when it is %s', (_, text) => {
    expect(() => parsePostPolicy(text)).toThrow(code('InvalidPolicyDocument'));
  });

  test.each([
    [{}],
    [{ a: 'b', c: 'd' }],
    [{ a: 1 }],
    [null],
    ['eq'],
    [['like', '$a', 'b']],
    [['eq', 'a', 'b']],
    [['eq', '$a']],
    [['eq', '$a', 'b', 'c']],
    [['content-length-range', 0]],
    [['content-length-range', -1, 0]],
    [['content-length-range', 2, 1]],
    [['content-length-range', 0.5, 1]],
    [['content-length-range', [], 1]],
  ])('nor with the condition %j', (condition) => {
    expect(() => of(condition)).toThrow(code('InvalidPolicyDocument'));
  });
});

describe('a form is held against its policy', () => {
  const policy = of({ bucket: 'b' }, ['starts-with', '$key', 'user/'], ['starts-with', '$content-type', 'image/']);
  const form = { bucket: 'b', key: 'user/x', 'content-type': 'image/png' };

  test('which must cover every field but those of the signature and the ignored', () => {
    expect(() => check(policy, form)).not.toThrow();
    const more = { policy: '', signature: '', 'x-amz-signature': '', awsaccesskeyid: '', 'x-ignore-it': '' };
    expect(() => check(policy, { ...form, ...more, 'x-amz-checksum-crc32': '' })).not.toThrow();
    expect(() => check(policy, { ...form, 'x-amz-meta-a': '1', acl: 'private' })).toThrow(
      code('AccessDenied', 'Extra input fields: x-amz-meta-a, acl'),
    );
  });

  test('which must hold for what is there and what is not', () => {
    expect(() => check(policy, { ...form, bucket: 'c' })).toThrow(code('AccessDenied', '["eq", "$bucket", "b"]'));
    expect(() => check(policy, { ...form, key: 'other' })).toThrow(code('AccessDenied', 'Policy Condition failed'));
    expect(() => check(policy, { bucket: 'b', key: 'user/x' })).toThrow(code('AccessDenied', '$content-type'));
    for (const fields of [{ a: '' }, {}, { a: 'x' }]) {
      expect(() => check(of(['starts-with', '$a', '']), fields)).not.toThrow();
    }
    expect(() => check(of(['eq', '$a', '']), { a: 'x' })).toThrow(code('AccessDenied'));
  });

  test('a list of content types one by one', () => {
    expect(() => check(policy, { ...form, 'content-type': 'image/png, image/gif' })).not.toThrow();
    expect(() => check(policy, { ...form, 'content-type': 'image/png,text/html' })).toThrow(code('AccessDenied'));
  });

  test('until it ends', () => {
    expect(() => checkPostPolicy(policy, new Map(Object.entries(form)), nowMs + 1)).toThrow(
      code('AccessDenied', 'Policy expired'),
    );
  });

  test('its length, too', () => {
    const lengths = of(['content-length-range', 2, 5], ['content-length-range', 0, 4]);
    for (const bytes of [2, 4]) expect(() => checkPostLength(lengths, bytes)).not.toThrow();
    expect(() => checkPostLength(lengths, 1)).toThrow(code('EntityTooSmall'));
    expect(() => checkPostLength(lengths, 5)).toThrow(code('EntityTooLarge'));
    expect(() => checkPostLength(policy, 1e15)).not.toThrow();
  });
});

test('whatever comes, only a known fault comes out', () => {
  const documents = fc.oneof(fc.json(), fc.string({ unit: 'binary' }), fc.array(fc.anything()).map(textOf));
  fc.assert(
    fc.property(documents, (text) => {
      for (const document of [text, `{"expiration":"${expiration}","conditions":[${text}]}`]) {
        try {
          parsePostPolicy(encode(document));
        } catch (error) {
          expect(isFault(error, 'InvalidPolicyDocument')).toBe(true);
        }
      }
    }),
  );
});

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '[]';
  }
}
