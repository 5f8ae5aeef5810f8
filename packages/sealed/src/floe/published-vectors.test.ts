import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Bytes } from '../format/bytes.ts';
import { concat, utf8 } from '../format/bytes.ts';
import { resumeFloe } from './session.ts';

/**
 * The known-answer tests of the FLOE specification, through the code that opens SGO1 bodies. The files are not part of
 * this repository: vectors/floe/README.md says where they come from and how to put them there.
 */
const folder = join(import.meta.dirname, '../../vectors/floe');
const makers = ['cpp', 'go', 'java', 'pub_java', 'rust'];
const vectors = [
  ...makers.flatMap((maker) => [
    { name: `${maker}_GCM256_IV256_64`, segmentBytes: 64, keyEpochBits: 20 },
    { name: `${maker}_GCM256_IV256_4K`, segmentBytes: 4096, keyEpochBits: 20 },
    { name: `${maker}_rotation`, segmentBytes: 40, keyEpochBits: 2 },
  ]),
  { name: 'java_lastSegAligned', segmentBytes: 40, keyEpochBits: 20 },
  { name: 'java_lastSegEmpty', segmentBytes: 40, keyEpochBits: 20 },
];

describe('published FLOE vectors', () => {
  for (const { name, segmentBytes, keyEpochBits } of vectors) {
    const present = existsSync(join(folder, `${name}_ct.txt`));
    it.skipIf(!present)(`${name}${present ? '' : ' (missing: vectors/floe, see its README)'}`, async () => {
      const ciphertext = readHex(`${name}_ct.txt`);
      const headerBytes = 74;
      const session = await resumeFloe(new Uint8Array(32), {
        params: { segmentBytes, keyEpochBits },
        aad: utf8('This is AAD'),
        header: ciphertext.slice(0, headerBytes),
      });
      const plaintext: Uint8Array[] = [];
      for (let at = headerBytes, index = 0; at < ciphertext.length; at += segmentBytes, index++) {
        const last = at + segmentBytes >= ciphertext.length;
        plaintext.push(await session.openSegment(ciphertext.slice(at, at + segmentBytes), { index, last }));
      }
      expect(Buffer.compare(concat(...plaintext), readHex(`${name}_pt.txt`))).toBe(0);
    });
  }
});

function readHex(file: string): Bytes {
  return Uint8Array.from(Buffer.from(readFileSync(join(folder, file), 'latin1').trim(), 'hex'));
}
