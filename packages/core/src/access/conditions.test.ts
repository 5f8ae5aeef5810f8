import { describe, expect, test } from 'vitest';
import { conditionHolds, parseConditions } from './conditions.ts';

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

/** Whether `{operator: {key: value}}` holds where the request's keys have these values. */
function holds(block: unknown, request: Readonly<Record<string, string | readonly string[]>> = {}): boolean {
  return parseConditions(block, true).every((condition) =>
    conditionHolds(condition, (key) => {
      const value = request[key];
      return typeof value === 'string' ? [value] : value;
    }),
  );
}

const ip = (operator: string, range: unknown, address: string): boolean =>
  holds({ [operator]: { 'aws:SourceIp': range } }, { 'aws:sourceip': address });
const at = (operator: string, time: string, now: string): boolean =>
  holds({ [operator]: { 'aws:CurrentTime': time } }, { 'aws:currenttime': now });
const prefix = (operator: string, value: unknown, given: string): boolean =>
  holds({ [operator]: { 's3:prefix': value } }, { 's3:prefix': given });
const keys = (operator: string, value: unknown, given: string): boolean =>
  holds({ [operator]: { 's3:max-keys': value } }, { 's3:max-keys': given });

test('strings', () => {
  expect(prefix('StringEquals', 'a', 'a')).toBe(true);
  expect(prefix('StringEquals', ['b', 'a'], 'a')).toBe(true);
  expect(prefix('StringEquals', 'A', 'a')).toBe(false);
  expect(prefix('StringEquals', 'a*', 'ab')).toBe(false);
  expect(prefix('StringEqualsIgnoreCase', 'A', 'a')).toBe(true);
  expect(prefix('StringNotEquals', ['a', 'b'], 'a')).toBe(false);
  expect(prefix('StringNotEquals', ['a', 'b'], 'c')).toBe(true);
  expect(prefix('StringNotEqualsIgnoreCase', 'A', 'a')).toBe(false);
  expect(prefix('StringLike', 'home/*', 'home/x')).toBe(true);
  expect(prefix('StringNotLike', 'home/*', 'home/x')).toBe(false);
});

test('numbers, booleans and bytes', () => {
  expect(keys('NumericLessThanEquals', '10', '10')).toBe(true);
  expect(keys('NumericLessThan', 10, '10')).toBe(false);
  expect(keys('NumericGreaterThan', '9.5', '10')).toBe(true);
  expect(keys('NumericGreaterThanEquals', '11', '10')).toBe(false);
  expect(keys('NumericEquals', '10', '10.0')).toBe(true);
  expect(keys('NumericNotEquals', '10', '11')).toBe(true);
  expect(keys('NumericLessThan', '10', 'many')).toBe(false);
  expect(holds({ Bool: { 'aws:SecureTransport': false } }, { 'aws:securetransport': 'false' })).toBe(true);
  expect(holds({ Bool: { 'aws:SecureTransport': 'TRUE' } }, { 'aws:securetransport': 'false' })).toBe(false);
  expect(prefix('BinaryEquals', 'QUJD', 'QUJD')).toBe(true);
});

test('dates, in ISO 8601 and in seconds', () => {
  expect(at('DateGreaterThan', '2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z')).toBe(true);
  expect(at('DateLessThan', '2026-01-01', '2026-01-01T00:00:01Z')).toBe(false);
  expect(at('DateEquals', '1767225600', '2026-01-01T00:00:00Z')).toBe(true);
  expect(at('DateNotEquals', '2026-01-01T01:00:00+01:00', '2026-01-01T00:00:00Z')).toBe(false);
});

test('addresses', () => {
  expect(ip('IpAddress', '10.0.0.0/8', '10.1.2.3')).toBe(true);
  expect(ip('IpAddress', '10.0.0.0/8', '::ffff:10.1.2.3')).toBe(true);
  expect(ip('IpAddress', ['192.0.2.1', '2001:db8::/32'], '2001:db8:1::1')).toBe(true);
  expect(ip('IpAddress', '10.0.0.0/8', '2001:db8::1')).toBe(false);
  expect(ip('IpAddress', '10.0.0.0/8', 'nonsense')).toBe(false);
  expect(ip('NotIpAddress', '10.0.0.0/8', '11.0.0.1')).toBe(true);
  expect(ip('NotIpAddress', '10.0.0.0/8', '10.0.0.1')).toBe(false);
});

test('ARNs part by part', () => {
  const arn = (operator: string, value: string): boolean =>
    holds({ [operator]: { 'aws:PrincipalArn': value } }, { 'aws:principalarn': 'arn:aws:iam::acme:user/a:b' });
  expect(arn('ArnLike', 'arn:aws:iam::acme:user/*')).toBe(true);
  expect(arn('ArnEquals', 'arn:aws:iam::*:user/a:b')).toBe(true);
  expect(arn('ArnLike', 'arn:*:user/a:b')).toBe(false);
  expect(arn('ArnNotLike', 'arn:aws:iam::acme:*')).toBe(false);
  expect(arn('ArnNotEquals', 'arn:aws:iam::other:*')).toBe(true);
});

describe('an absent key', () => {
  test.each([
    ['StringEquals', false],
    ['StringNotEquals', true],
    ['StringEqualsIfExists', true],
    ['StringNotEqualsIfExists', true],
    ['IpAddress', false],
    ['NotIpAddress', true],
    ['ForAllValues:StringEquals', true],
    ['ForAnyValue:StringEquals', false],
    ['ForAnyValue:StringNotEquals', false],
  ])('%s: %s', (operator, expected) => {
    const value = operator.includes('Ip') ? '10.0.0.0/8' : 'x';
    expect(holds({ [operator]: { 'aws:Referer': value } })).toBe(expected);
  });

  test('Null asks for it', () => {
    const block = (value: unknown): object => ({ Null: { 's3:x-amz-server-side-encryption': value } });
    expect(holds(block('true'))).toBe(true);
    expect(holds(block(false))).toBe(false);
    expect(holds(block('true'), { 's3:x-amz-server-side-encryption': 'AES256' })).toBe(false);
  });
});

test('keys with several values', () => {
  const tags = (operator: string, given: readonly string[]): boolean =>
    holds({ [operator]: { 's3:RequestObjectTagKeys': ['a', 'b'] } }, { 's3:requestobjecttagkeys': given });
  expect(tags('ForAllValues:StringEquals', ['a', 'b'])).toBe(true);
  expect(tags('ForAllValues:StringEquals', ['a', 'c'])).toBe(false);
  expect(tags('ForAnyValue:StringEquals', ['a', 'c'])).toBe(true);
  expect(tags('ForAnyValue:StringNotEquals', ['a', 'c'])).toBe(true);
  expect(tags('ForAllValues:StringNotEquals', ['a', 'c'])).toBe(false);
  expect(tags('StringNotEquals', ['a', 'c'])).toBe(false);
});

test('every operator and every key must hold; the tag of a key has a case, the rest has none', () => {
  const both = { StringEquals: { 's3:prefix': 'a', 's3:delimiter': '/' } };
  expect(holds(both, { 's3:prefix': 'a', 's3:delimiter': '/' })).toBe(true);
  expect(holds(both, { 's3:prefix': 'a' })).toBe(false);
  const tag = { StringEquals: { 'S3:existingObjectTag/Team': 'x' } };
  expect(holds(tag, { 's3:existingobjecttag/Team': 'x' })).toBe(true);
  expect(holds(tag, { 's3:existingobjecttag/team': 'x' })).toBe(false);
});

test.each([
  { StringSimilar: { 's3:prefix': 'a' } },
  { NullIfExists: { 's3:prefix': 'true' } },
  { stringequals: { 's3:prefix': 'a' } },
  { StringEquals: { 's3:prefixes': 'a' } },
  { StringEquals: { prefix: 'a' } },
  { StringEquals: { 's3:ExistingObjectTag/': 'a' } },
  { StringEquals: { 's3:prefix': {} } },
  { StringEquals: { 's3:prefix': [] } },
  { StringEquals: { 's3:prefix': '${a,b}' } },
  { StringEquals: 'x' },
  { NumericEquals: { 's3:max-keys': 'ten' } },
  { DateEquals: { 'aws:CurrentTime': 'yesterday' } },
  { Bool: { 'aws:SecureTransport': 'yes' } },
  { Null: { 's3:prefix': 'maybe' } },
  { IpAddress: { 'aws:SourceIp': '10.0.0.0/33' } },
  { IpAddress: { 'aws:SourceIp': '0x7f.1' } },
  { IpAddress: { 'aws:SourceIp': 'fe80::1%eth0' } },
  'x',
  [],
])('%j is refused', (block) => {
  expect(() => holds(block)).toThrow(code('MalformedPolicy'));
});
