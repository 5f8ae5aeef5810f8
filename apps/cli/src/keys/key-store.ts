import { chmod, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '@sealgate/runtime/files';
import {
  type Argon2Cost,
  exportPrivateKey,
  exportPublicKey,
  importPrivateKey,
  importPublicKey,
  type KeyPair,
  type OpeningKey,
  protectPrivateKey,
  type RecipientKey,
  unprotectPrivateKey,
} from '@sealgate/sealed/keys';
import { CliError } from '../cli-error.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';

/**
 * The owner's keys: a folder (0700) with one file (0600) for each key, named by the end of its id, and `keyring.json`,
 * which says to which keys new objects are sealed. Nothing in it ever goes to a gateway but public keys.
 */
export interface KeyStore {
  list(): Promise<readonly StoredKey[]>;
  /** Ids of the keys that new objects are sealed to, the primary one first. */
  recipients(): Promise<readonly string[]>;
  setRecipients(keyIds: readonly string[]): Promise<void>;
  /**
   * Adds a key pair, its private half under the passphrase when there is one. Replaces what is there of that id, but for
   * its version when none is given.
   */
  addPair(
    pair: KeyPair,
    options: { readonly name: string; readonly passphrase: string | undefined; readonly version?: number },
  ): Promise<StoredKey>;
  /** Adds the public half of a key. One whose private half is here stays as it is: there may be no second copy of that. */
  addPublic(key: RecipientKey, options: { readonly name: string }): Promise<StoredKey>;
  readonly folder: string;
}

export interface StoredKey {
  readonly keyId: string;
  readonly name: string;
  readonly kind: string;
  readonly createdAt: string;
  /** 1, and one more with each rotation. */
  readonly version: number;
  /** `clear`: readable by whoever reads the file. `none`: only the public half is here. */
  readonly protection: 'passphrase' | 'clear' | 'none';
  publicKey(): Promise<RecipientKey>;
  /**
   * The private half.
   * @param passphrase asked for only when the file is protected
   * @throws CliError when only the public half is here; SealError wrong-passphrase
   */
  privateKey(passphrase: () => Promise<string>, options?: { readonly extractable?: boolean }): Promise<OpeningKey>;
}

interface KeyFile {
  readonly version: 1;
  readonly keyId: string;
  readonly name: string;
  readonly kind: string;
  readonly createdAt: string;
  readonly publicKey: JsonObject;
  /** Absent: 1. */
  readonly keyVersion?: number;
  /** A JWK in the clear, a JWE under a passphrase, or null. */
  readonly privateKey: JsonObject | string | null;
}

/** @param options.cost of new passphrases; the default of `protectPrivateKey` when left out */
export function createKeyStore(
  configDir: string,
  options: { readonly now: () => number; readonly cost?: Argon2Cost },
): KeyStore {
  const { now, cost } = options;
  const folder = join(configDir, 'keys');
  const keyringPath = join(configDir, 'keyring.json');

  async function write(file: KeyFile): Promise<StoredKey> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // `mkdir` leaves the mode of a folder that exists already, and applies the umask to a new one.
    await chmod(folder, 0o700);
    await writePrivateFile(join(folder, fileName(file.keyId)), `${JSON.stringify(file, undefined, 2)}\n`);
    return storedKey(file);
  }

  /** What is here of this key. @throws CliError when that is damaged or can be read by others */
  async function fileOf(keyId: string): Promise<KeyFile | undefined> {
    return readKeyFile(join(folder, fileName(keyId))).catch(ignoreMissing(undefined));
  }

  async function describe(key: RecipientKey, name: string): Promise<Omit<KeyFile, 'privateKey'>> {
    const publicKey = { ...(await exportPublicKey(key)) };
    return { version: 1, keyId: key.keyId, name, kind: key.kind, createdAt: new Date(now()).toISOString(), publicKey };
  }

  return {
    folder,
    async list() {
      const names = await readdir(folder).catch(ignoreMissing([] as string[]));
      const files = await Promise.all(
        names.filter((name) => name.endsWith('.json')).map((name) => readKeyFile(join(folder, name))),
      );
      return files.map(storedKey).toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    },
    async recipients() {
      const text = await readFile(keyringPath, 'utf8').catch(ignoreMissing('{"recipients":[]}'));
      const { recipients } = parseJson(text, keyringPath);
      if (!Array.isArray(recipients) || !recipients.every((id) => typeof id === 'string')) throw damaged(keyringPath);
      return recipients;
    },
    async setRecipients(keyIds) {
      await writePrivateFile(keyringPath, `${JSON.stringify({ version: 1, recipients: keyIds }, undefined, 2)}\n`);
    },
    async addPair(pair, { name, passphrase, version }) {
      const privateKey =
        passphrase === undefined
          ? { ...(await exportPrivateKey(pair)) }
          : await protectPrivateKey(pair, passphrase, cost === undefined ? {} : { cost });
      // A damaged file is what a backup is brought in for.
      const known = version ?? (await fileOf(pair.keyId).catch(() => undefined))?.keyVersion;
      const keyVersion = known === undefined ? {} : { keyVersion: known };
      return write({ ...(await describe(pair, name)), ...keyVersion, privateKey });
    },
    async addPublic(key, { name }) {
      const known = await fileOf(key.keyId);
      if (known !== undefined && known.privateKey !== null) return storedKey(known);
      return write({ ...(await describe(key, name)), privateKey: null });
    },
  };
}

function storedKey(file: KeyFile): StoredKey {
  const { keyId, name, kind, createdAt, privateKey, keyVersion: version = 1 } = file;
  return {
    keyId,
    name,
    kind,
    createdAt,
    version,
    protection: privateKey === null ? 'none' : typeof privateKey === 'string' ? 'passphrase' : 'clear',
    publicKey: () => importPublicKey(file.publicKey),
    async privateKey(passphrase, { extractable = false } = {}) {
      if (privateKey === null) throw new CliError(`Only the public half of the key ${name} is here.`);
      if (typeof privateKey !== 'string') return importPrivateKey(privateKey, { extractable });
      return unprotectPrivateKey(privateKey, await passphrase(), { extractable });
    },
  };
}

/** The thumbprint is base64url, so it is a file name as it is. */
function fileName(keyId: string): string {
  return `${keyId.slice(keyId.lastIndexOf(':') + 1)}.json`;
}

async function readKeyFile(path: string): Promise<KeyFile> {
  const { mode } = await stat(path);
  // Keys that others can read are no secrets any more; say so instead of using them silently. Windows has no such bits.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new CliError(`${path} can be read by others.`, { hint: `Run: chmod 600 ${path}` });
  }
  const file = parseJson(await readFile(path, 'utf8'), path);
  const texts = [file['keyId'], file['name'], file['kind'], file['createdAt']];
  const { privateKey } = file;
  const valid =
    file['version'] === 1 &&
    texts.every((text) => typeof text === 'string') &&
    isJsonObject(file['publicKey']) &&
    (privateKey === null || typeof privateKey === 'string' || isJsonObject(privateKey));
  if (!valid) throw damaged(path);
  return file as unknown as KeyFile;
}

function parseJson(text: string, path: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Said below, without the text: it may be a key.
  }
  throw damaged(path);
}

function damaged(path: string): CliError {
  return new CliError(`${path} is damaged.`, { hint: 'Restore it from your backup.' });
}

function ignoreMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value;
    throw error;
  };
}
