import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { toBase64url } from '../format/bytes.ts';
import type { SealErrorCode } from '../format/codes.ts';
import { createBlockTree, createLeafHasher, manifestBlockBytes } from '../inspect/block-tree.ts';
import { checkManifest, type ManifestFacts, manifestDigest, parseManifest } from '../inspect/manifest.ts';
import { contextHash } from '../inspect/names.ts';
import { exportSignKey, generateSignKey, importSignKey } from '../keys/sign-key.ts';
import { signManifest } from '../seal/sign-manifest.ts';
import { names, pattern } from '../testing/fixtures.ts';
import { leavesOf, rootOf, withRoot } from './leaves.ts';
import { requireRoot, verifyManifest } from './verify.ts';
import { importVerifyKey, type SignKey } from './verify-key.ts';

const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/** RFC 6962, section 2.1, word for word. */
function treeHash(blocks: readonly Uint8Array[]): Buffer {
  const [only] = blocks;
  if (only === undefined) return sha256();
  if (blocks.length === 1) return sha256(Buffer.of(0), only);
  let k = 1;
  while (k * 2 < blocks.length) k *= 2;
  return sha256(Buffer.of(1), treeHash(blocks.slice(0, k)), treeHash(blocks.slice(k)));
}

const code = (expected: SealErrorCode): object => expect.objectContaining({ code: expected }) as object;
const newHash = () => createHash('sha256');

const facts: ManifestFacts = {
  contextHash: contextHash(names),
  envelopeId: pattern(16),
  headerDigest: pattern(32),
  bodyLength: 160,
  plaintextLength: 0,
  root: pattern(32).map((byte) => byte ^ 255),
  seq: 7,
  previous: null,
  issuedAt: 1_795_000_000,
};

let ed: SignKey;
let ec: SignKey;
beforeAll(async () => {
  ed = await generateSignKey('Ed25519', { extractable: true });
  ec = await generateSignKey('ES256', { extractable: true });
});

describe('the tree over blocks', () => {
  it('is that of RFC 6962 for any number of leaves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), (count) => {
        const blocks = Array.from({ length: count }, (_, i) => Buffer.from(`block ${i}`));
        const tree = createBlockTree();
        for (const block of blocks) tree.add(sha256(Buffer.of(0), block));
        expect(Buffer.from(tree.root()).equals(treeHash(blocks))).toBe(true);
      }),
      { numRuns: 70 },
    );
  });

  it('is the same however a body streams by, in the gateway and in a client', async () => {
    const body = pattern(2 * manifestBlockBytes + 12_345);
    const blocks = [0, 1, 2].map((i) => body.subarray(i * manifestBlockBytes, (i + 1) * manifestBlockBytes));
    const expected = treeHash(blocks);
    expect(Buffer.from(rootOf(await leavesOf(body))).equals(expected)).toBe(true);
    for (const step of [65_536, 1_000_003, body.length]) {
      const leaves: Uint8Array[] = [];
      const hasher = createLeafHasher(newHash, (leaf) => leaves.push(leaf));
      for (let at = 0; at < body.length; at += step) hasher.push(body.subarray(at, at + step));
      hasher.finish();
      expect(Buffer.from(rootOf(leaves)).equals(expected)).toBe(true);
    }
  });

  it('has no leaf for nothing behind the last full block', () => {
    const leaves: Uint8Array[] = [];
    const hasher = createLeafHasher(newHash, (leaf) => leaves.push(leaf));
    hasher.push(pattern(manifestBlockBytes));
    hasher.finish();
    expect(leaves).toHaveLength(1);
  });
});

describe('a body on its way to a reader', () => {
  async function* chunked(body: Uint8Array, step: number) {
    for (let at = 0; at < body.length; at += step) yield await Promise.resolve(body.subarray(at, at + step));
  }

  it('comes through as it is, and its root before its end', async () => {
    const body = pattern(manifestBlockBytes + 70_000);
    const root = rootOf(await leavesOf(body));
    const got: Uint8Array[] = [];
    for await (const chunk of withRoot(chunked(body, 65_536), (seen) => requireRoot({ root }, seen))) got.push(chunk);
    expect(Buffer.concat(got).equals(body)).toBe(true);
  });

  it('that is another one never comes to its end', async () => {
    const body = pattern(200_000);
    const root = rootOf(await leavesOf(body));
    const other = body.map((byte, i) => (i === 5 ? byte ^ 1 : byte));
    let bytes = 0;
    const read = async () => {
      for await (const chunk of withRoot(chunked(other, 65_536), (seen) => requireRoot({ root }, seen)))
        bytes += chunk.length;
    };
    await expect(read()).rejects.toThrow(code('manifest-mismatch'));
    expect(bytes).toBeLessThan(body.length);
  });
});

describe('manifests', () => {
  it.each(['Ed25519', 'ES256'] as const)('signed with %s are read and verified', async (algorithm) => {
    const key = algorithm === 'Ed25519' ? ed : ec;
    const manifest = parseManifest(await signManifest(facts, key));
    expect(manifest).toMatchObject({ ...facts, keyId: key.keyId, algorithm });
    const published = await importVerifyKey(await exportSignKey(key, 'public'));
    await verifyManifest(manifest, [published]);
    const again = await importSignKey(await exportSignKey(key, 'private'));
    expect(again.keyId).toBe(key.keyId);
    expect(manifestDigest(manifest)).toHaveLength(32);
  });

  it('are refused when any letter of them is another', async () => {
    const text = await signManifest(facts, ed);
    for (let at = 0; at < text.length; at += 7) {
      const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
      const outcome = await Promise.resolve()
        .then(() => parseManifest(changed))
        .then((manifest) => verifyManifest(manifest, [ed]))
        .then(
          () => 'taken',
          (error: unknown) => (error as { code: string }).code,
        );
      expect(['malformed-manifest', 'bad-signature', 'untrusted-writer']).toContain(outcome);
    }
  });

  it('count only when a trusted key signed them, under its own algorithm', async () => {
    const manifest = parseManifest(await signManifest(facts, ed));
    await expect(verifyManifest(manifest, [ec])).rejects.toThrow(code('untrusted-writer'));
    await expect(verifyManifest(manifest, [])).rejects.toThrow(code('untrusted-writer'));
    // Somebody signs with a key of their own and names the trusted one.
    const forged = parseManifest(await signManifest(facts, { ...ec, keyId: ed.keyId }));
    await expect(verifyManifest(forged, [ed])).rejects.toThrow(code('bad-signature'));
    const confused = parseManifest(
      await signManifest(facts, { ...(await generateSignKey('Ed25519')), keyId: ed.keyId }),
    );
    await expect(verifyManifest(confused, [ed])).rejects.toThrow(code('bad-signature'));
  });

  const jws = (header: object, payload: object | string, signature = 'A'.repeat(86)): string => {
    const encode = (value: object | string) =>
      Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
    return `${encode(header)}.${encode(payload)}.${signature}`;
  };

  it('have exactly the members of their version', async () => {
    const text = await signManifest(facts, ed);
    const [header, payload] = text.split('.').map(
      (part) =>
        JSON.parse(
          Buffer.from(part, 'base64url')
            .toString()
            .replace(/^[^{].*/s, '{}'),
        ) as Record<string, unknown>,
    );
    if (header === undefined || payload === undefined) throw new Error('no JWS');
    const bad: readonly string[] = [
      '',
      'a.b',
      `${text}.x`,
      text.slice(0, -1),
      'x'.repeat(5000),
      jws({ ...header, alg: 'none' }, payload),
      jws({ ...header, alg: 'HS256' }, payload),
      jws({ ...header, typ: 'JWT' }, payload),
      jws({ ...header, crit: ['x'] }, payload),
      jws({ ...header, jwk: { kty: 'OKP' } }, payload),
      jws({ ...header, kid: 'mine' }, payload),
      jws(header, { ...payload, v: 2 }),
      jws(header, { ...payload, alg: 's3ec-v3/115' }),
      jws(header, { ...payload, extra: 1 }),
      jws(header, { ...payload, ctx: toBase64url(pattern(31)) }),
      jws(header, { ...payload, root: `${String(payload['root'])}=` }),
      jws(header, { ...payload, len: -1 }),
      jws(header, { ...payload, len: 1e300 }),
      jws(header, { ...payload, ptlen: 1 }),
      jws(header, { ...payload, seq: '7' }),
      jws(header, { ...payload, prev: 7 }),
      jws(header, 'null'),
      jws(header, '[]'),
    ];
    for (const each of bad) expect(() => parseManifest(each), each.slice(0, 120)).toThrow(code('malformed-manifest'));
  });

  it('end with a known code for any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        expect(() => parseManifest(text)).toThrow(code('malformed-manifest'));
      }),
    );
  });

  it('are about one object, one body and one length', () => {
    const envelope = { envelopeId: pattern(16), headerDigest: pattern(32) };
    const object = { contextHash: contextHash(names), envelope, bodyLength: 160 };
    expect(() => checkManifest(facts, object)).not.toThrow();
    for (const change of [{ tenant: 'other' }, { bucket: 'other' }, { key: 'other' }]) {
      const elsewhere = { ...object, contextHash: contextHash({ ...names, ...change }) };
      expect(() => checkManifest(facts, elsewhere)).toThrow(code('not-for-this-object'));
    }
    const others = [
      { ...object, envelope: { ...envelope, envelopeId: pattern(16).fill(9) } },
      { ...object, envelope: { ...envelope, headerDigest: pattern(32).fill(9) } },
      { ...object, bodyLength: 161 },
    ];
    for (const other of others) expect(() => checkManifest(facts, other)).toThrow(code('manifest-mismatch'));
  });
});

describe('keys that sign', () => {
  it('are of two kinds, for nothing else, and named by their thumbprint', async () => {
    const jwk = await exportSignKey(ed, 'public');
    await expect(importVerifyKey({ ...jwk, kid: ec.keyId })).rejects.toThrow(code('key-id-mismatch'));
    await expect(importVerifyKey({ ...jwk, use: 'enc' })).rejects.toThrow(code('unsupported'));
    await expect(importVerifyKey({ ...jwk, alg: 'ES256' })).rejects.toThrow(code('unsupported'));
    await expect(importVerifyKey({ ...jwk, crv: 'X25519' })).rejects.toThrow(code('unsupported'));
    await expect(importVerifyKey({ kty: 'oct', k: 'AAAA' })).rejects.toThrow(code('unsupported'));
    await expect(importSignKey(jwk)).rejects.toThrow(code('malformed-key'));
  });
});
