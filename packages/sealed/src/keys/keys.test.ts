import { describe, expect, it, vi } from 'vitest';
import { codeOf, createKeyring, names, openBytes, pattern, sealBytes } from '../testing/fixtures.ts';
import { exportPrivateKey, exportPublicKey, generateKeyPair, keyPairKinds } from './key-pair.ts';
import { importPrivateKey, importPublicKey, keyIdOf } from './recipient-key.ts';

// RSA keys and Argon2id on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const key = createKeyring();

describe('key pairs', () => {
  it.each(keyPairKinds)('of kind %s survive export and import and keep their id', async (kind) => {
    const pair = await key(kind);
    const [publicJwk, privateJwk] = [await exportPublicKey(pair), await exportPrivateKey(pair)];
    expect(publicJwk).not.toHaveProperty('d');
    expect(publicJwk).toMatchObject({ kid: pair.keyId, alg: pair.keyAlg, use: 'enc' });
    expect(pair.keyId).toMatch(/^urn:ietf:params:oauth:jwk-thumbprint:sha-256:[\w-]{43}$/);
    const recipient = await importPublicKey(JSON.parse(JSON.stringify(publicJwk)) as typeof publicJwk);
    const opener = await importPrivateKey(JSON.parse(JSON.stringify(privateJwk)) as typeof privateJwk);
    expect([recipient.keyId, opener.keyId]).toEqual([pair.keyId, pair.keyId]);
    const { body, envelope, plaintext } = await sealBytes(pattern(10), { recipients: [recipient] });
    expect(await openBytes(body, { envelope, keys: [opener], names })).toEqual(plaintext);
  });

  it('cannot be exported unless made or imported so', async () => {
    const pair = await generateKeyPair('P-256');
    expect(await codeOf(() => exportPrivateKey(pair))).toBe('invalid-argument');
    const imported = await importPrivateKey(await exportPrivateKey(await key('P-256')));
    expect(await codeOf(() => exportPrivateKey(imported))).toBe('invalid-argument');
    const kept = await importPrivateKey(await exportPrivateKey(await key('P-256')), { extractable: true });
    expect(await codeOf(() => exportPrivateKey(kept))).toBe('none');
  });

  it('have the id of RFC 7638, whatever else the JWK says', async () => {
    // The example key of RFC 7638, section 3.1, and its thumbprint.
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
    const id = 'urn:ietf:params:oauth:jwk-thumbprint:sha-256:NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';
    expect(await keyIdOf({ kty: 'RSA', n, e: 'AQAB' })).toBe(id);
    expect((await importPublicKey({ kty: 'RSA', n, e: 'AQAB', kid: id })).keyId).toBe(id);
    expect(await codeOf(() => importPublicKey({ kty: 'RSA', n, e: 'AQAB', kid: '2011-04-29' }))).toBe(
      'key-id-mismatch',
    );
    expect(await codeOf(() => importPublicKey({ kty: 'RSA', n, e: 'AQAB', alg: 'RS256' }))).toBe('unsupported');
    expect(await codeOf(() => importPublicKey({ kty: 'RSA', n, e: 'AQAB', use: 'sig' }))).toBe('unsupported');
    expect(await codeOf(() => importPublicKey({ kty: 'RSA', n: n.slice(0, 172), e: 'AQAB' }))).toBe('weak-key');
    expect(await codeOf(() => importPublicKey({ kty: 'RSA', n: n.repeat(5), e: 'AQAB' }))).toBe('limit-exceeded');
    expect(await codeOf(() => importPublicKey({ kty: 'RSA', n: '!', e: 'AQAB' }))).toBe('malformed-key');
    expect(await codeOf(() => importPublicKey({ kty: 'RSA', n }))).toBe('malformed-key');
  });

  it.each([
    ['a symmetric key', { kty: 'oct', k: 'AAAA' }],
    ['P-521', { kty: 'EC', crv: 'P-521', x: 'AA', y: 'AA' }],
    ['Ed25519', { kty: 'OKP', crv: 'Ed25519', x: 'AA' }],
    ['nothing', {}],
  ])('of other kinds are refused: %s', async (_what, jwk) => {
    expect(await codeOf(() => importPublicKey(jwk))).toBe('unsupported');
  });

  it.each([
    ['a point off the curve', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }],
    ['a missing coordinate', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43) }],
    ['a private key without its private half', { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) }],
  ])('that are broken are refused: %s', async (_what, jwk) => {
    expect(await codeOf(() => importPrivateKey(jwk))).toBe('malformed-key');
  });
});
