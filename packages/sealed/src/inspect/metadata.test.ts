import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { KeyPair } from '../keys/key-pair.ts';
import { codeOf, createKeyring, pattern, sealBytes } from '../testing/fixtures.ts';
import {
  envelopeFromMetadata,
  envelopeHeader,
  envelopeToMetadata,
  isEnvelopeHeader,
  keyVersionHeader,
} from './metadata.ts';

// RSA keys and Argon2id on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const key = createKeyring();
let small: string;
let large: string;

beforeAll(async () => {
  const recipients: KeyPair[] = [];
  for (let nth = 0; nth < 16; nth++) recipients.push(await key('P-384', nth));
  small = (await sealBytes(pattern(1), { recipients: recipients.slice(0, 1) })).envelope.text;
  large = (await sealBytes(pattern(1), { recipients })).envelope.text;
});

describe('envelope headers', () => {
  it('carry an envelope of any size and its key version', () => {
    for (const [text, headers] of [
      [small, 2],
      [large, 4],
    ] as const) {
      const metadata = envelopeToMetadata(text, 7);
      expect(Object.keys(metadata)).toHaveLength(headers);
      expect(Object.keys(metadata).every(isEnvelopeHeader)).toBe(true);
      expect(envelopeFromMetadata(metadata)).toMatchObject({ keyVersion: 7, envelope: { text } });
    }
    expect(Object.keys(envelopeToMetadata(large, 1))).toContain('x-amz-meta-sealgate-envelope-2');
  });

  it('are absent where there are none, whatever else is there', () => {
    expect(envelopeFromMetadata({ 'x-amz-meta-sealgate-envelopes': '1', 'content-type': 'a' })).toBeUndefined();
    expect(envelopeFromMetadata({ [envelopeHeader]: undefined })).toBeUndefined();
  });

  it('have version 1 when they name none', () => {
    const { [keyVersionHeader]: _version, ...metadata } = envelopeToMetadata(small, 5);
    expect(envelopeFromMetadata(metadata)?.keyVersion).toBe(1);
  });

  it.each(['0', '-1', '1.5', '01', '2147483648', '', 'one', '1e3', ' 1'])(
    'refuse the key version %j',
    async (version) => {
      const metadata = { ...envelopeToMetadata(small, 1), [keyVersionHeader]: version };
      expect(await codeOf(() => envelopeFromMetadata(metadata))).toBe('malformed-envelope');
    },
  );

  it('refuse a version alone, a gap, a surplus part, an overlong part and another encoding', async () => {
    const metadata = envelopeToMetadata(large, 1);
    const { [envelopeHeader]: first, [`${envelopeHeader}-2`]: _second, ...rest } = metadata;
    const read = (headers: Record<string, string>): Promise<string> => codeOf(() => envelopeFromMetadata(headers));
    expect(await read({ [keyVersionHeader]: '1' })).toBe('malformed-envelope');
    expect(await read({ [envelopeHeader]: first ?? '', ...rest })).toBe('malformed-envelope');
    expect(await read({ ...metadata, [`${envelopeHeader}-x`]: 'AAAA' })).toBe('malformed-envelope');
    expect(await read({ [envelopeHeader]: 'A'.repeat(4097) })).toBe('limit-exceeded');
    expect(await read({ [envelopeHeader]: small })).toBe('malformed-envelope');
    const seven = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`${envelopeHeader}-${i}`, 'AAAA']));
    expect(await read(seven)).toBe('limit-exceeded');
  });

  it('are not written for a version or an envelope out of bounds', async () => {
    expect(await codeOf(() => envelopeToMetadata(small, 0))).toBe('invalid-argument');
    expect(await codeOf(() => envelopeToMetadata('x'.repeat(20_000), 1))).toBe('limit-exceeded');
  });

  it('throw nothing but SealError for arbitrary values', async () => {
    const name = fc.constantFrom(
      envelopeHeader,
      `${envelopeHeader}-2`,
      `${envelopeHeader}-3`,
      keyVersionHeader,
      'host',
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, fc.oneof(fc.base64String(), fc.string())), async (headers) => {
        expect(await codeOf(() => envelopeFromMetadata(headers))).toMatch(/none|malformed-envelope|limit-exceeded/);
      }),
    );
  });
});
