import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { generateKeyPair } from '@sealgate/sealed/keys';
import { openStream } from '@sealgate/sealed/open';
import { createSealer } from '@sealgate/sealed/seal';
import { wholePayload } from '../support/payload.ts';
import { type Row, say } from '../support/row.ts';
import { median } from '../support/stats.ts';

const MIB = 1024 * 1024;
const BYTES = 64 * MIB;
/** As long as the segments of a sealed object. */
const SEGMENT_BYTES = 64 * 1024;
const NAMES = { tenant: 'bench', bucket: 'bench', key: 'bench' };

interface RawSegment {
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

/** What the runtime gives when nothing is done but AES-256-GCM over segments of the same length. */
function encryptRaw(key: Buffer, plaintext: Buffer): RawSegment[] {
  const segments: RawSegment[] = [];
  for (let at = 0; at < plaintext.length; at += SEGMENT_BYTES) {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    const ciphertext = cipher.update(plaintext.subarray(at, at + SEGMENT_BYTES));
    cipher.final();
    segments.push({ iv, ciphertext, tag: cipher.getAuthTag() });
  }
  return segments;
}

function decryptRaw(key: Buffer, segments: readonly RawSegment[]): number {
  let bytes = 0;
  for (const { iv, ciphertext, tag } of segments) {
    const decipher = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(tag);
    bytes += decipher.update(ciphertext).length + decipher.final().length;
  }
  return bytes;
}

async function collected(stream: ReadableStream<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** Bytes a second of work on `BYTES` bytes. */
async function speed(work: () => unknown): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (BYTES * 1000) / (performance.now() - startedMs);
}

interface Turn {
  readonly seal: number;
  readonly open: number;
  readonly encrypt: number;
  readonly decrypt: number;
}

async function turn(plaintext: Buffer, key: Buffer): Promise<Turn> {
  const pair = await generateKeyPair('P-256');
  const sealer = await createSealer({ recipients: [pair], names: NAMES, plaintextLength: BYTES });
  let body: readonly Uint8Array[] = [];
  let raw: readonly RawSegment[] = [];
  const encrypt = await speed(() => {
    raw = encryptRaw(key, plaintext);
  });
  const seal = await speed(async () => {
    body = await collected(sealer.seal([plaintext]));
  });
  const decrypt = await speed(() => decryptRaw(key, raw));
  const open = await speed(async () => {
    const opened = await openStream(body, { envelope: sealer.envelope, keys: [pair], names: NAMES });
    await collected(opened.plaintext);
  });
  return { seal, open, encrypt, decrypt };
}

export const sealing: Row = {
  id: 12,
  async run({ options }) {
    const [plaintext, key] = [wholePayload(BYTES), randomBytes(32)];
    await turn(plaintext, key);
    const turns: Turn[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      const done = await turn(plaintext, key);
      say(`    seal ${(done.seal / done.encrypt).toFixed(2)}, open ${(done.open / done.decrypt).toFixed(2)}`);
      turns.push(done);
    }
    const finding = (work: string, ours: 'seal' | 'open', theirs: 'encrypt' | 'decrypt') => {
      const ratio = median(turns.map((each) => each[ours] / each[theirs]));
      const megabytes = (side: keyof Turn): string => (median(turns.map((each) => each[side])) / 1e6).toFixed(0);
      return {
        row: '12',
        work: `${work} 64 MiB in the client, Node`,
        measured: `${ratio.toFixed(2)} × raw AES-256-GCM`,
        budget: '≥ 0.60',
        met: ratio >= 0.6,
        absolute: `${megabytes(ours)} and ${megabytes(theirs)} MB/s, one thread, from memory to memory`,
      };
    };
    return [finding('seal', 'seal', 'encrypt'), finding('open', 'open', 'decrypt')];
  },
};
