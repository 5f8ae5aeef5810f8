import { GeneralEncrypt } from 'jose';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { sgo1Floe, startFloe } from '../floe/session.ts';
import type { Bytes } from '../format/bytes.ts';
import { concat, fromBase64url, toBase64url, utf8 } from '../format/bytes.ts';
import type { ParsedEnvelope } from '../inspect/envelope.ts';
import { parseEnvelope } from '../inspect/envelope.ts';
import type { KeyPair } from '../keys/key-pair.ts';
import { exportPrivateKey } from '../keys/key-pair.ts';
import { importPrivateKey } from '../keys/recipient-key.ts';
import { sealEnvelope } from '../seal/envelope.ts';
import type { SealedFixture } from '../testing/fixtures.ts';
import { codeOf, collect, createKeyring, flipByte, names, openBytes, pattern, sealBytes } from '../testing/fixtures.ts';
import { openStream } from './stream.ts';

// RSA keys and Argon2id on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** One test at least for each attack on a body, an envelope or a key that the threat model lists. */
const key = createKeyring();
const segment = 65_536;
let owner: KeyPair;
let sealed: SealedFixture;
let unannounced: SealedFixture;

beforeAll(async () => {
  owner = await key('P-256');
  sealed = await sealBytes(pattern(200_000), { recipients: [owner] });
  unannounced = await sealBytes(pattern(200_000), { recipients: [owner], announce: false });
});

interface Attempt {
  body?: Bytes;
  envelope?: ParsedEnvelope | string;
  keys?: readonly KeyPair[];
  names?: typeof names;
  bodyLength?: number;
}

/** Opens the announced body, changed; returns code and how many plaintext bytes came out before. */
async function attack(change: Attempt, base = sealed): Promise<{ code: string; released: number }> {
  let released = 0;
  const code = await codeOf(async () => {
    const { plaintext } = await openStream([change.body ?? base.body], {
      envelope: change.envelope ?? base.envelope,
      keys: change.keys ?? [owner],
      names: change.names ?? names,
      bodyLength: change.bodyLength,
    });
    for await (const chunk of plaintext) released += chunk.length;
  });
  return { code, released };
}

const nothing = (code: string): object => ({ code, released: 0 });
const part = (body: Bytes, index: number): Bytes => body.slice(128 + segment * index, 128 + segment * (index + 1));

describe('swaps', () => {
  it('envelope of another object of the same name', async () => {
    const twin = await sealBytes(pattern(200_000), { recipients: [owner] });
    expect(await attack({ envelope: twin.envelope })).toEqual(nothing('envelope-mismatch'));
    expect(await attack({ body: twin.body })).toEqual(nothing('envelope-mismatch'));
  });

  it.each(['tenant', 'bucket', 'key'] as const)('two objects that differ in their %s', async (member) => {
    const otherNames = { ...names, [member]: 'other' };
    const other = await sealBytes(pattern(10), { recipients: [owner], names: otherNames });
    expect(await attack({ body: other.body, envelope: other.envelope })).toEqual(nothing('not-for-this-object'));
    expect(await attack({ names: otherNames })).toEqual(nothing('not-for-this-object'));
  });

  it('a header whose key commitment is for another key', async () => {
    const header = sealed.body.slice(0, 128);
    const forged = await startFloe(new Uint8Array(32).fill(5), { params: sgo1Floe, aad: header.slice(0, 54) });
    const body = concat(header.subarray(0, 54), forged.header, sealed.body.subarray(128));
    expect(await attack({ body })).toEqual(nothing('envelope-mismatch'));
  });

  it('envelope of a public key holder for a body that is not under its data key (invisible salamander)', async () => {
    const { sha256 } = await import('@noble/hashes/sha2.js');
    const forged = await sealEnvelope(
      {
        dataKey: new Uint8Array(32).fill(7),
        names,
        envelopeId: sealed.body.slice(14, 30),
        headerDigest: sha256(sealed.body.subarray(0, 128)),
      },
      [owner],
    );
    expect(await attack({ envelope: forged })).toEqual(nothing('wrong-key'));
  });

  it('public binding for one name, secret names for another', async () => {
    const other = { ...names, key: 'other' };
    const forged = await forgeEnvelope({ ctxOf: names, n: Object.values(other) });
    expect(await attack({ envelope: forged })).toEqual(nothing('not-for-this-object'));
  });
});

describe('the body', () => {
  it('truncated anywhere, with and without an announced length', async () => {
    for (const base of [sealed, unannounced]) {
      for (const cut of [
        1,
        127,
        128,
        129,
        144,
        128 + 31,
        128 + segment,
        128 + segment + 20,
        128 + segment * 3,
        base.body.length - 1,
      ]) {
        const { code } = await attack({ body: base.body.slice(0, cut) }, base);
        expect(code, `cut at ${cut}`).toBe('truncated');
      }
      expect(await attack({ body: new Uint8Array(0) }, base)).toEqual(nothing('not-sealed'));
    }
  });

  it('truncated with the storage telling the truth about the rest: nothing comes out', async () => {
    const cut = sealed.body.slice(0, 128 + segment);
    expect(await attack({ body: cut, bodyLength: cut.length })).toEqual(nothing('length-mismatch'));
    expect(await attack({ bodyLength: sealed.body.length - 1 })).toEqual(nothing('length-mismatch'));
  });

  it('with the last segment dropped and the one before posing as the last', async () => {
    const cut = unannounced.body.slice(0, 128 + segment * 3);
    new DataView(cut.buffer).setUint32(128 + segment * 2, segment);
    expect(await attack({ body: cut }, unannounced)).toMatchObject({ code: 'corrupt' });
  });

  it('with trailing bytes', async () => {
    for (const base of [sealed, unannounced]) {
      for (const tail of [1, 31, 32, segment]) {
        const { code } = await attack({ body: concat(base.body, new Uint8Array(tail)) }, base);
        expect(code, `tail of ${tail}`).toMatch(/^(trailing-bytes|malformed-body)$/);
      }
    }
  });

  it('with segments exchanged, repeated, left out or from another object', async () => {
    const { body } = unannounced;
    const twin = await sealBytes(pattern(200_000), { recipients: [owner], announce: false });
    const [head, a, b, c, rest] = [
      body.slice(0, 128),
      part(body, 0),
      part(body, 1),
      part(body, 2),
      body.slice(128 + segment * 3),
    ];
    for (const order of [
      [head, b, a, c, rest],
      [head, a, a, c, rest],
      [head, a, c, rest],
      [head, a, b, b, c, rest],
      [head, a, part(twin.body, 1), c, rest],
      [head, a, b, c, twin.body.slice(128 + segment * 3)],
    ]) {
      expect(await attack({ body: concat(...order) }, unannounced)).toMatchObject({ code: 'corrupt' });
    }
  });

  it('with a declared length changed: it is bound to the commitment', async () => {
    const changed = sealed.body.slice();
    new DataView(changed.buffer).setBigUint64(30, 0xffffffffffffffffn);
    expect(await attack({ body: changed })).toEqual(nothing('envelope-mismatch'));
  });

  it('releases no byte of a segment before it is authenticated', async () => {
    const damaged = flipByte(sealed.body, 128 + segment + 5000);
    const { code, released } = await attack({ body: damaged });
    expect(code).toBe('corrupt');
    expect([0, 65_504]).toContain(released);
  });

  it('one flipped byte anywhere is refused', async () => {
    const small = await sealBytes(pattern(20), { recipients: [owner] });
    for (let at = 0; at < small.body.length; at++) {
      expect(await attack({ body: flipByte(small.body, at, 0x80) }, small), `byte ${at}`).not.toMatchObject({
        code: 'none',
      });
    }
  });
});

describe('downgrades', () => {
  it.each([
    ['version', 8],
    ['suite', 9],
    ['flags', 13],
  ])('another %s in the header', async (_what, at) => {
    expect(await attack({ body: flipByte(sealed.body, at, 2) })).toEqual(nothing('unsupported'));
  });

  it.each([
    ['RSA1_5', 'unsupported'],
    ['dir', 'unsupported'],
    ['ECDH-ES', 'unsupported'],
  ])('the algorithm %s in the unprotected recipient header', async (alg, code) => {
    expect(await attack({ envelope: sealed.envelope.text.replace('ECDH-ES+A256KW', alg) })).toEqual(nothing(code));
  });

  it('a recipient entry of another algorithm under the id of this key', async () => {
    const rsa = await key('RSA-3072');
    const other = await sealBytes(pattern(1), { recipients: [rsa] });
    const confused = other.envelope.text.replace(rsa.keyId, owner.keyId);
    expect(await attack({ body: other.body, envelope: confused }, other)).toEqual(nothing('wrong-key'));
  });
});

describe('keys', () => {
  it('one answer for every way in which decryption fails', async () => {
    const jwe = JSON.parse(sealed.envelope.text) as {
      tag: string;
      ciphertext: string;
      recipients: [{ encrypted_key: string }];
    };
    const flip = (text: string): string => toBase64url(flipByte(fromBase64url(text) ?? new Uint8Array(1), 0));
    const damaged = [
      { ...jwe, tag: flip(jwe.tag) },
      { ...jwe, ciphertext: flip(jwe.ciphertext) },
      { ...jwe, recipients: [{ ...jwe.recipients[0], encrypted_key: flip(jwe.recipients[0].encrypted_key) }] },
    ];
    for (const envelope of damaged)
      expect(await attack({ envelope: JSON.stringify(envelope) })).toEqual(nothing('wrong-key'));
    expect(await attack({ keys: [await key('P-256', 1)] })).toEqual(nothing('wrong-key'));
  });

  it('a chosen key id: the id is computed from the key and nothing else', async () => {
    const mine = await exportPrivateKey(await key('P-256', 1));
    expect(await codeOf(() => importPrivateKey({ ...mine, kid: owner.keyId }))).toBe('key-id-mismatch');
  });

  it('ciphertext of two seals of one plaintext shares nothing, so a repeated upload repeats no nonce', async () => {
    const ivs = new Set<string>();
    for (let round = 0; round < 4; round++) {
      const { body } = await sealBytes(pattern(200_000), { recipients: [owner] });
      for (let index = 0; index < 4; index++) ivs.add(Buffer.from(part(body, index).subarray(4, 16)).toString('hex'));
      ivs.add(Buffer.from(body.subarray(64, 96)).toString('hex'));
    }
    expect(ivs.size).toBe(4 * 5);
  });
});

describe('resources of the reader', () => {
  it('a length that the body does not have allocates nothing and is refused', async () => {
    const huge = sealed.body.slice();
    new DataView(huge.buffer).setBigUint64(30, 2n ** 49n);
    expect(await attack({ body: huge, bodyLength: huge.length })).toMatchObject({ released: 0 });
    new DataView(huge.buffer).setBigUint64(30, 2n ** 60n);
    expect(await attack({ body: huge })).toEqual(nothing('limit-exceeded'));
  });

  it('an envelope above its size', async () => {
    expect(await attack({ envelope: sealed.envelope.text + ' '.repeat(20_000) })).toEqual(nothing('limit-exceeded'));
  });

  it.each([
    ['no object', 'null'],
    ['no data key', '{"n":["a","b","c"]}'],
    ['a short data key', '{"dk":"AAAA","n":["a","b","c"]}'],
    ['two names', `{"dk":"${'A'.repeat(43)}","n":["a","b"]}`],
    ['a name that is no text', `{"dk":"${'A'.repeat(43)}","n":["a","b",1]}`],
    ['an unknown member', `{"dk":"${'A'.repeat(43)}","n":["a","b","c"],"x":1}`],
  ])('a well encrypted envelope with %s', async (_what, payload) => {
    expect(await attack({ envelope: await forgeEnvelope({ ctxOf: names, payload }) })).toEqual(
      nothing('malformed-envelope'),
    );
  });
});

/** What somebody with the public key can make: everything fits in the clear, the secret part is theirs. */
async function forgeEnvelope(forge: { ctxOf: typeof names; n?: string[]; payload?: string }): Promise<ParsedEnvelope> {
  const bound = JSON.parse(Buffer.from(sealed.envelope.jwe.protected, 'base64url').toString()) as { sg: object };
  const payload = forge.payload ?? JSON.stringify({ dk: toBase64url(new Uint8Array(32).fill(3)), n: forge.n });
  const jwe = new GeneralEncrypt(utf8(payload)).setProtectedHeader({
    enc: 'A256GCM',
    typ: 'sealgate-key+jwe',
    sg: bound.sg,
  });
  jwe.addRecipient(owner.publicKey).setUnprotectedHeader({ alg: owner.keyAlg, kid: owner.keyId });
  return parseEnvelope(JSON.stringify(await jwe.encrypt()));
}

it('the sound object opens, so that the refusals above mean something', async () => {
  expect(await attack({})).toEqual({ code: 'none', released: 200_000 });
  expect(await attack({}, unannounced)).toEqual({ code: 'none', released: 200_000 });
  expect(await openBytes(sealed.body, { envelope: sealed.envelope.text, keys: [owner], names })).toEqual(
    sealed.plaintext,
  );
  expect(await collect(new Blob([sealed.body]).stream())).toEqual(sealed.body);
});
