import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { HASH_BYTES } from './tree.ts';

/**
 * Signed notes and checkpoints: https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint. Ed25519 only.
 */

const ED25519 = 1;
const KEY_ID_BYTES = 4;
const PUBLIC_BYTES = 32;
const SIGNATURE_BYTES = 64;
// What stands before the raw keys in their DER forms (RFC 8410).
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
/** U+2014, a space: the format's mark of a signature line. */
const SIGNATURE_MARK = '\u2014 ';
const NAME = /^[^\s+]{1,200}$/u;

/** A public key with its name: `<name>+<key id>+<Base64 of type and key>`. */
export interface NoteVerifier {
  readonly name: string;
  readonly keyId: Buffer;
  readonly text: string;
  verify(message: string, signature: Uint8Array): boolean;
}

export interface NoteSigner {
  readonly name: string;
  readonly verifier: NoteVerifier;
  /** The note of a text, which ends in a line end. */
  sign(text: string): string;
  /** Base64url of the signature over these bytes of UTF-8. */
  signRaw(message: string): string;
}

/** 32 random bytes: the seed of an Ed25519 key. */
export function newSignerSeed(): Buffer {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8_PREFIX.length);
}

export function createSigner(name: string, seed: Uint8Array): NoteSigner {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length);
  const verifier = verifierOf(name, publicKey);
  return {
    name,
    verifier,
    sign(text) {
      if (!text.endsWith('\n')) throw new TypeError('a note ends in a line end');
      return `${text}\n${signatureLine(verifier, sign(null, Buffer.from(text, 'utf8'), key))}`;
    },
    signRaw: (message) => sign(null, Buffer.from(message, 'utf8'), key).toString('base64url'),
  };
}

/** A note with the signature lines of another one over the same text: how a new key is told beside the old one. */
export function joinSignatures(note: string, other: string): string {
  return note + other.slice(other.lastIndexOf('\n\n') + 2);
}

function signatureLine({ name, keyId }: NoteVerifier, signature: Uint8Array): string {
  return `${SIGNATURE_MARK}${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;
}

function verifierOf(name: string, publicKey: Uint8Array): NoteVerifier {
  if (!NAME.test(name)) throw new SyntaxError('a key name has neither spaces nor plus signs');
  const typed = Buffer.concat([Buffer.of(ED25519), publicKey]);
  const keyId = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), typed]), 'buffer').subarray(
    0,
    KEY_ID_BYTES,
  );
  const key: KeyObject = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
  return {
    name,
    keyId,
    text: `${name}+${keyId.toString('hex')}+${typed.toString('base64')}`,
    verify: (message, signature) => verify(null, Buffer.from(message, 'utf8'), key, signature),
  };
}

/** @throws SyntaxError */
export function parseVerifier(text: string): NoteVerifier {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/u.exec(text.trim());
  const [, name, id, encoded] = match ?? [];
  const typed = encoded === undefined ? undefined : base64(encoded);
  if (name === undefined || typed?.length !== 1 + PUBLIC_BYTES || typed[0] !== ED25519) {
    throw new SyntaxError('A verifier key has the form <name>+<key id>+<Base64>, and is one of Ed25519.');
  }
  const verifier = verifierOf(name, typed.subarray(1));
  if (verifier.keyId.toString('hex') !== id) throw new SyntaxError('The key id is not that of the key.');
  return verifier;
}

/**
 * The text of a note that at least one of the keys signed. Signatures of keys that are not given say nothing; a wrong one
 * of a key that is given condemns the note.
 * @throws SyntaxError
 */
export function openNote(note: string, verifiers: readonly NoteVerifier[]): string {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) throw new SyntaxError('This is no signed note.');
  const text = note.slice(0, split + 1);
  let signed = 0;
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const [name, encoded, ...more] = line.startsWith(SIGNATURE_MARK)
      ? line.slice(SIGNATURE_MARK.length).split(' ')
      : [];
    const bytes = encoded === undefined ? undefined : base64(encoded);
    if (name === undefined || bytes === undefined || bytes.length <= KEY_ID_BYTES || more.length > 0) {
      throw new SyntaxError('A signature line of the note is damaged.');
    }
    const keyId = bytes.subarray(0, KEY_ID_BYTES);
    const verifier = verifiers.find((one) => one.name === name && keyId.equals(one.keyId));
    if (verifier === undefined) continue;
    const signature = bytes.subarray(KEY_ID_BYTES);
    if (signature.length !== SIGNATURE_BYTES || !verifier.verify(text, signature)) {
      throw new SyntaxError(`The signature of ${name} is wrong.`);
    }
    signed += 1;
  }
  if (signed === 0) throw new SyntaxError('None of the given keys signed the note.');
  return text;
}

/** The state of the tree at one size. */
export interface Checkpoint {
  /** Names the log. */
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

export function checkpointText({ origin, size, root }: { origin: string; size: number; root: Uint8Array }): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
}

/** @throws SyntaxError */
export function openCheckpoint(note: string, verifiers: readonly NoteVerifier[]): Checkpoint {
  const lines = openNote(note, verifiers).split('\n');
  const [origin, sizeText, rootText] = lines;
  const root = rootText === undefined ? undefined : base64(rootText);
  const size = Number(sizeText);
  const known = verifiers.some(({ name }) => name === origin);
  if (origin === undefined || !known || lines.length !== 4 || lines[3] !== '')
    throw new SyntaxError('This is no checkpoint of this log.');
  if (!/^(0|[1-9]\d{0,15})$/.test(sizeText ?? '') || !Number.isSafeInteger(size) || root?.length !== HASH_BYTES) {
    throw new SyntaxError('The checkpoint is damaged.');
  }
  return { origin, size, root };
}

/** Only the one spelling that encoding gives. */
function base64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
