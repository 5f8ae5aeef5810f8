import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hmacKey, hmacSha256 } from './hmac.ts';

it('is the HMAC of Node, for any key and text, one after the other', () => {
  // Of one to four bytes in UTF-8.
  const letter = fc.constantFrom('a', '\n', 'é', '€', '😀', '\0');
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 0, maxLength: 64 }),
      fc.array(fc.string({ unit: letter, maxLength: 3000 }), { minLength: 1, maxLength: 4 }),
      (bytes, texts) => {
        const key = hmacKey(bytes);
        for (const text of texts) {
          expect(hmacSha256(key, text)).toBe(createHmac('sha256', bytes).update(text).digest('hex'));
        }
      },
    ),
  );
});

// https://www.rfc-editor.org/rfc/rfc4231 4.3
it('is what RFC 4231 says', () => {
  expect(hmacSha256(hmacKey(Buffer.from('Jefe')), 'what do ya want for nothing?')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});

it('takes long texts and no key that would have to be hashed first', () => {
  const text = 'policy'.repeat(10_000);
  const bytes = Buffer.alloc(32, 7);
  expect(hmacSha256(hmacKey(bytes), text)).toBe(createHmac('sha256', bytes).update(text).digest('hex'));
  expect(() => hmacKey(Buffer.alloc(65))).toThrow(RangeError);
});
