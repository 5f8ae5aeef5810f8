import type { Keyring } from '@sealgate/client';
import type { Keyring as TrustedKeyring } from '@sealgate/sealed/keyring';
import { generateKeyPair } from '@sealgate/sealed/keys';
import { CliError } from '../cli-error.ts';
import { trustedRecipients } from '../keyring/trusted-recipients.ts';
import type { KeyStore, StoredKey } from './key-store.ts';
import type { Passphrases } from './passphrase.ts';

/** Small envelopes, fast, and known to every browser and library that we care for. */
const DEFAULT_KEY_KIND = 'P-256';

/** The client's view of the key store. The first object that is sealed makes the first key. */
export function createStoreKeyring(deps: {
  readonly store: KeyStore;
  readonly passphrases: Passphrases;
  readonly passphraseOfFirstKey: string | undefined;
  /** Tells of it, and may do what goes with it. */
  readonly onFirstKey: (key: StoredKey) => void | Promise<void>;
  /** The tenant's keyring, believed; undefined when none is pinned. Asked for once, and only when something is sealed. */
  readonly trusted: () => Promise<TrustedKeyring | undefined>;
}): Keyring {
  const { store, passphrases } = deps;
  let asked: ReturnType<typeof deps.trusted> | undefined;
  const trusted = () => (asked ??= deps.trusted());
  return {
    async recipients() {
      const [keyIds, keys] = await Promise.all([store.recipients(), store.list()]);
      if (keyIds.length === 0 && keys.length === 0) return [await makeFirstKey(deps)];
      if (keyIds.length === 0) {
        throw new CliError('No key is chosen for new objects.', { hint: 'Run: sealgate keys use <key>' });
      }
      const keyring = await trusted();
      const chosen = await Promise.all(keyIds.map((keyId) => require(keys, keyId).publicKey()));
      return keyring === undefined ? chosen : trustedRecipients(keyring, chosen, Date.now());
    },
    async primaryVersion() {
      const [[primary], keys, keyring] = await Promise.all([store.recipients(), store.list(), trusted()]);
      const entry = keyring?.keys.find(({ keyId }) => keyId === primary);
      return entry?.version ?? keys.find(({ keyId }) => keyId === primary)?.version ?? 1;
    },
    async unlock(keyIds) {
      const own = (await store.list()).filter((key) => keyIds.includes(key.keyId) && key.protection !== 'none');
      // A key in the clear spares its owner the question for the passphrase of another.
      const clear = own.filter(({ protection }) => protection === 'clear');
      const chosen = clear.length > 0 ? clear : own;
      const unlocked = [];
      for (const key of chosen) unlocked.push(await key.privateKey(() => passphrases.existing(key.name)));
      return unlocked;
    },
  };
}

async function makeFirstKey(deps: Parameters<typeof createStoreKeyring>[0]) {
  const pair = await generateKeyPair(DEFAULT_KEY_KIND, { extractable: true });
  const stored = await deps.store.addPair(pair, { name: 'default', passphrase: deps.passphraseOfFirstKey });
  await deps.store.setRecipients([pair.keyId]);
  await deps.onFirstKey(stored);
  return pair;
}

function require(keys: readonly StoredKey[], keyId: string): StoredKey {
  const key = keys.find((one) => one.keyId === keyId);
  if (key !== undefined) return key;
  throw new CliError(`The key ${keyId}, to which new objects are to be sealed, is not here.`, {
    hint: 'Restore its file, or choose another key: sealgate keys use <key>',
  });
}
