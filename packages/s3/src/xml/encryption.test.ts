import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseServerSideEncryptionConfiguration, serverSideEncryptionConfiguration } from './encryption.ts';

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;
const configuration = (rule: string): string =>
  `<ServerSideEncryptionConfiguration>${rule}</ServerSideEncryptionConfiguration>`;
const rule = (inner: string): string => configuration(`<Rule>${inner}</Rule>`);
const byDefault = (inner: string): string =>
  `<ApplyServerSideEncryptionByDefault>${inner}</ApplyServerSideEncryptionByDefault>`;
const AES = byDefault('<SSEAlgorithm>AES256</SSEAlgorithm>');

test.each([
  ['keys of the gateway', rule(AES), { algorithm: 'AES256' }],
  [
    'a key service',
    rule(
      `${byDefault('<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>')}<BucketKeyEnabled>true</BucketKeyEnabled>`,
    ),
    { algorithm: 'aws:kms', kmsMasterKeyId: 'k', bucketKeyEnabled: true },
  ],
  [
    'only what is blocked',
    rule('<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>'),
    { algorithm: 'AES256', customerKeysBlocked: true },
  ],
  [
    'nothing blocked',
    rule(`${AES}<BlockedEncryptionTypes><EncryptionType>NONE</EncryptionType></BlockedEncryptionTypes>`),
    { algorithm: 'AES256', customerKeysBlocked: false },
  ],
])('a configuration is read: %s', (_, body, expected) => {
  expect(parseServerSideEncryptionConfiguration(body)).toEqual(expected);
});

describe('what is refused', () => {
  test.each([
    ['no rule', configuration(''), 'MalformedXML'],
    ['two rules', configuration(`<Rule>${AES}</Rule><Rule>${AES}</Rule>`), 'MalformedXML'],
    ['two defaults', rule(AES + AES), 'MalformedXML'],
    ['an unknown element', rule(`${AES}<Other/>`), 'MalformedXML'],
    ['no algorithm', rule(byDefault('')), 'MalformedXML'],
    ['an unknown algorithm', rule(byDefault('<SSEAlgorithm>aes:kms</SSEAlgorithm>')), 'MalformedXML'],
    ['customer keys by default', rule(byDefault('<SSEAlgorithm>SSE-C</SSEAlgorithm>')), 'MalformedXML'],
    [
      'a KMS key with AES256',
      rule(byDefault('<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>')),
      'InvalidArgument',
    ],
    ['no truth value', rule(`${AES}<BucketKeyEnabled>maybe</BucketKeyEnabled>`), 'MalformedXML'],
    ['nothing that is blocked', rule(`${AES}<BlockedEncryptionTypes/>`), 'MalformedXML'],
    [
      'an unknown type',
      rule(`${AES}<BlockedEncryptionTypes><EncryptionType>SSE-S3</EncryptionType></BlockedEncryptionTypes>`),
      'MalformedXML',
    ],
    ['an empty body', '', 'MissingRequestBodyError'],
  ])('%s', (_, body, expected) => {
    expect(() => parseServerSideEncryptionConfiguration(body)).toThrow(code(expected));
  });
});

test('what is written is read again', () => {
  const encryption = fc.oneof(
    fc.record(
      {
        algorithm: fc.constantFrom('aws:kms' as const, 'aws:kms:dsse' as const),
        kmsMasterKeyId: fc.stringMatching(/^[a-z:/&<-]{1,20}$/),
        bucketKeyEnabled: fc.boolean(),
      },
      { requiredKeys: ['algorithm', 'bucketKeyEnabled'] },
    ),
    fc.record(
      { algorithm: fc.constant('AES256' as const), bucketKeyEnabled: fc.boolean(), customerKeysBlocked: fc.boolean() },
      { requiredKeys: ['algorithm', 'bucketKeyEnabled'] },
    ),
  );
  fc.assert(
    fc.property(encryption, (value) => {
      expect(parseServerSideEncryptionConfiguration(serverSideEncryptionConfiguration(value))).toEqual(value);
    }),
  );
});

test('any document is read or refused with a fault', () => {
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('AES256', 'aws:kms', 'true', 'SSE-C', 'NONE', '&amp;', ''),
      fc
        .tuple(
          fc.constantFrom(
            'Rule',
            'ApplyServerSideEncryptionByDefault',
            'SSEAlgorithm',
            'KMSMasterKeyID',
            'BucketKeyEnabled',
            'BlockedEncryptionTypes',
            'EncryptionType',
            'Other',
          ),
          fc.array(tie('tree'), { maxLength: 3 }),
        )
        .map(([name, children]) => `<${name}>${children.join('')}</${name}>`),
    ),
  }));
  fc.assert(
    fc.property(fc.oneof(tree.map(configuration), tree.map(rule), fc.string()), (body) => {
      try {
        parseServerSideEncryptionConfiguration(body);
      } catch (error) {
        if (!isFault(error, 'MalformedXML', 'InvalidArgument', 'MissingRequestBodyError')) throw error;
      }
    }),
  );
});
