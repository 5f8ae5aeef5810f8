import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Bytes } from '../format/bytes.ts';
import { concat } from '../format/bytes.ts';
import type { SealedFixture } from '../testing/fixtures.ts';
import { createKeyring, cutAt, flipByte, pattern, sealBytes } from '../testing/fixtures.ts';
import type { PartStructure } from './parts.ts';
import { createPartInspector, joinParts } from './parts.ts';
import { createStructureInspector } from './structure.ts';

// RSA keys and Argon2id on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const key = createKeyring();
const segment = 65_536;
let sealed: SealedFixture;
let other: SealedFixture;

beforeAll(async () => {
  const recipients = [await key('P-256')];
  sealed = await sealBytes(pattern(400_000), { recipients });
  other = await sealBytes(pattern(400_000), { recipients, announce: false });
});

function inspectPart(bytes: Bytes, partNumber: number, envelope = sealed.envelope): PartStructure {
  const inspector = createPartInspector({ partNumber, envelope });
  for (const chunk of cutAt(bytes, [10_000, 7])) inspector.push(chunk);
  return JSON.parse(JSON.stringify(inspector.finish())) as PartStructure;
}

function inspectParts(body: Bytes, size: number): PartStructure[] {
  return [...cutAt(body, [size])].map((bytes, index) => inspectPart(bytes, index + 1));
}

describe('a multipart upload', () => {
  it('gets the verdict of its whole, for every part size and length of the tail', async () => {
    const recipients = [await key('P-256')];
    for (const length of [1, 65_504, 65_505, 65_504 * 4 - 100, 65_504 * 4, 400_000]) {
      const { body, envelope } = await sealBytes(pattern(length), { recipients });
      const whole = createStructureInspector({ envelope });
      whole.push(body);
      // A part of 64 KiB holds a little less of the sample than the whole body does.
      const { chiSquare: _chiSquare, ...verdict } = whole.finish();
      for (const size of [segment, segment * 2, segment * 3, segment * 50]) {
        const parts = [...cutAt(body, [size])].map((bytes, index) => inspectPart(bytes, index + 1, envelope));
        expect(joinParts(parts, { envelope }), `${length} by ${size}`).toMatchObject(verdict);
      }
    }
  });

  it('may arrive in any order', () => {
    const parts = inspectParts(sealed.body, segment);
    expect(joinParts(parts, { envelope: sealed.envelope }).ok).toBe(true);
    fc.assert(
      fc.property(fc.shuffledSubarray(parts, { minLength: 1 }), (some) => {
        const inOrder = some.length === parts.length && some.every((part, i) => part === parts[i]);
        expect(joinParts(some, { envelope: sealed.envelope }).ok).toBe(inOrder || isSwapOfFullParts(some, parts));
      }),
    );
  });

  /** Full middle parts look alike without a key: their order is what the client's authentication proves. */
  function isSwapOfFullParts(some: readonly PartStructure[], parts: readonly PartStructure[]): boolean {
    return some.length === parts.length && some[0] === parts[0] && some.at(-1) === parts.at(-1);
  }

  it.each([
    ['nothing', (): PartStructure[] => [], 'not-sealed'],
    ['a first part that is another object', () => inspectParts(other.body, segment), 'envelope-mismatch'],
    ['no first part', () => inspectParts(sealed.body, segment).slice(1), 'not-sealed'],
    ['no last part', () => inspectParts(sealed.body, segment).slice(0, -1), 'truncated'],
    ['a first part of 100 bytes', () => [inspectPart(sealed.body.slice(0, 100), 1)], 'truncated'],
    ['unaligned parts', () => inspectParts(sealed.body, 100_000), 'part-size'],
    [
      'an empty part in between',
      () => inspectParts(sealed.body, segment).toSpliced(1, 0, { length: 0, otherMarkers: 0 }),
      'part-size',
    ],
    ['a tail', () => inspectParts(concat(sealed.body, new Uint8Array(10)), segment * 8), 'trailing-bytes'],
    ['a missing middle part', () => inspectParts(sealed.body, segment).toSpliced(2, 1), 'length-mismatch'],
    ['a damaged marker', () => inspectParts(flipByte(sealed.body, 128 + segment * 2), segment), 'malformed-body'],
  ])('of %s is refused', (_what, parts, reason) => {
    expect(joinParts(parts(), { envelope: sealed.envelope })).toMatchObject({ ok: false, reason });
  });

  it('is refused when an earlier segment claims to be the last and to reach the end', () => {
    const { body } = sealed;
    const view = new DataView(body.slice().buffer);
    view.setUint32(128 + segment * 5, body.length - 128 - segment * 5);
    view.setUint32(128 + segment * 6, 0xffffffff);
    const parts = inspectParts(new Uint8Array(view.buffer), segment);
    expect(joinParts(parts, { envelope: sealed.envelope })).toMatchObject({ ok: false, reason: 'malformed-body' });
  });

  it('is refused by its first part as soon as the header is wrong', () => {
    const inspector = createPartInspector({ partNumber: 1, envelope: sealed.envelope });
    expect(inspector.push(flipByte(sealed.body, 3).slice(0, 10))).toMatchObject({ reason: 'not-sealed' });
    const bound = createPartInspector({ partNumber: 1, envelope: sealed.envelope });
    expect(bound.push(other.body.slice(0, 128))).toMatchObject({ reason: 'envelope-mismatch' });
    const second = createPartInspector({ partNumber: 2 });
    expect(second.push(new Uint8Array(10))).toBeUndefined();
  });

  it('is refused when its first segment is text', () => {
    const faked = sealed.body.slice();
    faked.set(new TextEncoder().encode('x'.repeat(65_504)), 144);
    expect(joinParts(inspectParts(faked, segment * 2))).toMatchObject({ reason: 'looks-like-plaintext' });
  });

  it('is judged without a throw for any stored facts', () => {
    const fact = fc.record(
      {
        length: fc.oneof(fc.nat(), fc.constant(segment)),
        header: fc.oneof(fc.string(), fc.constant(Buffer.from(sealed.body.subarray(0, 128)).toString('base64url'))),
        otherMarkers: fc.nat(3),
        finalMarker: fc.record({ at: fc.nat(segment), value: fc.nat(segment) }),
        chiSquare: fc.double(),
      },
      { requiredKeys: ['length', 'otherMarkers'] },
    );
    fc.assert(fc.property(fc.array(fact, { maxLength: 4 }), (parts) => typeof joinParts(parts).ok === 'boolean'));
  });
});
