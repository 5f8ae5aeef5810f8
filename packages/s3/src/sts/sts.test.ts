import { Fault, type FaultCode, faultTable } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseXml, textOf } from '../xml/reader.ts';
import { assumeRoleWithWebIdentityResponse, getSessionTokenResponse } from './answers.ts';
import { toQueryApiError } from './errors.ts';
import { parseQueryApiCall, parseStsRequest } from './request.ts';

const parse = (fields: Record<string, string>) =>
  parseStsRequest(parseQueryApiCall(new URLSearchParams({ Version: '2011-06-15', ...fields }).toString()));
const role = { RoleArn: 'arn:aws:iam::acme:role/backup', RoleSessionName: 'nightly' };

describe('requests', () => {
  it('are read with their defaults', () => {
    expect(parse({ Action: 'GetSessionToken' })).toEqual({ action: 'GetSessionToken', durationSeconds: 43_200 });
    expect(parse({ Action: 'GetSessionToken', DurationSeconds: '900' })).toMatchObject({ durationSeconds: 900 });
    expect(parse({ Action: 'GetCallerIdentity' })).toEqual({ action: 'GetCallerIdentity' });
    expect(parse({ Action: 'AssumeRole', ...role, Policy: '{"é": 1}' })).toEqual({
      action: 'AssumeRole',
      roleArn: role.RoleArn,
      roleSessionName: 'nightly',
      policy: '{"é": 1}',
      durationSeconds: null,
    });
    expect(
      parse({ Action: 'AssumeRoleWithWebIdentity', ...role, WebIdentityToken: 'a.b.c', DurationSeconds: '43200' }),
    ).toMatchObject({ webIdentityToken: 'a.b.c', durationSeconds: 43_200, policy: null });
  });

  it.each<[FaultCode, Record<string, string>]>([
    ['MissingAction', {}],
    ['InvalidAction', { Action: 'AssumeRoleWithSAML' }],
    ['InvalidAction', { Action: 'ListRoles', Version: '2010-05-08' }],
    ['InvalidAction', { Action: 'GetCallerIdentity', Version: '2012-01-01' }],
    ['InvalidAction', { Action: 'GetCallerIdentity', Version: 'constructor' }],
    ['ValidationFailed', { Action: 'GetSessionToken', DurationSeconds: '899' }],
    ['ValidationFailed', { Action: 'GetSessionToken', DurationSeconds: '129601' }],
    ['ValidationFailed', { Action: 'GetSessionToken', DurationSeconds: '1e3' }],
    ['AccessDenied', { Action: 'GetSessionToken', SerialNumber: 'x', TokenCode: '123456' }],
    ['ValidationFailed', { Action: 'AssumeRole', ...role, DurationSeconds: '43201' }],
    ['ValidationFailed', { Action: 'AssumeRole', ...role, RoleSessionName: 'a' }],
    ['ValidationFailed', { Action: 'AssumeRole', ...role, RoleSessionName: 'a b' }],
    ['ValidationFailed', { Action: 'AssumeRole', ...role, RoleArn: 'short' }],
    ['ValidationFailed', { Action: 'AssumeRole', ...role, Policy: '' }],
    ['ValidationFailed', { Action: 'AssumeRole', ...role, Policy: 'x'.repeat(2049) }],
    ['ValidationFailed', { Action: 'AssumeRole', ...role, Policy: '\u0100' }],
    ['ValidationFailed', { Action: 'AssumeRole', ...role, ExternalId: 'x' }],
    ['ValidationFailed', { Action: 'AssumeRole', ...role, 'PolicyArns.member.1.arn': 'x' }],
    ['ValidationFailed', { Action: 'AssumeRole', ...role, 'PolicyArns.member.2.arn': 'x' }],
    ['ValidationFailed', { Action: 'AssumeRole', ...role, 'Tags.member.1.Key': 'x' }],
    ['ValidationFailed', { Action: 'AssumeRoleWithWebIdentity', ...role }],
    ['ValidationFailed', { Action: 'AssumeRoleWithWebIdentity', ...role, WebIdentityToken: 'x'.repeat(20_001) }],
    ['ValidationFailed', { Action: 'AssumeRoleWithWebIdentity', ...role, WebIdentityToken: 'a.b.c', ProviderId: 'x' }],
  ])('%s: %j', (code, fields) => {
    expect(() => parse(fields)).toThrow(expect.objectContaining({ code }));
  });

  it('never repeat a token in what they say', () => {
    const token = `secret${'x'.repeat(20_000)}`;
    expect(() => parse({ Action: 'AssumeRoleWithWebIdentity', ...role, WebIdentityToken: token })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') as string }),
    );
  });

  it('fail in known ways only', () => {
    const names = ['Action', 'Version', 'RoleArn', 'RoleSessionName', 'Policy', 'DurationSeconds', 'WebIdentityToken'];
    const values = [
      'AssumeRole',
      'AssumeRoleWithWebIdentity',
      'GetSessionToken',
      '2011-06-15',
      '%',
      '%ff',
      '+',
      '1000',
    ];
    const pair = fc.tuple(
      fc.oneof(fc.constantFrom(...names), fc.string()),
      fc.oneof(fc.constantFrom(...values), fc.string()),
    );
    const body = fc.array(pair, { maxLength: 12 }).map((pairs) => pairs.map((p) => p.join('=')).join('&'));
    fc.assert(
      fc.property(body, (form) => {
        try {
          parseStsRequest(parseQueryApiCall(form));
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          expect(['MissingAction', 'InvalidAction', 'ValidationFailed', 'AccessDenied']).toContain(error.code);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

const credentials = {
  accessKeyId: 'SGTKEXAMPLE',
  secretAccessKey: 'a+b/c=',
  sessionToken: '<token>',
  expiresAtMs: Date.UTC(2026, 10, 21, 12, 0, 0, 999),
};

describe('answers', () => {
  it('are the documents of STS', () => {
    expect(getSessionTokenResponse(credentials, 'ID')).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>
<GetSessionTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetSessionTokenResult><Credentials><AccessKeyId>SGTKEXAMPLE</AccessKeyId><SecretAccessKey>a+b/c=</SecretAccessKey><SessionToken>&lt;token&gt;</SessionToken><Expiration>2026-11-21T12:00:00Z</Expiration></Credentials></GetSessionTokenResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></GetSessionTokenResponse>`,
    );
    const assumed = { credentials, arn: 'arn', assumedRoleId: 'id:n', packedPolicySize: 3 };
    const who = { subject: 'repo:a/b', audience: 'sts', provider: 'https://token.example' };
    const text = assumeRoleWithWebIdentityResponse({ ...assumed, ...who }, 'ID');
    const result = parseXml(text, 'AssumeRoleWithWebIdentityResponse').children[0];
    expect(result?.children.map(({ name }) => name)).toEqual([
      'SubjectFromWebIdentityToken',
      'Audience',
      'Provider',
      'AssumedRoleUser',
      'Credentials',
      'PackedPolicySize',
      'SessionTokenSize',
    ]);
  });
});

describe('errors', () => {
  it('say the code that clients of the query protocol know', () => {
    const fault = new Fault('InvalidAccessKeyId', 'There is no such key.');
    const { status, body } = toQueryApiError(fault, { service: 'sts', requestId: 'ID' });
    expect(status).toBe(403);
    expect(body).toContain('<Code>InvalidClientTokenId</Code>');
    const iam = toQueryApiError(new Fault('InvalidAction', 'x'), { service: 'iam', requestId: 'ID' });
    expect(iam.body).toContain('https://iam.amazonaws.com/doc/2010-05-08/');
    expect(iam.status).toBe(400);
  });

  it.each(Object.keys(faultTable) as FaultCode[])('%s has an answer', (code) => {
    const { status, body } = toQueryApiError(new Fault(code, 'Why & how.'), { service: 'sts', requestId: 'ID' });
    const [error, requestId] = parseXml(body, 'ErrorResponse').children;
    expect(error === undefined ? undefined : textOf(error, 'Message')).toBe('Why & how.');
    expect(error === undefined ? undefined : textOf(error, 'Type')).toBe(status < 500 ? 'Sender' : 'Receiver');
    expect(requestId?.text).toBe('ID');
  });
});
