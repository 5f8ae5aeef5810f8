import { expect, it, vi } from 'vitest';
import * as webCrypto from './floe/segment-aead.ts';
import { openRanges } from './open/range-reader.ts';
import { createSealer } from './seal/sealer.ts';
import {
  codeOf,
  collect,
  createKeyring,
  cutAt,
  flipByte,
  names,
  openBytes,
  pattern,
  sealBytes,
} from './testing/fixtures.ts';

// What a browser resolves: the whole pipeline over WebCrypto, where segments are really in flight at the same time.
const { sealed } = vi.hoisted(() => ({ sealed: { segments: 0 } }));
vi.mock('#segment-aead', () => ({
  importSegmentKey: async (rawKey: Uint8Array<ArrayBuffer>) => {
    const key = await webCrypto.importSegmentKey(rawKey);
    const seal: typeof key.seal = (plaintext, input) => {
      sealed.segments += 1;
      return key.seal(plaintext, input);
    };
    return { ...key, seal };
  },
}));

const key = createKeyring();

it('seals and opens over WebCrypto, whole and by range, for chunks that fit no segment', async () => {
  const keys = [await key('P-256')];
  const plaintext = pattern(1_200_000);
  const sealer = await createSealer({ recipients: keys, names, plaintextLength: plaintext.length });
  const body = await collect(sealer.seal(cutAt(plaintext, [10_000, 77_777])));
  expect(sealed.segments).toBe(19);
  expect(Buffer.compare(await openBytes(body, { envelope: sealer.envelope, keys, names }), plaintext)).toBe(0);
  const reader = await openRanges((start, end) => Promise.resolve(body.slice(start, end)), {
    envelope: sealer.envelope,
    keys,
    names,
    bodyLength: body.length,
  });
  expect(Buffer.compare(await reader.read(65_000, 900_001), plaintext.subarray(65_000, 900_001))).toBe(0);
});

it('refuses a damaged segment over WebCrypto', async () => {
  const keys = [await key('P-256')];
  const { body, envelope } = await sealBytes(pattern(300_000), { recipients: keys });
  expect(await codeOf(() => openBytes(flipByte(body, 200_000), { envelope, keys, names }))).toBe('corrupt');
});
