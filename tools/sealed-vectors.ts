/**
 * Makes the frozen vectors of the sealed format: `node tools/sealed-vectors.ts [folder]`. They were made once and are
 * committed; this refuses to replace them, because a vector that changes with the code proves nothing. A new version or
 * suite of the format gets a new folder.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportPrivateKey, generateKeyPair, protectPrivateKey } from '@sealgate/sealed/keys';
import { createSealer } from '@sealgate/sealed/seal';

const folder = process.argv[2] ?? join(import.meta.dirname, '../packages/sealed/vectors/sgo1');
const keyKinds = ['P-256', 'P-384', 'X25519', 'RSA-3072'] as const;
type KeyKind = (typeof keyKinds)[number];

const vectors: readonly { name: string; length: number; announce: boolean; recipients: readonly KeyKind[] }[] = [
  { name: 'empty', length: 0, announce: true, recipients: ['P-256'] },
  { name: 'empty-unannounced', length: 0, announce: false, recipients: ['X25519'] },
  { name: 'short', length: 100, announce: true, recipients: ['P-256'] },
  { name: 'short-x25519', length: 1, announce: true, recipients: ['X25519'] },
  { name: 'short-rsa', length: 33, announce: true, recipients: ['RSA-3072'] },
  { name: 'one-full-segment', length: 65_504, announce: true, recipients: ['P-384'] },
  {
    name: 'two-segments-unannounced',
    length: 65_505,
    announce: false,
    recipients: ['RSA-3072', 'P-256', 'X25519', 'P-384'],
  },
];

/** Of the protected P-256 key; composed characters (NFC). */
const passphrase = 'frozen vector: ä ö ü';

/** The plaintext of every vector: byte i is (31 i + 7 (i >> 8) + 131 (i >> 16)) mod 256. */
function plaintextOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >>> 8) * 7 + (i >>> 16) * 131) & 0xff);
}

if (existsSync(join(folder, 'vectors.json'))) {
  console.error(`${folder} has vectors already. Frozen vectors are never replaced.`);
  process.exit(1);
}
await mkdir(folder, { recursive: true });
const keys = new Map(
  await Promise.all(keyKinds.map(async (kind) => [kind, await generateKeyPair(kind, { extractable: true })] as const)),
);
for (const [kind, key] of keys) {
  await writeFile(join(folder, `${kind}.jwk.json`), `${JSON.stringify(await exportPrivateKey(key), null, 2)}\n`);
}
const p256 = keys.get('P-256');
if (p256 !== undefined) {
  await writeFile(join(folder, 'P-256.protected.jwe'), `${await protectPrivateKey(p256, passphrase)}\n`);
}
const list: object[] = [];
for (const { name, length, announce, recipients } of vectors) {
  const names = { tenant: 'acme', bucket: 'vault', key: `vectors/${name}/ü` };
  const plaintext = plaintextOf(length);
  const sealer = await createSealer({
    recipients: recipients.flatMap((kind) => keys.get(kind) ?? []),
    names,
    plaintextLength: announce ? length : undefined,
  });
  const body = Buffer.from(await new Response(sealer.seal([plaintext])).arrayBuffer());
  await writeFile(join(folder, `${name}.sgo1`), body);
  await writeFile(join(folder, `${name}.envelope.json`), sealer.envelope.text);
  const sha256 = createHash('sha256').update(plaintext).digest('hex');
  list.push({ name, names, recipients, plaintext: { length, announced: announce, sha256 } });
}
await writeFile(join(folder, 'vectors.json'), `${JSON.stringify(list, null, 2)}\n`);
