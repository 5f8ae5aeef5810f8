import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { fromBase64url } from '../format/bytes.ts';
import { parseEnvelope } from '../inspect/envelope.ts';
import { checkManifest, parseManifest } from '../inspect/manifest.ts';
import { contextHash, type ObjectNames } from '../inspect/names.ts';
import { pattern } from '../testing/fixtures.ts';
import { leavesOf, rootOf } from './leaves.ts';
import { requireRoot, verifyManifest } from './verify.ts';
import { importVerifyKey } from './verify-key.ts';

const folder = join(import.meta.dirname, '../../vectors');
const text = (file: string): string => readFileSync(join(folder, file), 'utf8');
const { manifests, roots } = JSON.parse(text('manifest/vectors.json')) as {
  readonly manifests: readonly { readonly vector: string; readonly key: JWK; readonly manifest: string }[];
  readonly roots: readonly { readonly length: number; readonly root: string }[];
};
const objects = JSON.parse(text('sgo1/vectors.json')) as readonly {
  readonly name: string;
  readonly names: ObjectNames;
}[];

describe.each(manifests)('the frozen manifest of $vector', ({ vector, key, manifest }) => {
  it('is taken, with its body and its envelope', async () => {
    const parsed = parseManifest(manifest);
    const body = new Uint8Array(readFileSync(join(folder, `sgo1/${vector}.sgo1`)));
    const envelope = parseEnvelope(text(`sgo1/${vector}.envelope.json`));
    const names = objects.find(({ name }) => name === vector)?.names;
    if (names === undefined) throw new Error(`There is no vector ${vector}.`);
    checkManifest(parsed, { contextHash: contextHash(names), envelope, bodyLength: body.length });
    await verifyManifest(parsed, [await importVerifyKey(key)]);
    requireRoot(parsed, rootOf(await leavesOf(body)));
  });

  it('is signed as any JOSE library would say', () => {
    const [header = '', payload = '', signature = ''] = manifest.split('.');
    const publicKey = createPublicKey({ key: { ...key }, format: 'jwk' });
    const ed = key.kty === 'OKP';
    const how = ed ? publicKey : { key: publicKey, dsaEncoding: 'ieee-p1363' as const };
    const signed = Buffer.from(`${header}.${payload}`);
    expect(verify(ed ? null : 'sha256', signed, how, Buffer.from(signature, 'base64url'))).toBe(true);
  });
});

it.each(roots)('the root of a body of $length bytes is what another program computed', async ({ length, root }) => {
  expect(rootOf(await leavesOf(pattern(length)))).toEqual(fromBase64url(root));
});
