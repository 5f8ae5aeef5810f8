import { hash, randomBytes } from 'node:crypto';
import { isFault } from '@sealgate/core/faults';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encryptionHeaders,
  parseCopySourceCustomerKey,
  parseCustomerKey,
  parseRequestedEncryption,
  refuseRequestedEncryption,
} from './server-side-encryption.ts';

const SSE = 'x-amz-server-side-encryption';
const bytes = Buffer.alloc(32, 0x5a);
const key = bytes.toString('base64');
const md5 = hash('md5', bytes, 'base64');
const customer = {
  [`${SSE}-customer-algorithm`]: 'AES256',
  [`${SSE}-customer-key`]: key,
  [`${SSE}-customer-key-md5`]: md5,
};
const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;
const without = (name: string) => Object.fromEntries(Object.entries(customer).filter(([n]) => n !== `${SSE}-${name}`));

describe('what a write asks for', () => {
  test.each([
    ['nothing', {}, { kind: 'none' }],
    ['keys of the gateway', { [SSE]: 'AES256' }, { kind: 'SSE-S3' }],
    ['a key service', { [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: 'k' }, { kind: 'SSE-KMS', algorithm: 'aws:kms' }],
    ['both layers', { [SSE]: 'aws:kms:dsse' }, { kind: 'SSE-KMS', algorithm: 'aws:kms:dsse' }],
    ['its own key', customer, { kind: 'SSE-C', customerKey: { keyMd5: md5 } }],
  ])('%s', (_, headers, expected) => {
    expect(parseRequestedEncryption(headers)).toMatchObject(expected);
  });

  test('its own key, with the bytes that were sent', () => {
    expect(parseCustomerKey(customer)?.key.export().equals(bytes)).toBe(true);
    expect(parseCustomerKey({ [SSE]: 'AES256' })).toBeUndefined();
  });

  test('the key of a source is another one', () => {
    const source = Object.fromEntries(
      Object.entries(customer).map(([name, value]) => [name.replace('x-amz-', 'x-amz-copy-source-'), value]),
    );
    expect(parseCopySourceCustomerKey(source)?.keyMd5).toBe(md5);
    expect(parseCustomerKey(source)).toBeUndefined();
    expect(parseCopySourceCustomerKey(customer)).toBeUndefined();
  });
});

describe('what is refused', () => {
  test.each([
    ['two methods', { ...customer, [SSE]: 'AES256' }, 'InvalidArgument'],
    ['a key service and a key', { ...customer, [SSE]: 'aws:kms' }, 'InvalidArgument'],
    ['an unknown method', { [SSE]: 'aes:kms' }, 'InvalidArgument'],
    ['a method in lower case', { [SSE]: 'aes256' }, 'InvalidArgument'],
    ['an empty method', { [SSE]: '' }, 'InvalidArgument'],
    ['a KMS key with AES256', { [SSE]: 'AES256', [`${SSE}-aws-kms-key-id`]: 'k' }, 'InvalidArgument'],
    ['a KMS key alone', { [`${SSE}-aws-kms-key-id`]: 'k' }, 'InvalidArgument'],
    ['a KMS context alone', { [`${SSE}-context`]: 'e30=' }, 'InvalidArgument'],
    ['another algorithm', { ...customer, [`${SSE}-customer-algorithm`]: 'AES192' }, 'InvalidEncryptionAlgorithmError'],
    ['no algorithm', without('customer-algorithm'), 'InvalidArgument'],
    ['no key', without('customer-key'), 'InvalidArgument'],
    ['no digest', without('customer-key-md5'), 'InvalidArgument'],
    ['a wrong digest', { ...customer, [`${SSE}-customer-key-md5`]: hash('md5', 'other', 'base64') }, 'InvalidArgument'],
    ['a short key', { ...customer, [`${SSE}-customer-key`]: randomBytes(31).toString('base64') }, 'InvalidArgument'],
    ['a key that is not base64', { ...customer, [`${SSE}-customer-key`]: `${key.slice(0, -1)}!` }, 'InvalidArgument'],
    ['two keys', { ...customer, [`${SSE}-customer-key`]: [key, key] }, 'InvalidArgument'],
  ])('%s', (_, headers, expected) => {
    expect(() => parseRequestedEncryption(headers)).toThrow(code(expected));
  });

  test('a method where none can be asked for', () => {
    expect(() => refuseRequestedEncryption({ [SSE]: 'AES256' })).toThrow(code('InvalidArgument'));
    expect(() => refuseRequestedEncryption(customer)).not.toThrow();
  });
});

test('no fault repeats a key, whatever is wrong with it', () => {
  const secret = randomBytes(24).toString('base64url');
  const text = fc.oneof(fc.constant(secret), fc.constant(`${secret}=`), fc.constant(key.replace(/^.{32}/, secret)));
  fc.assert(
    fc.property(text, fc.string(), fc.constantFrom('AES256', 'x'), (given, digest, algorithm) => {
      const headers = {
        [`${SSE}-customer-algorithm`]: algorithm,
        [`${SSE}-customer-key`]: given,
        [`${SSE}-customer-key-md5`]: digest,
      };
      try {
        parseCustomerKey(headers);
        expect.unreachable();
      } catch (error) {
        if (!isFault(error)) throw error;
        expect(JSON.stringify([error.message, error.detail, String(error.stack)])).not.toContain(secret);
      }
    }),
  );
});

test('any headers are read or refused with a fault', () => {
  const names = [SSE, `${SSE}-context`, ...Object.keys(customer)];
  const value = fc.oneof(
    fc.constantFrom('AES256', 'aws:kms', key, md5, ''),
    fc.string(),
    fc.array(fc.string(), { maxLength: 2 }),
  );
  const headers = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 5 });
  fc.assert(
    fc.property(headers, (given) => {
      try {
        parseRequestedEncryption(given);
      } catch (error) {
        if (!isFault(error, 'InvalidArgument', 'InvalidEncryptionAlgorithmError')) throw error;
      }
    }),
  );
});

test('answers say how an object is encrypted', () => {
  expect(encryptionHeaders(undefined, undefined)).toEqual({});
  expect(encryptionHeaders('SSE-S3', undefined)).toEqual({ [SSE]: 'AES256' });
  expect(encryptionHeaders('SSE-C', { keyMd5: md5 })).toEqual({
    [`${SSE}-customer-algorithm`]: 'AES256',
    [`${SSE}-customer-key-md5`]: md5,
  });
});
