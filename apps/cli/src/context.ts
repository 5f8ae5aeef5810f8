import type { Keyring, SealedClient } from '@sealgate/client';
import type { Keyring as TrustedKeyring } from '@sealgate/sealed/keyring';
import { usageError } from './cli-error.ts';
import type { Environment } from './config.ts';
import { type ControlClient, createControlClient } from './control/control-client.ts';
import { createKeyringFiles, type KeyringFiles } from './keyring/keyring-files.ts';
import { createKeyStore, type KeyStore, type StoredKey } from './keys/key-store.ts';
import { askHidden, createPassphrases, type Passphrases } from './keys/passphrase.ts';
import {
  type ConnectionOptions,
  controlConnection,
  findControl,
  operatedTenant,
  readSources,
  type S3Connection,
  s3Connection,
  tenantConnection,
} from './settings/connection.ts';
import type { Terminal } from './terminal.ts';
import { createSeenVersions } from './writers/seen-versions.ts';
import { createWriterStore, type WriterStore } from './writers/writer-store.ts';

/** Options that every command takes. */
export interface CommonOptions extends ConnectionOptions {
  /** Results as JSON on standard output, failures as JSON on standard error. */
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly debug?: boolean | undefined;
}

/** What a command works with. Everything that costs time or may fail is made when it is first asked for. */
export interface CommandContext {
  readonly environment: Environment;
  readonly options: CommonOptions;
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly keyStore: KeyStore;
  readonly writerStore: WriterStore;
  readonly passphrases: Passphrases;
  /** Reads a line from the terminal without showing it. */
  askHidden(question: string): Promise<string>;
  /** The S3 client with the owner's keys, and how it is connected. */
  client(): Promise<{ readonly client: SealedClient; readonly connection: S3Connection }>;
  /** @throws CliError without an operator key */
  control(): Promise<ControlClient>;
  /** The control listener for the tenant itself, by its access key. @throws CliError without one */
  tenantControl(): Promise<ControlClient>;
  /** The keyring of the tenant (unless named, the one of `tenantName`), believed; undefined when no root is pinned for it. */
  trustedKeyring(tenant?: string): Promise<TrustedKeyring | undefined>;
  readonly keyringFiles: KeyringFiles;
  /** The tenant that owns the buckets: named, known from the gateway's folder, or the only one whose root is pinned. */
  tenantName(): Promise<string | undefined>;
  /** The owner's keys as the client needs them; the first object that is sealed makes the first one. */
  keyring(): Promise<Keyring>;
  /** The same, where it is a help but not needed. */
  controlIfAny(): Promise<ControlClient | undefined>;
}

export function createContext(deps: {
  readonly environment: Environment;
  readonly options: CommonOptions;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}): CommandContext {
  const { environment, options, terminal, signal } = deps;
  const keyStore = createKeyStore(environment.configDir, { now: Date.now });
  const writerStore = createWriterStore(environment.configDir);
  const passphrases = createPassphrases({
    fromEnvironment: environment.passphrase,
    ask: terminal.canAsk ? (question) => askHidden(question, signal) : undefined,
  });
  const control = (connection: Parameters<typeof createControlClient>[0]['connection']): ControlClient =>
    createControlClient({ connection, fetch: (input, init) => globalThis.fetch(input, init), signal });

  /** So that recovery without a gateway works for who never heard of it. What to do is said where it cannot be done. */
  async function publishFirst(key: StoredKey): Promise<string> {
    const sources = await readSources(environment, options);
    const connection = findControl(sources);
    try {
      if (connection === undefined) return NOT_PUBLISHED;
      const { publishKey } = await import('./keys/publish-key.ts');
      await publishKey(control(connection), operatedTenant(sources), key);
      return 'It is registered as your recovery key: with it alone, "sealgate recover" restores your objects from the backends.';
    } catch {
      signal.throwIfAborted();
      return NOT_PUBLISHED;
    }
  }

  const keyringFiles = createKeyringFiles(environment.configDir);

  async function tenantName(): Promise<string | undefined> {
    const sources = await readSources(environment, options);
    const configured = options.tenant ?? environment.tenant ?? s3Connection(sources).tenant;
    if (configured !== undefined) return configured;
    // A gateway that is asked could name another tenant, one that no root is pinned for.
    const [only, ...others] = (await keyringFiles.pins()).keys();
    if (others.length > 0)
      throw usageError('Roots of several tenants are pinned.', 'Name the tenant: --tenant or SEALGATE_TENANT.');
    return only;
  }

  async function trustedKeyring(tenant: string | undefined) {
    const pins = await keyringFiles.pins();
    if (pins.size === 0) return undefined;
    const pin = pins.get(tenant ?? (await tenantName()) ?? '');
    if (pin === undefined) return undefined;
    const { fetchTrusted } = await import('./keyring/trusted-keyring.ts');
    return await fetchTrusted(
      { control: control(tenantConnection(await readSources(environment, options))), files: keyringFiles },
      pin,
    );
  }

  /** Asked for once by a command, whatever it needs it for. */
  const askedKeyrings = new Map<string, ReturnType<typeof trustedKeyring>>();
  const keyringOnce = (tenant?: string): ReturnType<typeof trustedKeyring> => {
    const asked = askedKeyrings.get(tenant ?? '') ?? trustedKeyring(tenant);
    askedKeyrings.set(tenant ?? '', asked);
    return asked;
  };

  async function keyring(): Promise<Keyring> {
    const { createStoreKeyring } = await import('./keys/keyring.ts');
    return createStoreKeyring({
      store: keyStore,
      passphrases,
      passphraseOfFirstKey: environment.passphrase,
      trusted: keyringOnce,
      async onFirstKey(key) {
        terminal.note(firstKeyNote(key, keyStore.folder));
        terminal.note(await publishFirst(key));
      },
    });
  }

  return {
    ...deps,
    keyStore,
    writerStore,
    passphrases,
    askHidden: (question) => askHidden(question, signal),
    async client() {
      const connection = { ...s3Connection(await readSources(environment, options)), tenant: await tenantName() };
      // Loaded here, so that commands without it start at once.
      const [{ createSealedClient }, keys] = await Promise.all([import('@sealgate/client'), keyring()]);
      const writers = {
        signKey: () => writerStore.signKey((name) => passphrases.existing(name)),
        async trusted(tenant: string) {
          const { trustedWriters } = await import('./writers/trusted-writers.ts');
          return await trustedWriters(writerStore, await keyringOnce(tenant), Date.now());
        },
        policyOf: (tenant: string, bucket: string) => writerStore.policyOf(tenant, bucket),
        ...createSeenVersions(environment.stateDir),
      };
      return { client: createSealedClient({ ...connection, keys, writers }), connection };
    },
    keyring,
    trustedKeyring: keyringOnce,
    keyringFiles,
    tenantName,
    tenantControl: async () => control(tenantConnection(await readSources(environment, options))),
    control: async () => control(controlConnection(await readSources(environment, options))),
    async controlIfAny() {
      const connection = findControl(await readSources(environment, options));
      return connection && control(connection);
    },
  };
}

const NOT_PUBLISHED =
  'It is not registered as a recovery key: "sealgate keys publish" does that with access to the control listener. Until then only the operator can recover your buckets without a gateway.';

function firstKeyNote(key: StoredKey, folder: string): string {
  const locked =
    key.protection === 'passphrase'
      ? 'It is under your passphrase.'
      : 'No passphrase protects it yet: "sealgate keys protect" adds one.';
  return `Made your first key pair (${key.kind}) in ${folder}.\n${locked} Back it up: without it nobody can open what you seal.`;
}
