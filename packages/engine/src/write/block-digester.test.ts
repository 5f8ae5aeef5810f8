import { hash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBlockDigester } from './block-digester.ts';

test('one digest a block, however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 12 }),
      fc.constantFrom(1, 16, 64),
      (body, cuts, blockBytes) => {
        const digester = createBlockDigester(blockBytes);
        let at = 0;
        for (const cut of cuts) {
          digester.push(body.subarray(at, at + cut));
          at = Math.min(at + cut, body.length);
        }
        digester.push(body.subarray(at));
        const expected: Buffer[] = [];
        for (let start = 0; start < body.length; start += blockBytes) {
          expected.push(hash('sha256', body.subarray(start, start + blockBytes), 'buffer'));
        }
        expect(digester.finish()).toEqual(Buffer.concat(expected));
        expect(digester.finish(), 'asked again').toEqual(Buffer.concat(expected));
      },
    ),
  );
});
