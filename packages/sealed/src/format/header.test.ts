import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flipBit } from '../testing/fixtures.ts';
import { concat } from './bytes.ts';
import { SealError } from './codes.ts';
import { encodeFloeParams } from './floe-params.ts';
import { decodeHeader, encodeHeader, encodePreamble, startsLikeSgo1 } from './header.ts';
import { maxPlaintextBytes } from './limits.ts';

const id = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const floe = concat(encodeFloeParams(65_536), new Uint8Array(64).fill(7));
const header = encodeHeader(encodePreamble(id, 1234), floe);

/** Bytes that may have any value: envelope id, length (within bounds), FLOE IV, FLOE tag. */
function isFree(at: number): boolean {
  return (at >= 14 && at < 30) || (at >= 30 && at < 38) || at >= 64;
}

describe('SGO1 header', () => {
  it('has the published layout', () => {
    expect(Buffer.from(header.subarray(0, 14)).toString('hex')).toBe('8953474f0d0a1a0a010100800000');
    expect(Buffer.from(header.subarray(30, 38)).toString('hex')).toBe('00000000000004d2');
    expect(Buffer.from(header.subarray(38, 64)).toString('hex')).toBe(`${'00'.repeat(16)}00000001000000000020`);
    expect(header).toHaveLength(128);
  });

  it('comes back as it was written', () => {
    const ids = fc.uint8Array({ minLength: 16, maxLength: 16 }).filter((bytes) => bytes.some((byte) => byte > 0));
    const lengths = fc.option(fc.integer({ min: 0, max: maxPlaintextBytes }), { nil: undefined });
    fc.assert(
      fc.property(ids, lengths, (envelopeId, plaintextLength) => {
        const decoded = decodeHeader(encodeHeader(encodePreamble(envelopeId, plaintextLength), floe));
        expect(Uint8Array.from(decoded.envelopeId)).toEqual(Uint8Array.from(envelopeId));
        expect(decoded.plaintextLength).toBe(plaintextLength);
        expect(concat(decoded.preamble, decoded.floeHeader)).toHaveLength(128);
      }),
    );
  });

  it('refuses every flipped bit of a fixed field', () => {
    for (let bit = 0; bit < 1024; bit++) {
      if (!isFree(bit >>> 3)) expect(() => decodeHeader(flipBit(header, bit)), `bit ${bit}`).toThrow(SealError);
    }
  });

  it.each([
    ['other magic', 0, 0x88, 'not-sealed'],
    ['version 2', 8, 2, 'unsupported'],
    ['suite 2 (reserved)', 9, 2, 'unsupported'],
    ['suite 0', 9, 0, 'unsupported'],
    ['another header length', 11, 0x81, 'malformed-header'],
    ['the compression flag', 13, 2, 'unsupported'],
    ['a length beyond the limit', 30, 0x7f, 'limit-exceeded'],
    ['a reserved byte', 40, 1, 'malformed-header'],
    ['other FLOE parameters', 59, 1, 'malformed-header'],
  ])('refuses %s', (_what, at, value, code) => {
    const changed = header.slice();
    changed[at] = value;
    expect(() => decodeHeader(changed)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    ['envelope id', 14, 30],
    ['FLOE IV', 64, 96],
  ])('refuses an all-zero %s', (_what, from, to) => {
    expect(() => decodeHeader(header.slice().fill(0, from, to))).toThrow(
      expect.objectContaining({ code: 'malformed-header' }),
    );
  });

  it('tells text-mode mangling by the magic', () => {
    const mangled = Buffer.from(header).toString('latin1').replaceAll('\r\n', '\n');
    expect(() => decodeHeader(Buffer.from(mangled, 'latin1'))).toThrow(expect.objectContaining({ code: 'not-sealed' }));
  });

  it('throws nothing but SealError, whatever the bytes', () => {
    const mutated = fc.tuple(fc.nat(1023), fc.nat(1023)).map(([a, b]) => flipBit(flipBit(header, a), b));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
        startsLikeSgo1(bytes);
        try {
          decodeHeader(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(SealError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
