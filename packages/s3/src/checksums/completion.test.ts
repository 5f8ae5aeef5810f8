import type { Checksum } from '@sealgate/core/ports';
import { describe, expect, test } from 'vitest';
import { requireClaimedChecksum } from './completion.ts';

const composite: Checksum = { algorithm: 'CRC32', type: 'COMPOSITE', value: 'AQIDBA==' };
const whole: Checksum = { ...composite, type: 'FULL_OBJECT' };
const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

describe('what a completion claims', () => {
  test.each([
    [composite, {}],
    [composite, { 'x-amz-checksum-crc32': 'AQIDBA==' }],
    [composite, { 'x-amz-checksum-crc32': 'AQIDBA==-3', 'x-amz-checksum-type': 'composite' }],
    [whole, { 'x-amz-checksum-crc32': 'AQIDBA==', 'x-amz-checksum-type': 'FULL_OBJECT' }],
    [null, { 'x-amz-checksum-crc32': 'anything' }],
  ])('of %j holds: %j', (checksum, headers) => {
    expect(() => requireClaimedChecksum(headers, checksum, 3)).not.toThrow();
  });

  test.each([
    [composite, { 'x-amz-checksum-crc32': 'AQIDBQ==' }, 'BadDigest'],
    [composite, { 'x-amz-checksum-crc32': 'AQIDBA==-2' }, 'BadDigest'],
    [composite, { 'x-amz-checksum-crc32': 'AQID' }, 'BadDigest'],
    [composite, { 'x-amz-checksum-crc32': 'AQIDBA==-' }, 'BadDigest'],
    [composite, { 'x-amz-checksum-crc32': '' }, 'BadDigest'],
    [composite, { 'x-amz-checksum-sha256': 'AQIDBA==' }, 'InvalidRequest'],
    [composite, { 'x-amz-checksum-type': 'FULL_OBJECT' }, 'InvalidRequest'],
    [whole, { 'x-amz-checksum-crc32': 'AQIDBA==-3' }, 'BadDigest'],
  ])('of %j with %j is refused: %s', (checksum, headers, expected) => {
    expect(() => requireClaimedChecksum(headers, checksum, 3)).toThrow(code(expected));
  });
});
