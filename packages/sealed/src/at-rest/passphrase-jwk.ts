import { argon2id } from 'hash-wasm';
import type { JWK } from 'jose';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';
import type { Bytes } from '../format/bytes.ts';
import { equalBytes, fromBase64url, isAllZero, toBase64url, utf8, utf8Text } from '../format/bytes.ts';
import { SealError } from '../format/codes.ts';
import {
  argon2Ceiling,
  argon2Default,
  argon2Floor,
  maxPassphraseBytes,
  maxProtectedKeyBytes,
} from '../format/limits.ts';
import { randomBytes } from '../format/random.ts';
import type { JsonObject } from '../inspect/json.ts';
import { parseJsonObject, requireObject, requireString } from '../inspect/json.ts';

/**
 * Keys at rest: JWE compact, `dir` + A256GCM, under 64 bytes of Argon2id. The first half is the key, the second
 * a check value in the header that is compared *before* decrypting: AES-GCM commits to no key, and without the check a
 * store that swaps blobs could test many passphrases with one crafted ciphertext (partitioning oracle).
 */
const blobType = 'sealgate-private-key+jwe';

export interface Argon2Cost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/**
 * Encrypts a private or secret JWK with its `kid`, whatever it is for, under a passphrase.
 * @param options.cost Argon2id cost, by default 64 MiB, 3 passes, 4 lanes (RFC 9106, second recommendation)
 * @throws SealError `invalid-argument`
 */
export async function protectJwk(
  jwk: JWK,
  passphrase: string,
  options: { readonly cost?: Argon2Cost } = {},
): Promise<string> {
  const { kid } = jwk;
  if (kid === undefined) throw new SealError('invalid-argument', 'The key has no id.');
  const cost = options.cost ?? argon2Default;
  assertCost(cost, 'invalid-argument');
  const plaintext = utf8(JSON.stringify(jwk));
  const salt = randomBytes(16);
  const derived = await stretch(passphrase, { cost, salt });
  try {
    return await new CompactEncrypt(plaintext)
      .setProtectedHeader({
        alg: 'dir',
        enc: 'A256GCM',
        typ: blobType,
        kid,
        kdf: {
          name: 'argon2id',
          m: cost.memoryKiB,
          t: cost.passes,
          p: cost.lanes,
          salt: toBase64url(salt),
          check: toBase64url(derived.check),
        },
      })
      .encrypt(derived.key);
  } finally {
    plaintext.fill(0);
    derived.key.fill(0);
  }
}

/**
 * Opens what {@link protectJwk} made. Its `kid` is the blob's; whoever imports it checks that it is the key's.
 * @throws SealError `wrong-passphrase`, `malformed-key`, `unsupported`, `limit-exceeded` (cost outside of the accepted bounds)
 */
export async function unprotectJwk(blob: string, passphrase: string): Promise<JWK> {
  if (blob.length > maxProtectedKeyBytes) throw new SealError('limit-exceeded', 'The protected key is too long.');
  const { cost, salt, check, keyId } = readHeader(blob);
  const derived = await stretch(passphrase, { cost, salt });
  if (!equalBytes(derived.check, check)) throw new SealError('wrong-passphrase');
  let jwk: JsonObject;
  try {
    const { plaintext } = await compactDecrypt(blob, derived.key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    jwk = parseJsonObject(utf8Text(plaintext), 'key');
    plaintext.fill(0);
  } catch (cause) {
    throw new SealError('malformed-key', undefined, { cause });
  } finally {
    derived.key.fill(0);
  }
  if (jwk['kid'] !== undefined && jwk['kid'] !== keyId) throw new SealError('key-id-mismatch');
  return { ...jwk, kid: keyId };
}

interface StoredHeader {
  readonly cost: Argon2Cost;
  readonly salt: Bytes;
  readonly check: Bytes;
  readonly keyId: string;
}

function readHeader(blob: string): StoredHeader {
  let header: JsonObject;
  let kdf: JsonObject;
  try {
    header = decodeProtectedHeader(blob);
    kdf = requireObject(header['kdf'], 'kdf');
    const [salt, check] = [fromBase64url(requireString(kdf, 'salt')), fromBase64url(requireString(kdf, 'check'))];
    const keyId = requireString(header, 'kid');
    if (salt?.length !== 16 || isAllZero(salt) || check?.length !== 32) throw new SealError('malformed-key');
    if (header['typ'] !== blobType || kdf['name'] !== 'argon2id')
      throw new SealError('unsupported', 'Type of the blob.');
    const cost = { memoryKiB: integer(kdf['m']), passes: integer(kdf['t']), lanes: integer(kdf['p']) };
    assertCost(cost, 'limit-exceeded');
    return { cost, salt, check, keyId };
  } catch (cause) {
    if (cause instanceof SealError && cause.code !== 'malformed-envelope') throw cause;
    throw new SealError('malformed-key', undefined, { cause });
  }
}

function integer(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new SealError('malformed-key');
  return value;
}

/** Floors stop a downgrade of the cost, ceilings a blob that eats the reader's memory. */
function assertCost(cost: Argon2Cost, code: 'invalid-argument' | 'limit-exceeded'): void {
  const members = ['memoryKiB', 'passes', 'lanes'] as const;
  const within = members.every(
    (member) => cost[member] >= argon2Floor[member] && cost[member] <= argon2Ceiling[member],
  );
  if (!within) throw new SealError(code, 'Argon2id cost.');
}

async function stretch(
  passphrase: string,
  input: { readonly cost: Argon2Cost; readonly salt: Bytes },
): Promise<{ readonly key: Bytes; readonly check: Bytes }> {
  // One passphrase typed on two systems may come as composed or decomposed characters.
  const password = utf8(passphrase.normalize('NFC'));
  if (password.length === 0 || password.length > maxPassphraseBytes) {
    throw new SealError('invalid-argument', 'The passphrase is empty or too long.');
  }
  const output = await argon2id({
    password,
    salt: input.salt,
    memorySize: input.cost.memoryKiB,
    iterations: input.cost.passes,
    parallelism: input.cost.lanes,
    hashLength: 64,
    outputType: 'binary',
  });
  password.fill(0);
  const halves = { key: output.slice(0, 32), check: output.slice(32) };
  output.fill(0);
  return halves;
}
