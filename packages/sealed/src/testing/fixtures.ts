import type { Bytes } from '../format/bytes.ts';
import { concat } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import type { ParsedEnvelope } from '../inspect/envelope.ts';
import type { ObjectNames } from '../inspect/names.ts';
import type { KeyPair, KeyPairKind } from '../keys/key-pair.ts';
import { generateKeyPair } from '../keys/key-pair.ts';
import type { RecipientKey } from '../keys/recipient-key.ts';
import type { OpenOptions } from '../open/body.ts';
import { openStream } from '../open/stream.ts';
import { createSealer } from '../seal/sealer.ts';

export const names: ObjectNames = { tenant: 'acme', bucket: 'vault', key: 'reports/2026/übersicht.pdf' };

/** Deterministic bytes that no two positions of 64 KiB distance share. */
export function pattern(length: number): Bytes {
  const out = new Uint8Array(length);
  for (let i = 0; i < length; i++) out[i] = (i * 31 + (i >>> 8) * 7 + (i >>> 16) * 131) & 0xff;
  return out;
}

/** Key pairs are slow to make and carry no state: one of each kind for a test file. */
export function createKeyring(): (kind: KeyPairKind, nth?: number) => Promise<KeyPair> {
  const made = new Map<string, Promise<KeyPair>>();
  return (kind, nth = 0) => {
    const name = `${kind}/${nth}`;
    const key = made.get(name) ?? generateKeyPair(kind, { extractable: true });
    made.set(name, key);
    return key;
  };
}

export interface SealedFixture {
  readonly plaintext: Bytes;
  readonly body: Bytes;
  readonly envelope: ParsedEnvelope;
}

export async function sealBytes(
  plaintext: Bytes,
  options: { recipients: readonly RecipientKey[]; names?: ObjectNames; announce?: boolean },
): Promise<SealedFixture> {
  const sealer = await createSealer({
    recipients: options.recipients,
    names: options.names ?? names,
    plaintextLength: (options.announce ?? true) ? plaintext.length : undefined,
  });
  const body = await collect(sealer.seal([plaintext]));
  return { plaintext, body, envelope: sealer.envelope };
}

export async function openBytes(body: Uint8Array, options: OpenOptions): Promise<Bytes> {
  const { plaintext } = await openStream([body], options);
  return collect(plaintext);
}

export async function collect(stream: ReadableStream<Uint8Array>): Promise<Bytes> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return concat(...chunks);
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Cuts bytes at these places, for the independence of chunk boundaries. */
export function* cutAt(bytes: Bytes, sizes: readonly number[]): Generator<Bytes> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? bytes.length;
    yield bytes.slice(at, at + size);
    at += size;
  }
}

export function flipBit(bytes: Uint8Array, bit: number): Bytes {
  const out = new Uint8Array(bytes);
  out[bit >>> 3] = (out[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
  return out;
}

export function flipByte(bytes: Uint8Array, at: number, mask = 1): Bytes {
  const out = new Uint8Array(bytes);
  out[at] = (out[at] ?? 0) ^ mask;
  return out;
}

/** The code of the SealError that `run` ends with; 'none' when it succeeds. Any other error is a bug and goes on. */
export async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'none';
  } catch (error) {
    if (error instanceof SealError) return error.code;
    throw error;
  }
}
