import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Bytes } from '../format/bytes.ts';
import { concat } from '../format/bytes.ts';
import { sealErrorCodes } from '../format/codes.ts';
import type { SealedFixture } from '../testing/fixtures.ts';
import { createKeyring, cutAt, flipByte, names, pattern, sealBytes } from '../testing/fixtures.ts';
import type { StructureOptions, StructureVerdict } from './structure.ts';
import { createStructureInspector } from './structure.ts';

// RSA keys and Argon2id on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const key = createKeyring();
const header = 128;
const segment = 65_536;
let known: SealedFixture;
let unknown: SealedFixture;
let empty: SealedFixture;

beforeAll(async () => {
  const recipients = [await key('P-256')];
  known = await sealBytes(pattern(150_000), { recipients });
  unknown = await sealBytes(pattern(150_000), { recipients, names, announce: false });
  empty = await sealBytes(pattern(0), { recipients });
});

function inspect(
  body: Bytes,
  options: StructureOptions = {},
  sizes: readonly number[] = [16_384],
): StructureVerdict & { at: number } {
  const inspector = createStructureInspector(options);
  let seen = 0;
  for (const chunk of cutAt(body, sizes)) {
    seen += chunk.length;
    const refused = inspector.push(chunk);
    if (refused !== undefined) {
      expect(inspector.finish()).toEqual(refused);
      return { ...refused, at: seen };
    }
  }
  return { ...inspector.finish(), at: seen };
}

describe('a sound body', () => {
  it('passes with any knowledge of its length, in chunks of any size', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 200_000 }));
    fc.assert(
      fc.property(
        fc.array(size, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.boolean(),
        (sizes, announced, lengthKnown) => {
          const { body, envelope } = announced ? known : unknown;
          const verdict = inspect(body, { envelope, expectedLength: lengthKnown ? body.length : undefined }, sizes);
          expect(verdict).toMatchObject({ ok: true, plaintextLength: 150_000 });
          expect(verdict.chiSquare).toBeLessThan(400);
          expect(verdict.envelopeId).toBe(Buffer.from(envelope.envelopeId).toString('base64url'));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('may be empty, and then has no statistics', () => {
    expect(inspect(empty.body, { envelope: empty.envelope })).toMatchObject({ ok: true, plaintextLength: 0 });
    expect(inspect(empty.body).chiSquare).toBeUndefined();
  });
});

describe('a wrong header', () => {
  it.each([
    ['another magic', 0, 'not-sealed', 16],
    ['another version', 8, 'unsupported', 128],
    ['reserved bytes in use', 45, 'malformed-header', 128],
    ['other parameters', 56, 'malformed-header', 128],
    ['another envelope id', 14, 'envelope-mismatch', 128],
    ['another commitment', 127, 'envelope-mismatch', 128],
  ])('%s is refused as soon as it is seen', (_what, at, reason, seen) => {
    const verdict = inspect(flipByte(known.body, at), { envelope: known.envelope }, [16]);
    expect(verdict).toMatchObject({ ok: false, reason, at: seen });
  });

  it('that announces another length than the request is refused before a segment arrives', () => {
    expect(inspect(known.body, { expectedLength: known.body.length - 1 }, [128])).toMatchObject({
      reason: 'length-mismatch',
      at: 128,
    });
  });
});

describe('wrong segments', () => {
  it('every marker counts, wherever it lies', () => {
    for (const { body } of [known, unknown]) {
      for (const at of [0, 1, 2].flatMap((index) => [0, 1, 2, 3].map((byte) => header + segment * index + byte))) {
        expect(inspect(flipByte(body, at)).ok, `byte ${at}`).toBe(false);
      }
    }
  });

  it('a first segment that is final in a longer body is refused at its marker', () => {
    const cut = known.body.slice();
    new DataView(cut.buffer).setUint32(header, segment);
    expect(inspect(cut, {}, [256])).toMatchObject({ reason: 'malformed-body', at: 256 });
    const cutUnknown = unknown.body.slice();
    new DataView(cutUnknown.buffer).setUint32(header, 1000);
    expect(inspect(cutUnknown, {}, [256])).toMatchObject({ reason: 'trailing-bytes' });
  });

  it('an empty final segment behind another one is refused', () => {
    const full = concat(unknown.body.subarray(0, header + segment), new Uint8Array(32));
    new DataView(full.buffer).setUint32(header + segment, 32);
    expect(inspect(full)).toMatchObject({ reason: 'malformed-body' });
  });

  it('every truncation and every tail is refused', () => {
    for (const { body } of [known, unknown, empty]) {
      const cuts = [0, 1, 7, 127, 128, 131, 140, header + segment, header + segment + 3, body.length - 1];
      for (const cut of cuts.filter((length) => length < body.length)) {
        expect(inspect(body.slice(0, cut)), `cut at ${cut}`).toMatchObject({
          ok: false,
          reason: cut === 0 ? 'not-sealed' : 'truncated',
        });
      }
      for (const tail of [1, 32, segment]) {
        expect(inspect(concat(body, new Uint8Array(tail)))).toMatchObject({ reason: 'trailing-bytes' });
      }
    }
  });

  it('a body that ends where a full segment does is truncated unless that segment says it is final', () => {
    expect(inspect(unknown.body.slice(0, header + segment))).toMatchObject({ reason: 'truncated' });
  });
});

describe('the randomness of the first segment', () => {
  const around = (payload: Bytes): Bytes => concat(unknown.body.subarray(0, header), frame(payload));
  function frame(payload: Bytes): Bytes {
    const framed = concat(new Uint8Array(16), payload, new Uint8Array(16));
    new DataView(framed.buffer).setUint32(0, framed.length);
    return framed;
  }

  it('refuses text that poses as a segment', () => {
    const text = new TextEncoder().encode('The quick brown fox jumps over the lazy dog. '.repeat(100));
    const verdict = inspect(around(text));
    expect(verdict).toMatchObject({ ok: false, reason: 'looks-like-plaintext' });
    expect(verdict.chiSquare).toBeGreaterThan(600);
  });

  it('refuses it in a long body before the second segment', () => {
    const faked = unknown.body.slice();
    faked.set(new TextEncoder().encode('x'.repeat(65_504)), header + 16);
    expect(inspect(faked, {}, [1000]).at).toBeLessThan(header + segment + 1000);
  });

  it('does not judge what is too short to tell', () => {
    expect(inspect(around(new Uint8Array(1000)))).toMatchObject({ ok: true });
  });

  it('lets random bytes pass', () => {
    for (const size of [2048, 4096, 20_000, 65_504]) {
      expect(inspect(around(crypto.getRandomValues(new Uint8Array(size)))).ok).toBe(true);
    }
  });
});

it('never throws and always has a known reason, whatever arrives', () => {
  const mutation = fc.array(fc.tuple(fc.nat(150_300), fc.integer({ min: 1, max: 255 })), { maxLength: 4 });
  const options = fc.record({ expectedLength: fc.option(fc.nat(200_000), { nil: undefined }) });
  const sizes = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 4 });
  const bodies = fc.oneof(
    mutation.map((changes) => changes.reduce((body, [at, mask]) => flipByte(body, at % body.length, mask), known.body)),
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Uint8Array.from(bytes)),
    fc.uint8Array({ maxLength: 400 }).map((bytes) => concat(known.body.subarray(0, 128), bytes)),
  );
  fc.assert(
    fc.property(bodies, options, sizes, (body, opts, cut) => {
      const verdict = inspect(body, opts, cut);
      return verdict.ok ? verdict.plaintextLength !== undefined : (verdict.reason ?? '') in sealErrorCodes;
    }),
    { numRuns: 300 },
  );
});
