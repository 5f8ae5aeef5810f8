import { expect, test } from 'vitest';
import { parsePolicyDocument } from './policy-document.ts';
import { isPublicPolicy } from './public.ts';

function isPublic(change: Readonly<Record<string, unknown>>): boolean {
  const statement = {
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:GetObject',
    Resource: 'arn:aws:s3:::b/*',
    ...change,
  };
  const text = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  return isPublicPolicy(parsePolicyDocument(text, { kind: 'bucket', bucket: 'b' }));
}

const when = (operator: string, key: string, value: unknown): object => ({
  Condition: { [operator]: { [key]: value } },
});

test.each([
  [{}, true],
  [{ Principal: { AWS: '*' } }, true],
  [{ Principal: { AWS: ['acme', '*'] } }, true],
  [{ Principal: { AWS: 'arn:aws:iam::acme:root' } }, false],
  [{ Principal: { Service: 'logging.s3.amazonaws.com' } }, false],
  [{ Effect: 'Deny' }, false],
  [{ Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS: 'acme' } }, false],
  [when('IpAddress', 'aws:SourceIp', '10.0.0.0/8'), false],
  [when('IpAddress', 'aws:SourceIp', ['10.0.0.0/8', '2001:db8::/32']), false],
  [when('IpAddress', 'aws:SourceIp', '0.0.0.0/1'), true],
  [when('IpAddress', 'aws:SourceIp', ['10.0.0.0/8', '0.0.0.0/0']), true],
  [when('IpAddress', 'aws:SourceIp', '2000::/3'), true],
  [when('IpAddressIfExists', 'aws:SourceIp', '10.0.0.0/8'), true],
  [when('NotIpAddress', 'aws:SourceIp', '10.0.0.0/8'), true],
  [when('StringEquals', 'aws:SourceVpc', 'vpc-1'), false],
  [when('StringLike', 'aws:SourceVpc', 'vpc-*'), true],
  [when('StringEquals', 'aws:SourceVpc', ['vpc-1', 'vpc-*']), true],
  [when('StringNotEquals', 'aws:SourceVpc', 'vpc-1'), true],
  [when('StringEqualsIfExists', 'aws:SourceVpc', 'vpc-1'), true],
  [when('ForAllValues:StringEquals', 'aws:PrincipalOrgPaths', 'o/r'), true],
  [when('ForAnyValue:StringEquals', 'aws:PrincipalOrgPaths', 'o/r'), false],
  [when('StringEquals', 'aws:userid', '${aws:userid}'), true],
  [when('ArnEquals', 'aws:PrincipalArn', 'arn:aws:iam::acme:user/ann'), false],
  [when('StringEquals', 'aws:Referer', 'https://example.com/'), true],
  [when('Bool', 'aws:SecureTransport', 'true'), true],
])('%j: %s', (change, expected) => {
  expect(isPublic(change)).toBe(expected);
});
