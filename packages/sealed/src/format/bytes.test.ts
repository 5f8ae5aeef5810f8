import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, equalBytes, fromBase64url, toBase64url, u32be, u64be } from './bytes.ts';

describe('base64url', () => {
  it('agrees with another implementation and comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20_000 }), (bytes) => {
        const text = toBase64url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64url'));
        expect(Buffer.compare(fromBase64url(text) ?? new Uint8Array(1), bytes)).toBe(0);
      }),
    );
  });

  it('accepts one spelling only', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const bytes = fromBase64url(text);
        return bytes === undefined || toBase64url(bytes) === text;
      }),
    );
    for (const text of ['AA==', 'AB', 'AAB', 'A', 'A+', 'A/', ' AA', 'AA\n'])
      expect(fromBase64url(text)).toBeUndefined();
  });
});

describe('bytes', () => {
  it('compares content and length', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
        expect(equalBytes(a, concat(a))).toBe(true);
      }),
    );
  });

  it('encodes integers big-endian', () => {
    expect(Buffer.from(concat(u32be(0x01020304), u64be(2 ** 40 + 5))).toString('hex')).toBe('010203040000010000000005');
  });
});
