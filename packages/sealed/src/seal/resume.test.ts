import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { KeyPair } from '../keys/index.ts';
import { generateKeyPair } from '../keys/index.ts';
import { openStream } from '../open/index.ts';
import { resumeSealer } from './resume.ts';
import { createSealer } from './sealer.ts';

const names = { tenant: 'acme', bucket: 'vault', key: 'report.pdf' };
const SEGMENT = 65_536;
const PLAIN = 65_504;

async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}

function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (index * 31) % 251);
}

describe('resumeSealer', () => {
  let key: KeyPair;
  beforeAll(async () => {
    key = await generateKeyPair('P-256');
  });

  it('continues a body after any number of segments, and the whole opens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, PLAIN - 1, PLAIN, PLAIN + 1, 3 * PLAIN, 3 * PLAIN + 7),
        fc.nat({ max: 4 }),
        async (length, wanted) => {
          const plaintext = pattern(length);
          const sealer = await createSealer({ recipients: [key], names, plaintextLength: length });
          const first = await collect(sealer.seal([plaintext]));
          const kept = Math.min(wanted, Math.ceil(length / PLAIN));
          const resumed = await resumeSealer({ ...sealer, keys: [key], names });
          const rest = await collect(resumed.sealFrom(kept, [plaintext.subarray(resumed.plaintextOffset(kept))]));
          const body = new Blob([first.subarray(0, 128 + kept * SEGMENT), rest]);
          expect(body.size).toBe(resumed.bodyLength);
          const opened = await openStream(body.stream(), { envelope: sealer.envelope, keys: [key], names });
          expect(await collect(opened.plaintext)).toEqual(plaintext);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('never repeats a segment: the same plaintext gets another IV', async () => {
    const plaintext = pattern(100);
    const sealer = await createSealer({ recipients: [key], names, plaintextLength: 100 });
    const first = await collect(sealer.seal([plaintext]));
    const resumed = await resumeSealer({ ...sealer, keys: [key], names });
    const again = await collect(resumed.sealFrom(0, [plaintext]));
    expect(again).not.toEqual(first.subarray(128));
  });

  it.each([-1, 1])('refuses a rest that is %d bytes off', async (off) => {
    const sealer = await createSealer({ recipients: [key], names, plaintextLength: PLAIN + 10 });
    const resumed = await resumeSealer({ ...sealer, keys: [key], names });
    const rest = collect(resumed.sealFrom(1, [pattern(10 + off)]));
    await expect(rest).rejects.toMatchObject({ code: 'length-mismatch' });
  });

  it('refuses another key, other names, another header and an unknown length', async () => {
    const sealer = await createSealer({ recipients: [key], names, plaintextLength: 5 });
    const other = await createSealer({ recipients: [key], names, plaintextLength: 5 });
    const endless = await createSealer({ recipients: [key], names });
    const stranger = await generateKeyPair('P-256');
    const resume = (change: object) => resumeSealer({ ...sealer, keys: [key], names, ...change });
    await expect(resume({ keys: [stranger] })).rejects.toMatchObject({ code: 'wrong-key' });
    await expect(resume({ names: { ...names, key: 'x' } })).rejects.toMatchObject({ code: 'not-for-this-object' });
    await expect(resume({ header: other.header })).rejects.toMatchObject({ code: 'envelope-mismatch' });
    await expect(resume(endless)).rejects.toMatchObject({ code: 'invalid-argument' });
  });
});
