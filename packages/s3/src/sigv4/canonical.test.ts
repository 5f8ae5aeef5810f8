import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatAmzDate, parseAmzDate } from './canonical.ts';
import { uriEncode, uriEncodePath } from './encoding.ts';

it('writes each time down to its second, whatever was written before', () => {
  const time = fc.integer({ min: Date.UTC(1970), max: Date.UTC(2100) });
  // Neighbours within and across a second, back and forth.
  const times = fc.array(time, { maxLength: 4 }).map((all) => all.flatMap((ms) => [ms, ms + 1, ms + 999, ms]));
  fc.assert(
    fc.property(times, (all) => {
      for (const ms of all) expect(parseAmzDate(formatAmzDate(ms))).toBe(Math.floor(ms / 1000) * 1000);
    }),
  );
});

it('encodes a path segment by segment', () => {
  const letter = fc.constantFrom('a', 'Z', '0', '-', '~', '%', ' ', '+', '!', 'é', '€', '😀', '\0');
  const segment = fc.string({ unit: letter, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 4 }), (segments) => {
      expect(uriEncodePath(segments.join('/'))).toBe(segments.join('/').split('/').map(uriEncode).join('/'));
    }),
  );
});
