import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { fromBase64url, toBase64url, utf8 } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import { createKeyring, names, pattern, sealBytes } from '../testing/fixtures.ts';
import { parseEnvelope } from './envelope.ts';
import { contextHash } from './names.ts';

// RSA keys and Argon2id on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const key = createKeyring();
const sealed = sealBytes(pattern(10), { recipients: [await key('P-256')] });
const several = sealBytes(pattern(10), {
  recipients: [await key('RSA-3072'), await key('P-384'), await key('X25519'), await key('P-256')],
});

interface Jwe {
  protected: string;
  recipients: { header: Record<string, unknown>; encrypted_key: string }[];
  iv: string;
  ciphertext: string;
  tag: string;
  [other: string]: unknown;
}

async function changed(change: (jwe: Jwe) => void, of = several): Promise<string> {
  const jwe = JSON.parse((await of).envelope.text) as Jwe;
  change(jwe);
  return JSON.stringify(jwe);
}

/** Rewrites the protected header. No parser can see that its authentication is gone. */
async function withProtected(
  change: (header: Record<string, unknown> & { sg: Record<string, unknown> }) => void,
): Promise<string> {
  return changed((jwe) => {
    const header = JSON.parse(new TextDecoder().decode(fromBase64url(jwe.protected))) as Record<string, unknown> & {
      sg: Record<string, unknown>;
    };
    change(header);
    jwe.protected = toBase64url(utf8(JSON.stringify(header)));
  });
}

const refusal = (text: string | Uint8Array): string => {
  try {
    parseEnvelope(text);
    return 'none';
  } catch (error) {
    if (error instanceof SealError) return error.code;
    throw error;
  }
};

describe('parseEnvelope', () => {
  it('reads what the sealer writes, as text and as bytes, and repeats it', async () => {
    const { envelope, body } = await several;
    for (const input of [envelope.text, utf8(envelope.text)]) {
      const parsed = parseEnvelope(input);
      expect(parsed).toEqual(envelope);
      expect(parsed.text).toBe(envelope.text);
    }
    expect(envelope.recipients.map(({ keyAlg, wrappedBytes }) => [keyAlg, wrappedBytes])).toEqual([
      ['RSA-OAEP-256', 384],
      ['ECDH-ES+A256KW', 40],
      ['ECDH-ES+A256KW', 40],
      ['ECDH-ES+A256KW', 40],
    ]);
    expect(Buffer.compare(envelope.envelopeId, body.subarray(14, 30))).toBe(0);
    expect(Buffer.compare(envelope.contextHash, contextHash(names))).toBe(0);
  });

  it('drops whitespace and duplicate members from the form that is kept', async () => {
    const { envelope } = await sealed;
    const spelled = ` {"tag":"x", ${envelope.text.slice(1)} `;
    expect(parseEnvelope(spelled).text).toBe(envelope.text);
  });

  it.each<[string, string, (jwe: Jwe) => void]>([
    ['an unprotected header', 'malformed-envelope', (jwe) => (jwe['unprotected'] = { alg: 'dir' })],
    ['additional data', 'malformed-envelope', (jwe) => (jwe['aad'] = 'AA')],
    ['a missing tag', 'malformed-envelope', (jwe) => Reflect.deleteProperty(jwe, 'tag')],
    ['a short tag', 'malformed-envelope', (jwe) => (jwe.tag = jwe.tag.slice(4))],
    ['a long IV', 'malformed-envelope', (jwe) => (jwe.iv += 'AAAA')],
    ['no recipients', 'malformed-envelope', (jwe) => (jwe.recipients = [])],
    [
      '17 recipients',
      'limit-exceeded',
      (jwe) => (jwe.recipients = Array.from({ length: 17 }, () => jwe.recipients[1]!)),
    ],
    ['one key twice', 'malformed-envelope', (jwe) => jwe.recipients.push(jwe.recipients[1]!)],
    ['RSA1_5', 'unsupported', (jwe) => (jwe.recipients[0]!.header['alg'] = 'RSA1_5')],
    ['RSA-OAEP with SHA-1', 'unsupported', (jwe) => (jwe.recipients[0]!.header['alg'] = 'RSA-OAEP')],
    ['dir', 'unsupported', (jwe) => (jwe.recipients[0]!.header['alg'] = 'dir')],
    ['PBES2', 'unsupported', (jwe) => (jwe.recipients[0]!.header['alg'] = 'PBES2-HS256+A128KW')],
    ['ECDH-ES without key wrap', 'unsupported', (jwe) => (jwe.recipients[1]!.header['alg'] = 'ECDH-ES')],
    ['a chosen key id', 'malformed-envelope', (jwe) => (jwe.recipients[0]!.header['kid'] = 'key-1')],
    [
      'an RSA recipient that is an EC one',
      'malformed-envelope',
      (jwe) => (jwe.recipients[0]!.header['alg'] = 'ECDH-ES+A256KW'),
    ],
    [
      'an EC recipient that is an RSA one',
      'malformed-envelope',
      (jwe) => (jwe.recipients[1]!.header['alg'] = 'RSA-OAEP-256'),
    ],
    [
      'a missing ephemeral key',
      'malformed-envelope',
      (jwe) => Reflect.deleteProperty(jwe.recipients[1]!.header, 'epk'),
    ],
    [
      'a P-521 ephemeral key',
      'unsupported',
      (jwe) => (jwe.recipients[1]!.header['epk'] = { kty: 'EC', crv: 'P-521', x: 'AA', y: 'AA' }),
    ],
    [
      'an inherited curve name',
      'unsupported',
      (jwe) => (jwe.recipients[1]!.header['epk'] = { kty: 'EC', crv: 'toString', x: 'AA' }),
    ],
    [
      'a private ephemeral key',
      'malformed-envelope',
      (jwe) => ((jwe.recipients[1]!.header['epk'] as Record<string, string>)['d'] = 'AA'),
    ],
    ['a recipient header of its own', 'malformed-envelope', (jwe) => (jwe.recipients[0]!.header['enc'] = 'A128GCM')],
    ['a short wrapped key', 'malformed-envelope', (jwe) => (jwe.recipients[1]!.encrypted_key = 'AAAA')],
    [
      'a 1024-bit RSA wrapped key',
      'malformed-envelope',
      (jwe) => (jwe.recipients[0]!.encrypted_key = toBase64url(pattern(128))),
    ],
  ])('refuses %s', async (_what, code, change) => {
    expect(refusal(await changed(change))).toBe(code);
  });

  it.each<[string, string, Parameters<typeof withProtected>[0]]>([
    ['another content cipher', 'unsupported', (header) => (header['enc'] = 'A128CBC-HS256')],
    ['another type', 'unsupported', (header) => (header['typ'] = 'JWE')],
    ['compression', 'malformed-envelope', (header) => (header['zip'] = 'DEF')],
    ['critical extensions', 'malformed-envelope', (header) => (header['crit'] = ['sg'])],
    ['a protected algorithm', 'malformed-envelope', (header) => (header['alg'] = 'dir')],
    ['an ephemeral key for several', 'malformed-envelope', (header) => (header['epk'] = {})],
    ['version 2', 'unsupported', (header) => (header.sg['v'] = 2)],
    ['an unknown binding', 'malformed-envelope', (header) => (header.sg['x'] = 1)],
    ['a short envelope id', 'malformed-envelope', (header) => (header.sg['eid'] = 'AAAA')],
    ['a missing context', 'malformed-envelope', (header) => Reflect.deleteProperty(header.sg, 'ctx')],
    ['a binding that is none', 'malformed-envelope', (header) => (header['sg'] = [] as never)],
  ])('refuses %s in the protected header', async (_what, code, change) => {
    expect(refusal(await withProtected(change))).toBe(code);
  });

  it('refuses an ephemeral key in both headers of a sole recipient', async () => {
    const both = await changed((jwe) => {
      const header = JSON.parse(new TextDecoder().decode(fromBase64url(jwe.protected))) as { epk: unknown };
      jwe.recipients[0]!.header['epk'] = header.epk;
    }, sealed);
    expect(refusal(both)).toBe('malformed-envelope');
  });

  it('bounds its input before parsing it', () => {
    expect(refusal(' '.repeat(16_385))).toBe('limit-exceeded');
    expect(refusal('ü'.repeat(10_000))).toBe('limit-exceeded');
    expect(refusal(new Uint8Array(16_385))).toBe('limit-exceeded');
  });

  it.each(['', '{}', 'null', '[]', '1', '"x"', '{"protected":1}', '{"__proto__":{}}', '{'.repeat(9000)])(
    'refuses %s',
    (text) => {
      expect(refusal(text)).toBe('malformed-envelope');
    },
  );

  it('refuses bytes that are not UTF-8', () => {
    expect(refusal(Uint8Array.of(0xff, 0xfe))).toBe('malformed-envelope');
  });

  it('throws nothing but SealError for damaged and arbitrary documents', async () => {
    const { envelope } = await several;
    const damaged = fc
      .tuple(fc.nat(envelope.text.length), fc.nat(30), fc.string({ maxLength: 5 }))
      .map(([at, drop, insert]) => envelope.text.slice(0, at) + insert + envelope.text.slice(at + drop));
    fc.assert(
      fc.property(
        fc.oneof(damaged, fc.json(), fc.string({ unit: 'binary' })),
        (text) => typeof refusal(text) === 'string',
      ),
      { numRuns: 3000 },
    );
  });
});

describe('contextHash', () => {
  it('is the published function of the names', () => {
    const hash = contextHash({ tenant: 'acme', bucket: 'vault', key: 'a/ü' });
    expect(Buffer.from(hash).toString('hex')).toBe('68370551d5a863b9656d6d10439322ccdc7f5e6007b279728db363996079355c');
  });

  it('tells apart what concatenation would not', () => {
    const name = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' });
    fc.assert(
      fc.property(fc.tuple(name, name, name), fc.tuple(name, name, name), (a, b) => {
        const [left, right] = [a, b].map(([tenant, bucket, key]) => contextHash({ tenant, bucket, key }));
        return (Buffer.compare(left!, right!) === 0) === (JSON.stringify(a) === JSON.stringify(b));
      }),
    );
    const one = contextHash({ tenant: 'ab', bucket: 'c', key: 'd' });
    expect(one).not.toEqual(contextHash({ tenant: 'a', bucket: 'bc', key: 'd' }));
  });

  it.each(['', 'x'.repeat(1025), '\ud800'])('refuses the name %j', (name) => {
    expect(() => contextHash({ ...names, key: name })).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });
});
