import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { writePrivateFile } from '@sealgate/runtime/files';
import { protectJwk, type RootKey, readRootKey, SealError, unprotectJwk } from '@sealgate/sealed/keys';
import { usageError } from '../cli-error.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';
import type { Passphrases } from '../keys/passphrase.ts';

const NAME = 'root';

/** A root key in a file of its own, which is carried to where it is safe. */
export async function writeRootFile(path: string, root: RootKey, passphrase: string | undefined): Promise<void> {
  // Another root may be in it, and there is no second copy of that.
  if (existsSync(path)) throw usageError(`${path} is there already.`, 'Name another file.');
  const privateKey =
    passphrase === undefined ? root.jwk : await protectJwk({ ...root.jwk, kid: root.keyId }, passphrase);
  const file = { version: 1, kind: 'sealgate-root-key', rootKeyId: root.keyId, privateKey };
  await writePrivateFile(path, `${JSON.stringify(file, undefined, 2)}\n`);
}

/** @throws CliError for a file that holds no root key; SealError wrong-passphrase */
export async function readRootFile(path: string, passphrases: Passphrases): Promise<RootKey> {
  const { kind, privateKey } = parse(await readFile(path, 'utf8'));
  if (kind !== 'sealgate-root-key') throw usageError(`${path} holds no root key.`);
  if (isJsonObject(privateKey)) return await readRootKey(privateKey);
  if (typeof privateKey !== 'string') throw usageError(`${path} holds no root key.`);
  const jwk = await unprotectJwk(privateKey, await passphrases.existing(NAME));
  const root = await readRootKey(jwk);
  if (root.keyId !== jwk.kid) throw new SealError('key-id-mismatch');
  return root;
}

/** Never says what the text was: it may be a key. */
function parse(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
