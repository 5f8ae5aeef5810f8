import { createSecretKey } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newDataKey, unwrapDataKey, wrapDataKey } from './index.ts';

const key = (fill: number) => createSecretKey(Buffer.alloc(32, fill));
const place = { bucketId: 7, key: 'reports/2026.pdf' };
/** Made once by another implementation of HMAC-SHA-256 and RFC 3394; kept for ever, since wrapped keys lie in databases. */
const FROZEN = 'AZv2Jxr2/8OUyIhmBQU5W9g2oNsxKUElI1cDOx+CRM6cF6tyCvafl9I=';

describe('data keys', () => {
  it('unwrap under the key and for the object that they were wrapped for', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.string({ unit: 'grapheme' }), (bucketId, name) => {
        const dataKey = newDataKey();
        const wrapped = wrapDataKey(key(1), { bucketId, key: name }, dataKey);
        expect(unwrapDataKey(key(1), { bucketId, key: name }, wrapped)?.equals(dataKey)).toBe(true);
        expect(unwrapDataKey(key(2), { bucketId, key: name }, wrapped)).toBeUndefined();
        expect(unwrapDataKey(key(1), { bucketId, key: `${name}x` }, wrapped)).toBeUndefined();
        expect(unwrapDataKey(key(1), { bucketId: (bucketId + 1) % 2 ** 32, key: name }, wrapped)).toBeUndefined();
      }),
    );
  });

  it('do not unwrap when any bit was changed, or when they were cut or made longer', () => {
    const wrapped = Buffer.from(wrapDataKey(key(1), place, key(9)), 'base64');
    for (let bit = 0; bit < wrapped.length * 8; bit += 1) {
      const changed = Buffer.from(wrapped);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(unwrapDataKey(key(1), place, changed.toString('base64'))).toBeUndefined();
    }
    for (const length of [0, 1, 40]) {
      expect(unwrapDataKey(key(1), place, wrapped.subarray(0, length).toString('base64'))).toBeUndefined();
    }
    expect(unwrapDataKey(key(1), place, Buffer.concat([wrapped, Buffer.alloc(8)]).toString('base64'))).toBeUndefined();
  });

  it('are wrapped as an earlier release wrapped them', () => {
    expect(wrapDataKey(key(1), place, key(9))).toBe(FROZEN);
  });

  it('do not show when somebody prints them', () => {
    expect(inspect(key(0x41), { showHidden: true, depth: null })).not.toContain('41');
    expect(JSON.stringify({ key: key(0x41) })).toBe('{"key":{}}');
  });
});
