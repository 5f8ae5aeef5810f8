import { join } from 'node:path';
import type { ManifestPolicy, SignKey, VerifyKey } from '@sealgate/client';
import { readIfThere, writePrivateFile } from '@sealgate/runtime/files';
import { exportSignKey, generateSignKey, importSignKey, protectJwk, unprotectJwk } from '@sealgate/sealed/keys';
import { importVerifyKey } from '@sealgate/sealed/manifest';
import { CliError, usageError } from '../cli-error.ts';
import { isJsonObject, type JsonObject } from '../files/json.ts';

/** A key whose signature counts. */
export interface Writer {
  readonly keyId: string;
  readonly name: string;
  /** This machine has its private half and signs with it. */
  readonly own: boolean;
}

/** Who may write what the owner of this folder reads, and the key that the owner signs with: `writers.json`, mode 0600. */
export interface WriterStore {
  list(): Promise<readonly Writer[]>;
  trusted(): Promise<readonly VerifyKey[]>;
  /** The key that new objects are signed with. @param passphrase asked for only when it is protected */
  signKey(passphrase: (keyName: string) => Promise<string>): Promise<SignKey | undefined>;
  /** Makes a key and signs with it from now on; keys before stay trusted. */
  createSignKey(options: {
    readonly algorithm: SignKey['algorithm'];
    readonly name: string;
    readonly passphrase: string | undefined;
  }): Promise<Writer>;
  trust(jwk: JsonObject, name: string): Promise<Writer>;
  distrust(keyId: string): Promise<void>;
  /** The public half of a writer's key, for another to trust. */
  exportKey(keyId: string): Promise<JsonObject>;
  policyOf(tenant: string, bucket: string): Promise<ManifestPolicy>;
  setPolicy(tenant: string, bucket: string, policy: ManifestPolicy): Promise<void>;
  policies(): Promise<Readonly<Record<string, ManifestPolicy>>>;
}

interface WriterEntry {
  readonly keyId: string;
  readonly name: string;
  readonly publicKey: JsonObject;
}

interface StoreFile {
  readonly version: 1;
  readonly writers: readonly WriterEntry[];
  /** A JWK in the clear, a JWE under a passphrase, or null. */
  readonly signWith: { readonly keyId: string; readonly privateKey: JsonObject | string } | null;
  /** By `tenant/bucket`; `when-present` is not written down. */
  readonly buckets: Readonly<Record<string, ManifestPolicy>>;
}

const EMPTY: StoreFile = { version: 1, writers: [], signWith: null, buckets: {} };

export function createWriterStore(configDir: string): WriterStore {
  const path = join(configDir, 'writers.json');

  async function read(): Promise<StoreFile> {
    const text = await readIfThere(path);
    return text === undefined ? EMPTY : parse(text, path);
  }

  async function change(update: (file: StoreFile) => StoreFile): Promise<void> {
    await writePrivateFile(path, `${JSON.stringify(update(await read()), undefined, 2)}\n`);
  }

  const withWriter = (file: StoreFile, entry: WriterEntry): StoreFile => ({
    ...file,
    writers: [...file.writers.filter(({ keyId }) => keyId !== entry.keyId), entry],
  });

  return {
    async list() {
      const { writers, signWith } = await read();
      return writers.map(({ keyId, name }) => ({ keyId, name, own: keyId === signWith?.keyId }));
    },
    async trusted() {
      const { writers } = await read();
      return Promise.all(writers.map(({ publicKey }) => importVerifyKey(publicKey)));
    },
    async signKey(passphrase) {
      const { signWith, writers } = await read();
      if (signWith === null) return undefined;
      const { keyId, privateKey } = signWith;
      const name = writers.find((writer) => writer.keyId === keyId)?.name ?? 'to sign with';
      const jwk = typeof privateKey === 'string' ? await unprotectJwk(privateKey, await passphrase(name)) : privateKey;
      return importSignKey(jwk);
    },
    async createSignKey({ algorithm, name, passphrase }) {
      const key = await generateSignKey(algorithm, { extractable: true });
      const jwk = await exportSignKey(key, 'private');
      const privateKey = passphrase === undefined ? { ...jwk } : await protectJwk(jwk, passphrase);
      const entry = { keyId: key.keyId, name, publicKey: { ...(await exportSignKey(key, 'public')) } };
      await change((file) => ({ ...withWriter(file, entry), signWith: { keyId: key.keyId, privateKey } }));
      return { keyId: key.keyId, name, own: true };
    },
    async trust(jwk, name) {
      const key = await importVerifyKey(jwk);
      await change((file) => withWriter(file, { keyId: key.keyId, name, publicKey: { ...jwk, d: undefined } }));
      return { keyId: key.keyId, name, own: false };
    },
    async distrust(gone) {
      await change((file) => {
        if (file.signWith?.keyId === gone)
          throw usageError('New objects are signed with this key. Make another first: sealgate keys create --use sign');
        return { ...file, writers: file.writers.filter(({ keyId }) => keyId !== gone) };
      });
    },
    async exportKey(wanted) {
      const entry = (await read()).writers.find(({ keyId }) => keyId === wanted);
      if (entry === undefined) throw usageError(`There is no writer ${wanted}.`);
      return entry.publicKey;
    },
    policyOf: async (tenant, bucket) => (await read()).buckets[`${tenant}/${bucket}`] ?? 'when-present',
    async setPolicy(tenant, bucket, policy) {
      await change((file) => {
        const { [`${tenant}/${bucket}`]: _, ...others } = file.buckets;
        return { ...file, buckets: policy === 'required' ? { ...others, [`${tenant}/${bucket}`]: policy } : others };
      });
    },
    policies: async () => (await read()).buckets,
  };
}

/** Fails closed: a file that cannot be read is not one without writers. @throws CliError */
function parse(text: string, path: string): StoreFile {
  try {
    const file: unknown = JSON.parse(text);
    const valid =
      isJsonObject(file) &&
      file['version'] === 1 &&
      Array.isArray(file['writers']) &&
      file['writers'].every((writer) => isJsonObject(writer) && isJsonObject(writer['publicKey'])) &&
      (file['signWith'] === null || isJsonObject(file['signWith'])) &&
      isJsonObject(file['buckets']);
    if (valid) return file as unknown as StoreFile;
  } catch {
    // Said below, without the text: it may be a key.
  }
  throw new CliError(`${path} is damaged.`, { hint: 'Restore it from your backup.' });
}
