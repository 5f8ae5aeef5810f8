import { readFile, stat } from 'node:fs/promises';
import { importPrivateKey, type OpeningKey } from '@sealgate/sealed/keys';
import { usageError } from '../cli-error.ts';
import type { FindKey } from '../documents/open-document.ts';
import { isJsonObject } from '../files/json.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { Passphrases } from '../keys/passphrase.ts';
import { KEY_FILE_BYTES_MAX } from './limits.ts';

export interface RecoveryKeys {
  readonly find: FindKey;
  /** Those of the named ones that are at hand. */
  unlock(keyIds: readonly string[]): Promise<readonly OpeningKey[]>;
}

/**
 * The keys of the key store and those of files (the operator's recovery key, or a key from a backup). A passphrase is
 * asked for once, and only when a key is needed.
 * @throws CliError for a file that holds no private key
 */
export async function openRecoveryKeys(
  deps: { readonly keyStore: KeyStore; readonly passphrases: Passphrases },
  files: readonly string[],
): Promise<RecoveryKeys> {
  const { keyStore, passphrases } = deps;
  const given = await Promise.all(files.map(readKeyFile));
  const opened = new Map<string, Promise<OpeningKey | undefined>>(
    given.map((key) => [key.keyId, Promise.resolve(key)]),
  );
  const stored = await keyStore.list();
  const find: FindKey = (keyId) => {
    const known = opened.get(keyId);
    if (known !== undefined) return known;
    const key = stored.find((one) => one.keyId === keyId && one.protection !== 'none');
    const promise = key?.privateKey(() => passphrases.existing(key.name)) ?? Promise.resolve(undefined);
    opened.set(keyId, promise);
    return promise;
  };
  return {
    find,
    async unlock(keyIds) {
      const found = await Promise.all(keyIds.map(find));
      return found.filter((key) => key !== undefined);
    },
  };
}

/** @throws CliError for a file that holds no private key; nothing of its text is said */
export async function readKeyFile(path: string): Promise<OpeningKey> {
  const text = await keyFileText(path);
  try {
    const value: unknown = JSON.parse(text);
    // A file of the key store, or a bare JWK.
    const jwk = isJsonObject(value) && isJsonObject(value['privateKey']) ? value['privateKey'] : value;
    if (isJsonObject(jwk)) return await importPrivateKey(jwk);
  } catch {
    // Said below, without the text: it may be a key.
  }
  throw usageError(`${path} holds no private key (JWK).`);
}

/** @throws CliError for a file that cannot be read, or is too long for a key */
export async function keyFileText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= KEY_FILE_BYTES_MAX) return await readFile(path, 'utf8');
  } catch (cause) {
    throw usageError(`${path} cannot be read.`, cause instanceof Error ? cause.message : undefined);
  }
  throw usageError(`${path} is too long for a key.`);
}
