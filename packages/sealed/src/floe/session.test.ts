import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../format/bytes.ts';
import { concat, utf8 } from '../format/bytes.ts';
import { codeOf, flipBit, flipByte, pattern } from '../testing/fixtures.ts';
import { importSegmentKey as nativeKey } from './node/segment-aead.ts';
import { importSegmentKey as webKey } from './segment-aead.ts';
import type { FloeParams } from './session.ts';
import { resumeFloe, startFloe } from './session.ts';

const key = (): Bytes => new Uint8Array(32).fill(9);
const aad = utf8('associated');
const platforms = [
  ['WebCrypto', webKey],
  ['Node', nativeKey],
] as const;

function params(importSegmentKey: typeof webKey, segmentBytes = 40): FloeParams {
  return { segmentBytes, keyEpochBits: 2, importSegmentKey };
}

describe.each(platforms)('FLOE sealed by %s', (_sealer, sealKey) => {
  it.each(platforms)('is opened by %s, across key epochs', async (_opener, openKey) => {
    const { header, session } = await startFloe(key(), { params: params(sealKey), aad });
    const opener = await resumeFloe(key(), { params: params(openKey), aad, header });
    for (const [index, length, last] of [
      [0, 8, false],
      [3, 8, false],
      [4, 8, false],
      [9, 3, true],
      [2 ** 33, 0, true],
    ] as const) {
      const segment = concat(...(await session.sealSegment(pattern(length), { index, last })));
      expect(await opener.openSegment(segment, { index, last })).toEqual(pattern(length));
    }
  });

  it('refuses every other position, finality, key, associated data and every flipped bit', async () => {
    const { header, session } = await startFloe(key(), { params: params(sealKey), aad });
    const opener = await resumeFloe(key(), { params: params(sealKey), aad, header });
    const segment = concat(...(await session.sealSegment(pattern(8), { index: 1, last: false })));
    for (const index of [0, 2, 5, 2 ** 32 + 1]) {
      expect(await codeOf(() => opener.openSegment(segment, { index, last: false }))).toBe('corrupt');
    }
    expect(await codeOf(() => opener.openSegment(segment, { index: 1, last: true }))).toBe('malformed-body');
    // The marker is not authenticated by itself: finality is, through the associated data.
    const posing = segment.slice();
    new DataView(posing.buffer).setUint32(0, posing.length);
    expect(await codeOf(() => opener.openSegment(posing, { index: 1, last: true }))).toBe('corrupt');
    for (let bit = 0; bit < segment.length * 8; bit++) {
      const code = await codeOf(() => opener.openSegment(flipBit(segment, bit), { index: 1, last: false }));
      expect(code).toBe(bit < 32 ? 'malformed-body' : 'corrupt');
    }
    const other = await startFloe(key(), { params: params(sealKey), aad });
    expect(await codeOf(() => other.session.openSegment(segment, { index: 1, last: false }))).toBe('corrupt');
  });
});

describe('FLOE header', () => {
  it('commits to key, associated data, IV and parameters', async () => {
    const { header } = await startFloe(key(), { params: params(webKey), aad });
    const open = (change: { key?: Bytes; aad?: Bytes; header?: Bytes; segmentBytes?: number }): Promise<string> =>
      codeOf(() =>
        resumeFloe(change.key ?? key(), {
          params: params(webKey, change.segmentBytes),
          aad: change.aad ?? aad,
          header: change.header ?? header,
        }),
      );
    expect(await open({})).toBe('none');
    expect(await open({ key: flipByte(key(), 31) })).toBe('wrong-key');
    expect(await open({ aad: utf8('associateD') })).toBe('wrong-key');
    expect(await open({ header: header.slice(0, 73) })).toBe('malformed-header');
    expect(await open({ segmentBytes: 64 })).toBe('unsupported');
    for (let at = 0; at < header.length; at++) {
      expect(await open({ header: flipByte(header, at) })).toBe(at < 10 ? 'unsupported' : 'wrong-key');
    }
  });

  it('is never the same twice, nor is a segment', async () => {
    const a = await startFloe(key(), { params: params(webKey), aad });
    const b = await startFloe(key(), { params: params(webKey), aad });
    expect(a.header).not.toEqual(b.header);
    const position = { index: 0, last: true };
    expect(await a.session.sealSegment(pattern(5), position)).not.toEqual(
      await a.session.sealSegment(pattern(5), position),
    );
  });
});

describe('FLOE segments', () => {
  it('refuses lengths that do not fit the position', async () => {
    const { session } = await startFloe(key(), { params: params(webKey), aad });
    expect(await codeOf(() => session.sealSegment(pattern(7), { index: 0, last: false }))).toBe('invalid-argument');
    expect(await codeOf(() => session.sealSegment(pattern(9), { index: 0, last: true }))).toBe('invalid-argument');
    expect(await codeOf(() => session.sealSegment(pattern(8), { index: -1, last: false }))).toBe('limit-exceeded');
    expect(await codeOf(() => session.sealSegment(pattern(8), { index: 2 ** 40, last: false }))).toBe('limit-exceeded');
  });

  it('throws nothing but SealError for any bytes', async () => {
    const { session } = await startFloe(key(), { params: params(webKey), aad });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 48 }), fc.boolean(), async (bytes, last) => {
        expect(await codeOf(() => session.openSegment(Uint8Array.from(bytes), { index: 0, last }))).toMatch(
          /malformed-body|corrupt/,
        );
      }),
    );
  });
});
