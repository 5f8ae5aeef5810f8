import { NOTHING_BLOCKED } from '@sealgate/core/access';
import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accessControlPolicy,
  groupOfUri,
  ownershipControls,
  parseAccessControlPolicy,
  parseOwnershipControls,
  parsePublicAccessBlockConfiguration,
  policyStatus,
  publicAccessBlockConfiguration,
} from './access.ts';

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

describe('AccessControlPolicy', () => {
  const shown = accessControlPolicy({ id: 'o', displayName: 'Owner & Co' }, [
    { grantee: { kind: 'user', id: 'o', displayName: 'Owner & Co' }, permission: 'FULL_CONTROL' },
    { grantee: { kind: 'user', id: 'x' }, permission: 'READ' },
    { grantee: { kind: 'group', group: 'AllUsers' }, permission: 'READ_ACP' },
  ]);

  test('is written', () => {
    expect(shown).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>o</ID><DisplayName>Owner &amp; Co</DisplayName></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>o</ID><DisplayName>Owner &amp; Co</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>x</ID></Grantee><Permission>READ</Permission></Grant><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ_ACP</Permission></Grant></AccessControlList></AccessControlPolicy>"
    `);
  });

  test('what is written can be put', () => {
    expect(parseAccessControlPolicy(shown)).toEqual({
      ownerId: 'o',
      grants: [
        { grantee: { kind: 'id', id: 'o' }, permission: 'FULL_CONTROL' },
        { grantee: { kind: 'id', id: 'x' }, permission: 'READ' },
        { grantee: { kind: 'uri', uri: 'http://acs.amazonaws.com/groups/global/AllUsers' }, permission: 'READ_ACP' },
      ],
    });
  });

  const policy = (grant: string): string =>
    `<AccessControlPolicy><Owner><ID>o</ID></Owner><AccessControlList>${grant}</AccessControlList></AccessControlPolicy>`;
  const grant = (grantee: string, permission = 'READ'): string =>
    policy(`<Grant><Grantee>${grantee}</Grantee><Permission>${permission}</Permission></Grant>`);

  test('an empty list, and a grantee by e-mail', () => {
    expect(parseAccessControlPolicy(policy('')).grants).toEqual([]);
    expect(parseAccessControlPolicy(grant('<EmailAddress>a@example.com</EmailAddress>')).grants).toEqual([
      { grantee: { kind: 'email', email: 'a@example.com' }, permission: 'READ' },
    ]);
  });

  test.each([
    ['<AccessControlPolicy/>', 'MalformedACLError'],
    ['<AccessControlPolicy><AccessControlList/></AccessControlPolicy>', 'MalformedACLError'],
    ['<AccessControlPolicy><Owner><ID>o</ID></Owner></AccessControlPolicy>', 'MalformedACLError'],
    [policy('<Grants/>'), 'MalformedACLError'],
    [policy('<Grant><Permission>READ</Permission></Grant>'), 'MalformedACLError'],
    [grant(''), 'MalformedACLError'],
    [grant('<ID>a</ID><URI>b</URI>'), 'MalformedACLError'],
    [grant('<ID>a</ID>', 'OWN'), 'MalformedACLError'],
    [grant('<ID>a</ID><Extra/>'), 'MalformedACLError'],
    [policy('<Grant/>'.repeat(101)), 'MalformedACLError'],
    ['<Other/>', 'MalformedACLError'],
    ['nonsense', 'MalformedACLError'],
    ['', 'MissingRequestBodyError'],
  ])('%s is %s', (body, expected) => {
    expect(() => parseAccessControlPolicy(body)).toThrow(code(expected));
  });

  test('groups by their URI', () => {
    expect(groupOfUri('http://acs.amazonaws.com/groups/s3/LogDelivery')).toBe('LogDelivery');
    expect(groupOfUri('http://example.com/')).toBeUndefined();
  });
});

test('OwnershipControls', () => {
  for (const ownership of ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'] as const) {
    expect(parseOwnershipControls(ownershipControls(ownership))).toBe(ownership);
  }
  const rule = '<Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>';
  for (const inner of ['', rule + rule, '<Rule/>', '<Rule><ObjectOwnership>Me</ObjectOwnership></Rule>', '<X/>']) {
    expect(() => parseOwnershipControls(`<OwnershipControls>${inner}</OwnershipControls>`)).toThrow(
      code('MalformedXML'),
    );
  }
});

test('PublicAccessBlockConfiguration', () => {
  const block = { ...NOTHING_BLOCKED, blockPublicPolicy: true };
  expect(parsePublicAccessBlockConfiguration(publicAccessBlockConfiguration(block))).toEqual(block);
  const body = (inner: string): string => `<PublicAccessBlockConfiguration>${inner}</PublicAccessBlockConfiguration>`;
  expect(parsePublicAccessBlockConfiguration(body(''))).toEqual(NOTHING_BLOCKED);
  expect(parsePublicAccessBlockConfiguration(body('<IgnorePublicAcls>TRUE</IgnorePublicAcls>'))).toEqual({
    ...NOTHING_BLOCKED,
    ignorePublicAcls: true,
  });
  for (const inner of ['<BlockPublicAcls>yes</BlockPublicAcls>', '<Block/>']) {
    expect(() => parsePublicAccessBlockConfiguration(body(inner))).toThrow(code('MalformedXML'));
  }
});

test('PolicyStatus', () => {
  expect(policyStatus(true)).toContain('<IsPublic>true</IsPublic>');
});

test('fuzz: only a Fault comes out', () => {
  const names = ['AccessControlPolicy', 'Owner', 'ID', 'AccessControlList', 'Grant', 'Grantee', 'Permission', 'URI'];
  const others = ['OwnershipControls', 'Rule', 'ObjectOwnership', 'PublicAccessBlockConfiguration', 'BlockPublicAcls'];
  const tree = fc.letrec<{ node: string }>((tie) => ({
    node: fc
      .tuple(
        fc.constantFrom(...names, ...others),
        fc.oneof(
          { maxDepth: 4 },
          fc.constantFrom('', 'READ', 'true', 'ObjectWriter', '&#0;'),
          fc.array(tie('node'), { maxLength: 4 }).map((nodes) => nodes.join('')),
        ),
      )
      .map(([name, inner]) => `<${name}>${inner}</${name}>`),
  })).node;
  const parsers = [parseAccessControlPolicy, parseOwnershipControls, parsePublicAccessBlockConfiguration];
  fc.assert(
    fc.property(tree, (body) => {
      for (const parse of parsers) {
        try {
          parse(body);
        } catch (error) {
          expect(isFault(error)).toBe(true);
        }
      }
    }),
    { numRuns: 1000 },
  );
});
