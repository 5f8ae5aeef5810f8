import { CompactEncrypt, decodeProtectedHeader } from 'jose';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { utf8 } from '../format/bytes.ts';
import { argon2Floor } from '../format/limits.ts';
import { codeOf } from '../testing/fixtures.ts';
import type { KeyPair } from './key-pair.ts';
import { exportPrivateKey, generateKeyPair } from './key-pair.ts';
import { protectPrivateKey, unprotectPrivateKey } from './passphrase.ts';

// RSA keys and Argon2id on a busy machine take their time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** The cheapest cost that a reader accepts keeps the tests quick; one test runs the default. */
const cost = argon2Floor;
const passphrase = 'grünes Pferd, 4 Klammern';
let pair: KeyPair;
let blob: string;

beforeAll(async () => {
  pair = await generateKeyPair('P-256', { extractable: true });
  blob = await protectPrivateKey(pair, passphrase, { cost });
});

/** The blob with another protected header, which its authentication no longer covers. */
function withHeader(change: (header: { kdf: Record<string, unknown>; [member: string]: unknown }) => void): string {
  const [first = '', ...rest] = blob.split('.');
  const header = JSON.parse(Buffer.from(first, 'base64url').toString()) as Parameters<typeof change>[0];
  change(header);
  return [Buffer.from(JSON.stringify(header)).toString('base64url'), ...rest].join('.');
}

describe('a private key under a passphrase', () => {
  it('comes back, not extractable unless asked for', async () => {
    const key = await unprotectPrivateKey(blob, passphrase);
    expect(key.keyId).toBe(pair.keyId);
    expect(key.privateKey.extractable).toBe(false);
    const kept = await unprotectPrivateKey(blob, passphrase, { extractable: true });
    expect(await exportPrivateKey(kept)).toEqual(await exportPrivateKey(pair));
  });

  it('costs 64 MiB, 3 passes and 4 lanes by default, under a new salt each time', async () => {
    const standard = await protectPrivateKey(pair, passphrase);
    expect(decodeProtectedHeader(standard)).toMatchObject({ kdf: { name: 'argon2id', m: 65_536, t: 3, p: 4 } });
    expect((await unprotectPrivateKey(standard, passphrase)).keyId).toBe(pair.keyId);
    const again = await protectPrivateKey(pair, passphrase, { cost });
    expect(again.split('.')[0]).not.toBe(blob.split('.')[0]);
  });

  it('opens for composed and decomposed characters alike, and for no other passphrase', async () => {
    expect(await codeOf(() => unprotectPrivateKey(blob, passphrase.normalize('NFD')))).toBe('none');
    for (const wrong of ['x', passphrase.toUpperCase(), `${passphrase} `]) {
      expect(await codeOf(() => unprotectPrivateKey(blob, wrong))).toBe('wrong-passphrase');
    }
    for (const impossible of ['', 'x'.repeat(1025)]) {
      expect(await codeOf(() => unprotectPrivateKey(blob, impossible))).toBe('invalid-argument');
    }
  });

  it('says that the passphrase is wrong before it decrypts anything', async () => {
    const [header, , ...rest] = blob.split('.');
    const emptied = [header, '', ...rest.map(() => 'AAAA')].join('.');
    expect(await codeOf(() => unprotectPrivateKey(emptied, 'wrong'))).toBe('wrong-passphrase');
    expect(await codeOf(() => unprotectPrivateKey(emptied, passphrase))).toBe('malformed-key');
  });

  it.each([
    ['less memory', { m: argon2Floor.memoryKiB - 1 }, 'limit-exceeded'],
    ['fewer passes', { t: 1 }, 'limit-exceeded'],
    ['no lane', { p: 0 }, 'limit-exceeded'],
    ['more memory than is decent', { m: 2 ** 31 }, 'limit-exceeded'],
    ['endless passes', { t: 1e9 }, 'limit-exceeded'],
    ['fractions', { t: 2.5 }, 'malformed-key'],
    ['another function', { name: 'pbkdf2' }, 'unsupported'],
    ['a short salt', { salt: 'AAAA' }, 'malformed-key'],
    ['an all-zero salt', { salt: 'A'.repeat(22) }, 'malformed-key'],
    ['no check value', { check: undefined }, 'malformed-key'],
  ])('is not opened with %s', async (_what, kdf, code) => {
    const changed = withHeader((header) => Object.assign(header.kdf, kdf));
    expect(await codeOf(() => unprotectPrivateKey(changed, passphrase))).toBe(code);
  });

  it('is bound to its header', async () => {
    const renamed = withHeader((header) => (header['kid'] = (header['kid'] as string) + 'x'));
    expect(await codeOf(() => unprotectPrivateKey(renamed, passphrase))).toBe('malformed-key');
    const retyped = withHeader((header) => (header['typ'] = 'sealgate-cred+jwe'));
    expect(await codeOf(() => unprotectPrivateKey(retyped, passphrase))).toBe('unsupported');
  });

  it('is refused when it is something else', async () => {
    const other = await new CompactEncrypt(utf8('{}'))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(new Uint8Array(32));
    for (const text of ['', 'a.b.c', '....', other, '{}']) {
      expect(await codeOf(() => unprotectPrivateKey(text, passphrase))).toBe('malformed-key');
    }
    expect(await codeOf(() => unprotectPrivateKey('x'.repeat(40_000), passphrase))).toBe('limit-exceeded');
  });

  it('is not made with a cost that a reader would refuse, nor of a key that cannot leave', async () => {
    const cheap = { ...cost, memoryKiB: 1024 };
    expect(await codeOf(() => protectPrivateKey(pair, passphrase, { cost: cheap }))).toBe('invalid-argument');
    const locked = await generateKeyPair('X25519');
    expect(await codeOf(() => protectPrivateKey(locked, passphrase, { cost }))).toBe('invalid-argument');
  });
});
