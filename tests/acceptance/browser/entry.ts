// What runs in the page: our published packages as a web application would use them. Bundled for browsers by page.ts.
import { createKeyring, createSealedClient, type SealedClient } from '@sealgate/client';
import {
  exportPrivateKey,
  generateKeyPair,
  importPrivateKey,
  importPublicKey,
  type KeyPairKind,
  unprotectPrivateKey,
} from '@sealgate/sealed/keys';
import { openRanges, openStream } from '@sealgate/sealed/open';
import { resumeFloe } from '../../../packages/sealed/src/floe/session.ts';

const RANDOM_BYTES_MAX = 65_536;

/** All that the page knows; nothing of it is kept between calls. */
export interface Connection {
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Private keys as JWK. The first is what objects are sealed to, together with the others. */
  readonly keys: readonly JsonWebKey[];
}

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
}

export interface Vector {
  readonly name: string;
  readonly names: { readonly tenant: string; readonly bucket: string; readonly key: string };
  readonly recipients: readonly string[];
  readonly plaintext: { readonly length: number; readonly sha256: string };
}

/** A new private key as JWK. */
export async function createKey(kind: KeyPairKind): Promise<JsonWebKey> {
  return exportPrivateKey(await generateKeyPair(kind, { extractable: true }));
}

/** Seals random bytes and stores them; `streamed` gives the client a stream whose length it cannot know. */
export async function put(
  connection: Connection,
  name: ObjectName,
  { bytes, streamed = false }: { readonly bytes: number; readonly streamed?: boolean },
): Promise<{ readonly sha256: string; readonly keyIds: readonly string[] }> {
  const plaintext = randomBytes(bytes);
  const blob = new Blob([plaintext]);
  const { keyIds } = await (await connect(connection)).putSealed(name, streamed ? { stream: blob.stream() } : blob);
  return { sha256: await sha256(plaintext), keyIds };
}

/** Reads an object whole, then the wanted ranges, and tells whether each range is that part of the whole. */
export async function get(
  connection: Connection,
  name: ObjectName,
  ranges: readonly (readonly [first: number, last: number])[] = [],
): Promise<{ readonly sha256: string; readonly bytes: number; readonly rangesMatch: readonly boolean[] }> {
  const client = await connect(connection);
  const whole = await read((await client.getSealed(name)).body);
  const rangesMatch: boolean[] = [];
  for (const [first, last] of ranges) {
    const part = await read((await client.getSealed(name, { range: { first, last } })).body);
    rangesMatch.push((await sha256(part)) === (await sha256(whole.slice(first, last + 1))));
  }
  return { sha256: await sha256(whole), bytes: whole.length, rangesMatch };
}

/** Reads an object, or a range of it, that must be refused: the code of the refusal and what came before it. */
export async function refusal(
  connection: Connection,
  name: ObjectName,
  range?: readonly [first: number, last: number],
): Promise<{ readonly code: string; readonly bytesBefore: number }> {
  let bytesBefore = 0;
  try {
    const options = range === undefined ? {} : { range: { first: range[0], last: range[1] } };
    const { body } = await (await connect(connection)).getSealed(name, options);
    const reader = body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) bytesBefore += next.value.length;
    return { code: 'none', bytesBefore };
  } catch (error) {
    return { code: codeOf(error), bytesBefore };
  }
}

/** Opens a frozen vector whole with the key of each recipient and its last third by range; refuses it with a bit flipped. */
export async function openVector(folder: string, { name, names, recipients, plaintext }: Vector) {
  const body = await fetchBytes(`${folder}/${name}.sgo1`);
  const envelope = await fetchText(`${folder}/${name}.envelope.json`);
  const opened: string[] = [];
  const refused: string[] = [];
  let lastThird = '';
  const from = Math.floor((plaintext.length * 2) / 3);
  for (const recipient of recipients) {
    const jwk = JSON.parse(await fetchText(`${folder}/${recipient}.jwk.json`)) as JsonWebKey;
    const options = { names, envelope, keys: [await importPrivateKey(jwk)] };
    const whole = await read((await openStream([body], options)).plaintext);
    opened.push(await sha256(whole));
    const reader = await openRanges(async (start, end) => body.slice(start, end), {
      ...options,
      bodyLength: body.length,
    });
    const part = plaintext.length === 0 ? new Uint8Array(0) : await reader.read(from, plaintext.length);
    lastThird = (await sha256(new Uint8Array(part))) === (await sha256(whole.slice(from))) ? 'same' : 'other';
    const damaged = body.slice();
    damaged[damaged.length - 1]! ^= 1;
    refused.push(
      await openStream([damaged], options).then(
        async ({ plaintext: stream }) => read(stream).then(() => 'none', codeOf),
        codeOf,
      ),
    );
  }
  return { opened, lastThird, refused };
}

/** The id of a frozen key that is kept under a passphrase (Argon2id, in WebAssembly). */
export async function unprotect(url: string, passphrase: string): Promise<string> {
  return (await unprotectPrivateKey((await fetchText(url)).trim(), passphrase)).keyId;
}

/** Decrypts a known answer of the FLOE specification; true when the plaintext is the published one. */
export async function decryptsFloe(
  folder: string,
  { name, segmentBytes, keyEpochBits }: { name: string; segmentBytes: number; keyEpochBits: number },
): Promise<boolean> {
  const ciphertext = fromHex(await fetchText(`${folder}/${name}_ct.txt`));
  const headerBytes = 74;
  const session = await resumeFloe(new Uint8Array(32), {
    params: { segmentBytes, keyEpochBits },
    aad: new TextEncoder().encode('This is AAD'),
    header: ciphertext.slice(0, headerBytes),
  });
  const plaintext: Uint8Array<ArrayBuffer>[] = [];
  for (let at = headerBytes, index = 0; at < ciphertext.length; at += segmentBytes, index++) {
    const last = at + segmentBytes >= ciphertext.length;
    plaintext.push(await session.openSegment(ciphertext.slice(at, at + segmentBytes), { index, last }));
  }
  const whole = new Uint8Array(await new Blob(plaintext).arrayBuffer());
  return (await sha256(whole)) === (await sha256(fromHex(await fetchText(`${folder}/${name}_pt.txt`))));
}

async function connect({ keys, region, ...credentials }: Connection): Promise<SealedClient> {
  return createSealedClient({
    endpoint: location.origin,
    region,
    credentials,
    keys: createKeyring({
      recipients: await Promise.all(keys.map((jwk) => importPublicKey(jwk))),
      opening: await Promise.all(keys.map((jwk) => importPrivateKey(jwk))),
    }),
  });
}

function randomBytes(bytes: number): Uint8Array<ArrayBuffer> {
  const random = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += RANDOM_BYTES_MAX) {
    crypto.getRandomValues(random.subarray(at, Math.min(at + RANDOM_BYTES_MAX, bytes)));
  }
  return random;
}

/** Not by way of a Response: browsers replace the error of a stream by one of their own. */
async function read(stream: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(new Uint8Array(next.value));
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text.trim().match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

async function fetchText(url: string): Promise<string> {
  return new TextDecoder().decode(await fetchBytes(url));
}

/** Our own errors have a code; anything else must not pass for a refusal. */
function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}
