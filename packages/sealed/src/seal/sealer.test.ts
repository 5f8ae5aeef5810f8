import { describe, expect, it, vi } from 'vitest';
import { generateKeyPair } from '../keys/key-pair.ts';
import {
  all,
  codeOf,
  collect,
  createKeyring,
  cutAt,
  names,
  openBytes,
  pattern,
  sealBytes,
} from '../testing/fixtures.ts';
import { cutParts, partSizeFor } from './parts.ts';
import { createSealer } from './sealer.ts';

// RSA keys and Argon2id on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const key = createKeyring();

describe('createSealer', () => {
  it('knows header, envelope and length before the first byte', async () => {
    const sealer = await createSealer({ recipients: [await key('X25519')], names, plaintextLength: 70_000 });
    expect(sealer.bodyLength).toBe(70_192);
    const body = await collect(sealer.seal([pattern(70_000)]));
    expect(body).toHaveLength(70_192);
    expect(body.subarray(0, 128)).toEqual(sealer.header);
  });

  it('never makes the same key, header or ciphertext twice', async () => {
    const recipients = [await key('P-256')];
    const [a, b] = [await sealBytes(pattern(1000), { recipients }), await sealBytes(pattern(1000), { recipients })];
    expect(a.body.subarray(14, 30)).not.toEqual(b.body.subarray(14, 30));
    expect(a.body.subarray(64)).not.toEqual(b.body.subarray(64));
    expect(a.envelope.jwe.ciphertext).not.toBe(b.envelope.jwe.ciphertext);
  });

  it('says nothing of names or plaintext in the clear', async () => {
    const { body, envelope } = await sealBytes(pattern(1000), { recipients: [await key('P-256')] });
    const clear =
      Buffer.from(body).toString('latin1') +
      envelope.text +
      Buffer.from(envelope.jwe.protected, 'base64url').toString();
    for (const name of Object.values(names)) expect(clear).not.toContain(name);
    expect(Buffer.from(body).includes(Buffer.from(pattern(32)))).toBe(false);
  });

  it('is independent of the input: chunks, streams, iterables', async () => {
    const recipients = [await key('P-256')];
    const plaintext = pattern(200_000);
    const inputs = [
      () => cutAt(plaintext, [1000, 65_504, 3]),
      () => new Blob([plaintext]).stream(),
      async function* () {
        yield* cutAt(plaintext, [131_008]);
      },
      () => cutAt(plaintext, [65_504]),
    ];
    for (const input of inputs) {
      const sealer = await createSealer({ recipients, names, window: 3 });
      const body = await collect(sealer.seal(input()));
      expect(await openBytes(body, { envelope: sealer.envelope, keys: [await key('P-256')], names })).toEqual(
        plaintext,
      );
    }
  });

  it('seals one stream only: a retry must send what it kept', async () => {
    const sealer = await createSealer({ recipients: [await key('P-256')], names });
    await collect(sealer.seal([pattern(1)]));
    expect(await codeOf(() => sealer.seal([pattern(1)]))).toBe('invalid-argument');
  });

  it.each([
    [10, 9],
    [10, 11],
    [0, 1],
    [65_504, 65_505],
    [131_008, 65_504],
    [65_504, 200_000],
  ])('announced %i bytes, given %i: no final segment is made', async (announced, given) => {
    const sealer = await createSealer({ recipients: [await key('P-256')], names, plaintextLength: announced });
    const chunks: Uint8Array[] = [];
    const code = await codeOf(async () => {
      for await (const chunk of sealer.seal([pattern(given)])) chunks.push(chunk);
    });
    expect(code).toBe('length-mismatch');
    const body = Buffer.concat(chunks);
    for (let at = 128; at < body.length; at += 65_536) expect(body.readUInt32BE(at)).toBe(0xffffffff);
  });

  it('refuses no, equal and too many recipients, bad names and bad lengths', async () => {
    const one = await key('P-256');
    const many = await Promise.all(Array.from({ length: 17 }, () => generateKeyPair('P-256')));
    const make = (options: Partial<Parameters<typeof createSealer>[0]>): Promise<string> =>
      codeOf(() => createSealer({ recipients: [one], names, ...options }));
    expect(await make({ recipients: [] })).toBe('invalid-argument');
    expect(await make({ recipients: [one, one] })).toBe('invalid-argument');
    expect(await make({ recipients: many })).toBe('limit-exceeded');
    expect(await make({ recipients: many.slice(1) })).toBe('none');
    expect(await make({ names: { ...names, key: '' } })).toBe('invalid-argument');
    expect(await make({ plaintextLength: -1 })).toBe('invalid-argument');
    expect(await make({ plaintextLength: 2 ** 51 })).toBe('limit-exceeded');
    expect(await make({ window: 0 })).toBe('invalid-argument');
  });

  it('lets go of its input when the reader cancels or the signal aborts', async () => {
    let cancelled = 0;
    const input = (): ReadableStream<Uint8Array> =>
      new ReadableStream({
        pull: (controller) => controller.enqueue(pattern(1000)),
        cancel: () => void (cancelled += 1),
      });
    const recipients = [await key('P-256')];
    const reader = (await createSealer({ recipients, names })).seal(input()).getReader();
    await reader.read();
    await reader.read();
    await reader.cancel();
    expect(cancelled).toBe(1);
    const controller = new AbortController();
    const aborted = (await createSealer({ recipients, names }))
      .seal(input(), { signal: controller.signal })
      .getReader();
    await aborted.read();
    controller.abort(new Error('stop'));
    await expect(aborted.read()).rejects.toThrow('stop');
    expect(cancelled).toBe(2);
  });

  it('reads no further ahead than its window', async () => {
    let given = 0;
    const input = (async function* () {
      for (;;) {
        given += 1;
        yield pattern(65_504);
      }
    })();
    const sealer = await createSealer({ recipients: [await key('P-256')], names, window: 4 });
    const reader = sealer.seal(input).getReader();
    for (let i = 0; i < 3; i++) await reader.read();
    // Two segments are out, four in the window, one more tells that the fourth is not the last.
    expect(given).toBeLessThanOrEqual(8);
    await reader.cancel();
  });
});

describe('parts', () => {
  it('are equal, in order, and together the body', async () => {
    const { body } = await sealBytes(pattern(300_000), { recipients: [await key('P-256')] });
    for (const size of [65_536, 131_072, 1_048_576]) {
      const parts = await all(cutParts(cutAt(body, [10_000]), size));
      expect(parts.map(({ partNumber }) => partNumber)).toEqual(parts.map((_, i) => i + 1));
      expect(parts.slice(0, -1).every(({ bytes, last }) => bytes.length === size && !last)).toBe(true);
      expect(parts.at(-1)?.last).toBe(true);
      expect(Buffer.concat(parts.map(({ bytes }) => bytes)).equals(body)).toBe(true);
    }
  });

  it('have a size that fits ten thousand of them', async () => {
    const mib = 1024 ** 2;
    expect(partSizeFor(1)).toBe(8 * mib);
    expect(partSizeFor(10_000 * 8 * mib)).toBe(8 * mib);
    expect(partSizeFor(10_000 * 8 * mib + 1)).toBe(8 * mib + 65_536);
    expect(partSizeFor(undefined)).toBe(64 * mib);
    for (const length of [5 * 1024 ** 4, 48 * 1024 ** 4]) {
      expect(Math.ceil(length / partSizeFor(length))).toBeLessThanOrEqual(10_000);
      expect(partSizeFor(length) % 65_536).toBe(0);
    }
    expect(await codeOf(() => partSizeFor(10_000 * 5 * 1024 ** 3 + 1))).toBe('limit-exceeded');
  });

  it.each([0, -65_536, 100, 65_535, 2 ** 34])('refuse a size of %d', async (size) => {
    expect(await codeOf(() => all(cutParts([pattern(1)], size)))).toBe('invalid-argument');
  });
});
