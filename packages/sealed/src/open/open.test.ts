import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { keyPairKinds } from '../keys/key-pair.ts';
import { codeOf, collect, createKeyring, cutAt, names, openBytes, pattern, sealBytes } from '../testing/fixtures.ts';
import { readEnvelopeNames, rewrapEnvelope } from './envelope.ts';
import { openStream } from './stream.ts';

// RSA keys and Argon2id on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const key = createKeyring();
const sizes = [0, 1, 65_503, 65_504, 65_505, 131_008, 200_000];

describe('openStream', () => {
  it.each(keyPairKinds)('opens what was sealed to %s, of every size, length known or not', async (kind) => {
    const recipient = await key(kind);
    for (const size of sizes) {
      for (const announce of [true, false]) {
        const { body, envelope, plaintext } = await sealBytes(pattern(size), { recipients: [recipient], announce });
        for (const bodyLength of [body.length, undefined]) {
          const opened = await openStream(cutAt(body, [50_000]), {
            envelope: envelope.text,
            keys: [recipient],
            names,
            bodyLength,
          });
          expect(opened.plaintextLength).toBe(announce || bodyLength !== undefined ? size : undefined);
          expect(await collect(opened.plaintext)).toEqual(plaintext);
        }
      }
    }
  });

  it('opens for each of several recipients, and for nobody else', async () => {
    const recipients = await Promise.all(keyPairKinds.map((kind) => key(kind)));
    const { body, envelope, plaintext } = await sealBytes(pattern(1000), { recipients });
    const stranger = await key('P-256', 1);
    for (const recipient of recipients) {
      expect(await openBytes(body, { envelope, keys: [stranger, recipient], names })).toEqual(plaintext);
    }
    expect(await codeOf(() => openBytes(body, { envelope, keys: [stranger], names }))).toBe('wrong-key');
    expect(await codeOf(() => openBytes(body, { envelope, keys: [], names }))).toBe('wrong-key');
  });

  it('does not depend on chunk boundaries', async () => {
    const recipients = [await key('P-256')];
    const { body, envelope, plaintext } = await sealBytes(pattern(140_000), { recipients, announce: false });
    const cuts = fc.array(fc.integer({ min: 1, max: 140_000 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(cuts, fc.integer({ min: 1, max: 8 }), async (cut, window) => {
        const opened = await openStream(cutAt(body, cut), { envelope, keys: recipients, names, window });
        expect(Buffer.compare(await collect(opened.plaintext), plaintext)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('lets go of the body when the header is refused, the reader cancels or the signal aborts', async () => {
    const keys = [await key('P-256')];
    const { body, envelope } = await sealBytes(pattern(1_500_000), { recipients: keys });
    let cancelled = 0;
    const stream = (bytes: Uint8Array): ReadableStream<Uint8Array> => {
      let at = 0;
      return new ReadableStream({
        pull(controller) {
          if (at >= bytes.length) controller.close();
          else controller.enqueue(bytes.subarray(at, (at += 70_000)));
        },
        cancel: () => void (cancelled += 1),
      });
    };
    expect(await codeOf(() => openStream(stream(pattern(1_500_000)), { envelope, keys, names }))).toBe('not-sealed');
    expect(cancelled).toBe(1);
    const { plaintext } = await openStream(stream(body), { envelope, keys, names });
    await plaintext.cancel();
    expect(cancelled).toBe(2);
    const controller = new AbortController();
    const reader = (
      await openStream(stream(body), { envelope, keys, names, signal: controller.signal })
    ).plaintext.getReader();
    await reader.read();
    controller.abort(new Error('stop'));
    await expect(reader.read()).rejects.toThrow('stop');
    expect(cancelled).toBe(3);
    const aborted = openStream(stream(body), { envelope, keys, names, signal: AbortSignal.abort(new Error('early')) });
    await expect(aborted).rejects.toThrow('early');
  });
});

describe('rewrapEnvelope', () => {
  it('moves an object to new recipients without touching its body', async () => {
    const [old, next] = [await key('RSA-3072'), await key('X25519')];
    const { body, envelope, plaintext } = await sealBytes(pattern(1000), { recipients: [old] });
    const renewed = await rewrapEnvelope(envelope.text, { keys: [old], names, recipients: [next] });
    expect(await openBytes(body, { envelope: renewed, keys: [next], names })).toEqual(plaintext);
    expect(await codeOf(() => openBytes(body, { envelope: renewed, keys: [old], names }))).toBe('wrong-key');
    expect(renewed.envelopeId).toEqual(envelope.envelopeId);
    expect(renewed.headerDigest).toEqual(envelope.headerDigest);
    expect(renewed.jwe.ciphertext).not.toBe(envelope.jwe.ciphertext);
  });

  it('renames, and refuses a name that is not the old one', async () => {
    const keys = [await key('P-256')];
    const { body, envelope, plaintext } = await sealBytes(pattern(10), { recipients: keys });
    const newNames = { ...names, key: 'copy' };
    const copy = await rewrapEnvelope(envelope, { keys, names, recipients: keys, newNames });
    expect(await openBytes(body, { envelope: copy, keys, names: newNames })).toEqual(plaintext);
    expect(await codeOf(() => openBytes(body, { envelope: copy, keys, names }))).toBe('not-for-this-object');
    expect(await codeOf(() => rewrapEnvelope(envelope, { keys, names: newNames, recipients: keys }))).toBe(
      'not-for-this-object',
    );
    expect(await codeOf(() => rewrapEnvelope(envelope, { keys: [], names, recipients: keys }))).toBe('wrong-key');
  });

  it('tells a key holder the names, for recovery', async () => {
    const keys = [await key('P-256')];
    const { envelope } = await sealBytes(pattern(10), { recipients: keys });
    expect(await readEnvelopeNames(envelope.text, keys)).toEqual(names);
    expect(await codeOf(() => readEnvelopeNames(envelope.text, []))).toBe('wrong-key');
  });
});
