import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { CompactSign, importJWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  exportPrivateKey,
  exportPublicKey,
  generateKeyPair,
  generateRootKey,
  type RootKey,
  signKeyring,
} from '../keys/index.ts';
import { codeOf } from '../testing/fixtures.ts';
import {
  type KeyringContent,
  type KeyringKey,
  parseKeyringContent,
  publicJwkOf,
  writeKeyringContent,
} from './content.ts';
import { type Keyring, readKeyring, recipientPolicyOf, signersOf } from './keyring.ts';
import { type KeyringPin, trustKeyrings } from './trust.ts';

let root: RootKey;
let other: RootKey;
let keys: KeyringKey[];

async function entry(
  kind: Parameters<typeof generateKeyPair>[0],
  changes: Partial<KeyringKey> = {},
): Promise<KeyringKey> {
  const { jwk, keyId } = await publicJwkOf(await exportPublicKey(await generateKeyPair(kind)));
  return { keyId, jwk, use: 'wrap', version: 1, nbf: 0, revokedAt: null, ...changes };
}

beforeAll(async () => {
  [root, other] = [await generateRootKey(), await generateRootKey()];
  keys = [await entry('P-256'), await entry('RSA-3072', { use: 'recovery' }), await entry('X25519', { version: 2 })];
});

const content = (changes: Partial<KeyringContent> = {}): KeyringContent => ({
  ...{ tenant: 'acme', seq: 1, prev: null, issuedAt: 1_700_000_000, keys },
  ...{ allowedAlgs: ['ECDH-ES+A256KW', 'RSA-OAEP-256'], requiredRecipients: [], ...changes },
});

/** Keyrings 1 to `length`, each following the one before. */
async function chain(length: number, by: RootKey = root, tenant = 'acme'): Promise<Keyring[]> {
  const made: Keyring[] = [];
  for (let seq = 1; seq <= length; seq += 1) {
    made.push(await signKeyring(content({ tenant, seq, prev: made.at(-1)?.digest ?? null, issuedAt: seq }), by));
  }
  return made;
}

const pin = (changes: Partial<KeyringPin> = {}): KeyringPin => ({
  ...{ tenant: 'acme', rootKeyId: root.keyId, seq: 0, digest: null, ...changes },
});
const texts = (list: readonly Keyring[]): string[] => list.map(({ text }) => text);

describe('a signed keyring', () => {
  it('says what its root signed', async () => {
    const required = keys[1]?.keyId ?? '';
    const signed = await signKeyring(content({ requiredRecipients: [required] }), root);
    expect(await readKeyring(signed.text)).toEqual(signed);
    expect(signed).toMatchObject({ ...content({ requiredRecipients: [required] }), rootKeyId: root.keyId });
  });

  it('has one text: the last character of a part has no bits that mean nothing', async () => {
    const { text } = await signKeyring(content(), root);
    // 64 bytes end with a character of which two bits count.
    expect(text).toMatch(/[AQgw]$/);
    for (const spare of 'BCDEFGHIJKLMNOPRSTUVWXYZabcdefhijklmnopqrstuvxyz0123456789-_') {
      expect(await codeOf(() => readKeyring(text.slice(0, -1) + spare))).toBe('malformed-keyring');
    }
  });

  it('is refused when a character of it is another', async () => {
    const { text } = await signKeyring(content(), root);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom('A', 'b', '9', '.', '='), async (at, char) => {
        fc.pre(text[at] !== char);
        const changed = `${text.slice(0, at)}${char}${text.slice(at + 1)}`;
        expect(await codeOf(() => readKeyring(changed))).toMatch(/^(malformed-keyring|keyring-untrusted)$/);
      }),
      { numRuns: 200 },
    );
  });

  it('takes no other algorithm, type or header, and no key that the header does not carry', async () => {
    const payload = new TextEncoder().encode(writeKeyringContent(content()));
    const { d: _d, ...jwk } = root.jwk;
    const key = await importJWK({ ...root.jwk }, 'Ed25519');
    const signed = async (header: object): Promise<string> =>
      new CompactSign(payload).setProtectedHeader(header as { alg: string }).sign(key);
    const right = { alg: 'Ed25519', typ: 'sealgate-keyring+jws', jwk };
    expect(await codeOf(async () => readKeyring(await signed(right)))).toBe('none');
    const { d: _secret, ...stranger } = other.jwk;
    for (const [header, code] of [
      [{ ...right, alg: 'EdDSA' }, 'malformed-keyring'],
      [{ ...right, typ: 'JWT' }, 'malformed-keyring'],
      [{ ...right, kid: root.keyId }, 'malformed-keyring'],
      [{ ...right, jwk: root.jwk }, 'malformed-keyring'],
      [{ ...right, jwk: stranger }, 'keyring-untrusted'],
    ] as const) {
      expect([header, await codeOf(async () => readKeyring(await signed(header)))]).toEqual([header, code]);
    }
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(payload).toString('base64url')}.`;
    expect(await codeOf(() => readKeyring(none))).toBe('malformed-keyring');
    expect(await codeOf(() => readKeyring('x'.repeat(200_000)))).toBe('limit-exceeded');
  });

  it('has no member that is not known, no private key, no key twice and no key unfit for its use', async () => {
    const whole = JSON.parse(writeKeyringContent(content())) as Record<string, unknown> & {
      keys: Record<string, unknown>[];
    };
    const [first = {}] = whole.keys;
    const secret = await exportPrivateKey(await generateKeyPair('P-256', { extractable: true }));
    const bad: object[] = [
      { ...whole, v: 2 },
      { ...whole, extra: 1 },
      { ...whole, seq: 0 },
      { ...whole, seq: 2 },
      { ...whole, prev: 'x' },
      { ...whole, keys: [] },
      { ...whole, keys: [first, first] },
      { ...whole, keys: [{ ...first, kid: 'mine' }] },
      { ...whole, keys: [{ ...first, use: 'sign', jwk: keys[2]?.jwk }] },
      { ...whole, keys: [{ ...first, version: 0 }] },
      { ...whole, keys: [{ ...first, jwk: secret }] },
      { ...whole, keys: [{ ...first, jwk: { ...keys[0]?.jwk, kid: 'chosen' } }] },
      { ...whole, allowed_algs: ['RSA1_5'] },
      { ...whole, allowed_algs: [] },
      { ...whole, required_recipients: [root.keyId] },
    ];
    for (const value of bad) {
      expect([value, await codeOf(() => parseKeyringContent(JSON.stringify(value)))]).toEqual([
        value,
        'malformed-keyring',
      ]);
    }
    expect(await codeOf(() => parseKeyringContent(JSON.stringify(whole)))).toBe('none');
  });
});

describe('what envelopes must be under a keyring', () => {
  it('has the keys that are for sealing, from their time on and until they are revoked', async () => {
    const [wrap, recovery, next] = keys as [KeyringKey, KeyringKey, KeyringKey];
    const list = [wrap, recovery, { ...next, nbf: 200 }, await entry('P-384', { revokedAt: 150 })];
    const known = (now: number): string[] => [
      ...recipientPolicyOf(content({ keys: list }), now).knownRecipients.keys(),
    ];
    expect(known(100)).toEqual([wrap.keyId, recovery.keyId, list[3]?.keyId]);
    expect(known(150)).toEqual([wrap.keyId, recovery.keyId]);
    expect(known(200)).toEqual([wrap.keyId, recovery.keyId, next.keyId]);
    const modulus = recipientPolicyOf(content(), 0).knownRecipients.get(recovery.keyId);
    expect(modulus).toEqual({ keyAlg: 'RSA-OAEP-256', modulusBytes: 384 });
  });
});

describe('the writers of a keyring', () => {
  it('are its keys that sign, from their beginning until they are revoked', () => {
    const signing = (name: string, changes: Partial<KeyringKey>): KeyringKey => {
      const [key] = keys as [KeyringKey];
      return { ...key, keyId: name, use: 'sign', ...changes };
    };
    const list = [...keys, signing('ada', {}), signing('bob', { nbf: 200 }), signing('eve', { revokedAt: 150 })];
    const at = (now: number) => {
      const { inUse, revoked } = signersOf({ keys: list }, now);
      return { inUse: inUse.map(({ keyId }) => keyId), revoked: [...revoked] };
    };
    expect(at(149)).toEqual({ inUse: ['ada', 'eve'], revoked: [] });
    expect(at(150)).toEqual({ inUse: ['ada'], revoked: [['eve', 150]] });
    expect(at(200)).toEqual({ inUse: ['ada', 'bob'], revoked: [['eve', 150]] });
  });
});

describe('the trust of a client', () => {
  it('begins with the first one that the pinned root signed, and goes on from there', async () => {
    const all = await chain(4);
    const first = await trustKeyrings(pin(), texts(all.slice(0, 2)));
    expect(first).toMatchObject({ keyring: { seq: 2 }, pin: { seq: 2, digest: all[1]?.digest } });
    const later = await trustKeyrings(first.pin, texts(all.slice(1)));
    expect(later.pin).toEqual(pin({ seq: 4, digest: all[3]?.digest ?? null }));
    expect((await trustKeyrings(later.pin, texts(all.slice(3)))).keyring.seq).toBe(4);
  });

  it('refuses a keyring of a gateway that made its own', async () => {
    const forged = texts(await chain(3, other));
    expect(await codeOf(() => trustKeyrings(pin(), forged))).toBe('keyring-untrusted');
    const real = await chain(2);
    const seen = pin({ seq: 2, digest: real[1]?.digest ?? null });
    const next = await signKeyring(content({ seq: 3, prev: real[1]?.digest ?? null }), other);
    expect(await codeOf(() => trustKeyrings(seen, [real[1]?.text ?? '', next.text]))).toBe('keyring-untrusted');
  });

  it('refuses one of another tenant, though the root is the same', async () => {
    expect(await codeOf(async () => trustKeyrings(pin(), texts(await chain(1, root, 'other'))))).toBe(
      'keyring-untrusted',
    );
  });

  it('refuses to go back, to be told of none, and to begin in the middle', async () => {
    const all = await chain(3);
    const seen = pin({ seq: 3, digest: all[2]?.digest ?? null });
    for (const offered of [[], texts(all.slice(0, 1)), texts(all.slice(0, 2)), texts(all.slice(1, 2))]) {
      expect(await codeOf(() => trustKeyrings(seen, offered))).toBe('keyring-rollback');
    }
    expect(await codeOf(() => trustKeyrings(pin(), []))).toBe('keyring-missing');
    expect(await codeOf(() => trustKeyrings(pin(), texts(all.slice(1))))).toBe('keyring-forked');
    expect(await codeOf(() => trustKeyrings(pin(), [all[0]?.text ?? '', all[2]?.text ?? '']))).toBe('keyring-forked');
  });

  it('refuses a second keyring of a number, signed by the root or not', async () => {
    const all = await chain(2);
    const twin = await signKeyring(content({ seq: 2, prev: all[0]?.digest ?? null, issuedAt: 77 }), root);
    const seen = pin({ seq: 2, digest: all[1]?.digest ?? null });
    expect(await codeOf(() => trustKeyrings(seen, [twin.text]))).toBe('keyring-forked');
    const onTwin = await signKeyring(content({ seq: 3, prev: twin.digest }), root);
    expect(await codeOf(() => trustKeyrings(seen, [all[1]?.text ?? '', onTwin.text]))).toBe('keyring-forked');
  });
});

describe('frozen examples', () => {
  it('are read today as they were when they were made', async () => {
    const file = new URL('../../vectors/keyring/keyrings.json', import.meta.url);
    const vectors = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly rootKeyId: string;
      readonly keyrings: readonly { readonly text: string; readonly digest: string; readonly content: object }[];
      readonly refused: readonly { readonly text: string; readonly code: string }[];
    };
    const read = await Promise.all(vectors.keyrings.map(({ text }) => readKeyring(text)));
    for (const [at, { digest, content: said }] of vectors.keyrings.entries()) {
      expect(read[at]).toMatchObject({ digest, ...said, rootKeyId: vectors.rootKeyId });
    }
    const trusted = await trustKeyrings(
      pin({ rootKeyId: vectors.rootKeyId }),
      vectors.keyrings.map(({ text }) => text),
    );
    expect(trusted.keyring.seq).toBe(vectors.keyrings.length);
    for (const { text, code } of vectors.refused) expect(await codeOf(() => readKeyring(text))).toBe(code);
  });
});
