import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAclHeaders } from './grants.ts';

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;
const read = (value: string) => parseAclHeaders({ 'x-amz-grant-read': value });

test('a request without any asks for nothing', () => {
  expect(parseAclHeaders({ 'x-amz-meta-a': 'b' })).toBeUndefined();
});

test('canned', () => {
  expect(parseAclHeaders({ 'x-amz-acl': 'public-read' })).toEqual({ kind: 'canned', canned: 'public-read' });
  expect(() => parseAclHeaders({ 'x-amz-acl': 'open' })).toThrow(code('InvalidArgument'));
  expect(() => parseAclHeaders({ 'x-amz-acl': '' })).toThrow(code('InvalidArgument'));
});

describe('grants', () => {
  test('with and without quotes, several in one header', () => {
    expect(read('id="a b", uri=http://x/y , emailAddress="c@example.com"')).toEqual({
      kind: 'grants',
      grants: [
        { grantee: { kind: 'id', id: 'a b' }, permission: 'READ' },
        { grantee: { kind: 'uri', uri: 'http://x/y' }, permission: 'READ' },
        { grantee: { kind: 'email', email: 'c@example.com' }, permission: 'READ' },
      ],
    });
  });

  test('each header is a permission', () => {
    const names = ['read', 'write', 'read-acp', 'write-acp', 'full-control'];
    const headers = Object.fromEntries(names.map((name) => [`x-amz-grant-${name}`, 'id=a']));
    const acl = parseAclHeaders(headers);
    expect(acl?.kind === 'grants' ? acl.grants.map(({ permission }) => permission) : acl).toEqual([
      'READ',
      'WRITE',
      'READ_ACP',
      'WRITE_ACP',
      'FULL_CONTROL',
    ]);
  });

  test.each(['', 'a', 'id', 'id=', 'name="a"', 'id="a" id="b"', 'id="a', ',id="a"', '"id"="a"'])('%s', (value) => {
    expect(() => read(value)).toThrow(code('InvalidArgument'));
  });

  test('not together with a canned one, and no more than a hundred', () => {
    expect(() => parseAclHeaders({ 'x-amz-acl': 'private', 'x-amz-grant-read': 'id=a' })).toThrow(
      code('InvalidRequest'),
    );
    expect(() => read(Array.from({ length: 101 }, (_, i) => `id=${i}`).join(','))).toThrow(code('InvalidArgument'));
  });

  test('fuzz: only a Fault comes out', () => {
    const piece = fc.constantFrom('id', 'uri', 'emailAddress', '=', '"', ',', ' ', 'x', '\t', 'é');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          read(pieces.join(''));
        } catch (error) {
          expect(isFault(error)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
