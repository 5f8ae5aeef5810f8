import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import type { Bytes } from './format/bytes.ts';
import { createObjectInspector } from './inspect/inspect.ts';
import { envelopeToMetadata } from './inspect/metadata.ts';
import type { ObjectNames } from './inspect/names.ts';
import { unprotectPrivateKey } from './keys/passphrase.ts';
import type { OpeningKey } from './keys/recipient-key.ts';
import { importPrivateKey } from './keys/recipient-key.ts';
import { openRanges } from './open/range-reader.ts';
import { openStream } from './open/stream.ts';
import { codeOf, collect, flipBit, flipByte, openBytes, pattern } from './testing/fixtures.ts';

// RSA keys and Argon2id on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

interface Vector {
  readonly name: string;
  readonly names: ObjectNames;
  readonly recipients: readonly string[];
  readonly plaintext: { readonly length: number; readonly announced: boolean; readonly sha256: string };
}

const folder = join(import.meta.dirname, '../vectors/sgo1');
const read = (file: string): Bytes => Uint8Array.from(readFileSync(join(folder, file)));
const text = (file: string): string => readFileSync(join(folder, file), 'utf8');
const vectors = JSON.parse(text('vectors.json')) as readonly Vector[];
const keyOf = (kind: string): Promise<OpeningKey> => importPrivateKey(JSON.parse(text(`${kind}.jwk.json`)) as JWK);

describe.each(vectors)('frozen vector $name', ({ name, names, recipients, plaintext }) => {
  const body = read(`${name}.sgo1`);
  const envelope = text(`${name}.envelope.json`);

  it('is opened whole, by every recipient', async () => {
    for (const kind of recipients) {
      const opened = await openBytes(body, { envelope, keys: [await keyOf(kind)], names });
      expect(Buffer.compare(opened, pattern(plaintext.length))).toBe(0);
      expect(createHash('sha256').update(opened).digest('hex')).toBe(plaintext.sha256);
    }
  });

  it('is opened by range', async () => {
    const keys = [await keyOf(recipients[0] ?? '')];
    const fetchRange = (start: number, end: number): Promise<Bytes> => Promise.resolve(body.slice(start, end));
    const reader = await openRanges(fetchRange, { envelope, keys, names, bodyLength: body.length });
    expect(reader.plaintextLength).toBe(plaintext.length);
    const from = Math.floor(plaintext.length / 3);
    if (plaintext.length > 0) {
      expect(await reader.read(from, plaintext.length)).toEqual(pattern(plaintext.length).slice(from));
    }
  });

  it('passes the keyless inspection', () => {
    const metadata = envelopeToMetadata(envelope, 1);
    const inspector = createObjectInspector({ ...names, metadata, contentLength: body.length });
    inspector.push(body);
    expect(inspector.finish()).toMatchObject({
      sealed: true,
      envelope: { encryptedKey: envelope, plaintextLength: plaintext.length },
    });
  });

  it('is refused with a flipped bit', async () => {
    const keys = [await keyOf(recipients[0] ?? '')];
    for (const damaged of damagedBodies(body, { everyBit: recipients[0] !== 'RSA-3072' })) {
      expect(await codeOf(() => openBytes(damaged, { envelope, keys, names }))).not.toBe('none');
    }
  });
});

describe('the envelope of a frozen vector', () => {
  it.each([
    ['short', 1],
    ['short-x25519', 3],
    ['short-rsa', 7],
  ])('%s is refused with any bit flipped (every %ith is tried)', async (name, step) => {
    const { names, recipients } = vectors.find((vector) => vector.name === name)!;
    const [body, envelope, keys] = [read(`${name}.sgo1`), read(`${name}.envelope.json`), [await keyOf(recipients[0]!)]];
    for (let bit = 0; bit < envelope.length * 8; bit += step) {
      const code = await codeOf(() => openStream([body], { envelope: flipBit(envelope, bit), keys, names }));
      expect(code, `bit ${bit}`).not.toBe('none');
    }
  });
});

describe('a frozen protected key', () => {
  it('is opened by its passphrase', async () => {
    const key = await unprotectPrivateKey(text('P-256.protected.jwe').trim(), 'frozen vector: ä ö ü');
    expect(key.keyId).toBe((await keyOf('P-256')).keyId);
    const [body, envelope] = [read('short.sgo1'), text('short.envelope.json')];
    const { plaintext } = await openStream([body], {
      envelope,
      keys: [key],
      names: vectors.find(({ name }) => name === 'short')!.names,
    });
    expect(await collect(plaintext)).toEqual(pattern(100));
  });
});

/** Every bit of a short body, one of each byte where opening is slow; the structure of a long one and a spread of the rest. */
function damagedBodies(body: Bytes, { everyBit }: { everyBit: boolean }): Bytes[] {
  if (body.length < 1000 && everyBit) return Array.from({ length: body.length * 8 }, (_, bit) => flipBit(body, bit));
  const places = body.length < 1000 ? body.keys() : [...structure(body.length), ...spread(body.length)];
  return Array.from(places, (at) => flipByte(body, at, 1 << (at & 7)));
}

/** Header, and around each segment boundary: marker, IV, first and last bytes of ciphertext, tag. */
function structure(length: number): number[] {
  const places = new Set(Array.from({ length: 128 }, (_, at) => at));
  for (let start = 128; start < length; start += 65_536) {
    const end = Math.min(start + 65_536, length);
    for (let i = 0; i < 40; i++) [start + i, end - 1 - i].forEach((at) => places.add(at));
  }
  return [...places].filter((at) => at < length);
}

function spread(length: number): number[] {
  return Array.from({ length: 50 }, (_, i) => Math.floor(((i + 0.5) * length) / 50));
}
