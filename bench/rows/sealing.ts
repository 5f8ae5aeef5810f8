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
function encryptRaw(key: Buffer, plaintext: Buffer, take: (segment: RawSegment) => void): void {
  for (let at = 0; at < plaintext.length; at += SEGMENT_BYTES) {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    const ciphertext = cipher.update(plaintext.subarray(at, at + SEGMENT_BYTES));
    cipher.final();
    take({ iv, ciphertext, tag: cipher.getAuthTag() });
  }
}

function decryptRaw(key: Buffer, segments: readonly RawSegment[]): void {
  for (const { iv, ciphertext, tag } of segments) {
    const decipher = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(tag);
    decipher.update(ciphertext);
    decipher.final();
  }
}

async function drained(stream: ReadableStream<Uint8Array>, take: (chunk: Uint8Array) => void): Promise<void> {
  for await (const chunk of stream) take(chunk);
}

const NOTHING = (): void => undefined;

/**
 * Bytes that work on `BYTES` bytes takes through in a second of processor time: of all threads, so that garbage collection
 * counts, and what other processes do meanwhile does not.
 */
async function speed(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (BYTES * 1e6) / (user + system);
}

interface Turn {
  readonly seal: number;
  readonly open: number;
  readonly encrypt: number;
  readonly decrypt: number;
}

/** Both sides from the same memory, and neither keeps what it makes: else it would pay for memory that the other one gets back. */
async function createTurn(plaintext: Buffer, key: Buffer): Promise<() => Promise<Turn>> {
  const pair = await generateKeyPair('P-256');
  const newSealer = () => createSealer({ recipients: [pair], names: NAMES, plaintextLength: BYTES });
  const sealer = await newSealer();
  const body: Uint8Array[] = [];
  await drained(sealer.seal([plaintext]), (chunk) => body.push(chunk));
  const segments: RawSegment[] = [];
  encryptRaw(key, plaintext, (segment) => segments.push(segment));
  return async () => {
    const fresh = await newSealer();
    return {
      encrypt: await speed(() => encryptRaw(key, plaintext, NOTHING)),
      seal: await speed(() => drained(fresh.seal([plaintext]), NOTHING)),
      decrypt: await speed(() => decryptRaw(key, segments)),
      open: await speed(async () => {
        const opened = await openStream(body, { envelope: sealer.envelope, keys: [pair], names: NAMES });
        await drained(opened.plaintext, NOTHING);
      }),
    };
  };
}

export const sealing: Row = {
  id: 12,
  async run({ options }) {
    const turn = await createTurn(wholePayload(BYTES), randomBytes(32));
    await turn();
    const turns: Turn[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      const done = await turn();
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
        absolute: `${megabytes(ours)} and ${megabytes(theirs)} MB a second of processor time, from memory to memory`,
      };
    };
    return [finding('seal', 'seal', 'encrypt'), finding('open', 'open', 'decrypt')];
  },
};
