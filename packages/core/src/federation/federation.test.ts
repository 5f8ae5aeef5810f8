import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../faults/index.ts';
import type { WebIdentityTrust } from '../ports/index.ts';
import { parseRoleArn, parseRoleName, roleArn, trusts, type WebIdentity } from './index.ts';

const ISSUER = 'https://token.example';
const identity = (claims: Record<string, unknown>, audiences = ['sts.amazonaws.com']): WebIdentity => ({
  issuer: ISSUER,
  subject: 'someone',
  audiences,
  claims,
});
const trust = (claims: WebIdentityTrust['claims'], audiences: readonly string[] = []): WebIdentityTrust => ({
  issuer: ISSUER,
  audiences,
  claims,
});

describe('trust of a role', () => {
  it.each([
    ['the subject', { sub: ['repo:acme/*'] }, { sub: 'repo:acme/site:ref:refs/heads/main' }, true],
    ['another subject', { sub: ['repo:acme/*'] }, { sub: 'repo:evil/site' }, false],
    ['a prefix that is no prefix', { sub: ['repo:acme/*'] }, { sub: 'xrepo:acme/site' }, false],
    ['every claim that is named', { sub: ['*'], env: ['prod'] }, { sub: 'a', env: 'prod' }, true],
    ['one claim of two', { sub: ['*'], env: ['prod'] }, { sub: 'a', env: 'test' }, false],
    ['one value of a list', { groups: ['backup'] }, { sub: 'a', groups: ['users', 'backup'] }, true],
    ['no value of a list', { groups: ['backup'] }, { sub: 'a', groups: ['users'] }, false],
    ['numbers and truth values', { level: ['3'], email_verified: ['true'] }, { level: 3, email_verified: true }, true],
    ['a nested claim', { 'realm_access.roles': ['writer'] }, { realm_access: { roles: ['writer'] } }, true],
    ['a name with dots', { 'https://a.example/role': ['w'] }, { 'https://a.example/role': 'w' }, true],
    ['a claim that is absent', { sub: ['*'], ref: ['*'] }, { sub: 'a' }, false],
    ['an object as a value', { sub: ['*'] }, { sub: { toString: 'x' } }, false],
    ['what Object.prototype has', { constructor: ['*'], 'a.constructor.name': ['*'] }, { a: {} }, false],
    ['no condition at all', {}, { sub: 'a' }, false],
  ])('%s', (_name, conditions, claims, expected) => {
    expect(trusts(trust(conditions), identity(claims))).toBe(expected);
  });

  it('narrows the audiences of the provider', () => {
    const any = { sub: ['*'] };
    expect(trusts(trust(any, ['a']), identity({ sub: 'x' }, ['b', 'a']))).toBe(true);
    expect(trusts(trust(any, ['a']), identity({ sub: 'x' }, ['b']))).toBe(false);
    expect(trusts({ ...trust(any), issuer: 'https://other.example' }, identity({ sub: 'x' }))).toBe(false);
  });
});

describe('names of roles', () => {
  it('go out as they come in', () => {
    expect(parseRoleArn(roleArn('acme', 'backup'))).toEqual({ account: 'acme', roleName: 'backup' });
    expect(parseRoleArn('arn:aws:iam::t$a.b:role/service/x/deploy')).toEqual({
      account: 't$a.b',
      roleName: 'deploy',
    });
    expect(parseRoleName('a+b=c,d.e@f-g_H9')).toBe('a+b=c,d.e@f-g_H9');
  });

  it.each([
    '',
    'x',
    'arn:aws:iam::acme:user/x',
    'arn:aws:iam:::role/x',
    'arn:aws:iam::a:role/',
    'arn:aws:iam::a:role/a b',
  ])('refuse %j', (text) => {
    expect(() => parseRoleArn(text)).toThrow(Fault);
  });

  it('never throw anything but ValidationFailed', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        for (const parse of [parseRoleArn, parseRoleName]) {
          try {
            parse(text);
          } catch (error) {
            expect(error).toMatchObject({ code: 'ValidationFailed' });
          }
        }
      }),
    );
  });
});
