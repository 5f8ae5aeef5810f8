import { randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { Fault, isFault } from '@sealgate/core/faults';
import type { KeyManagement } from '@sealgate/core/ports';
import type { Database } from '../db/database.ts';
import { SCRYPT_COST } from '../limits.ts';
import { createSecretBox, type SecretBox, type SecretPlace } from './box.ts';

export interface SecretPassphrase {
  /** 1 to 255. The highest one seals; the others only open. */
  readonly version: number;
  readonly passphrase: string;
}

/** Where the keys that seal secrets come from. */
export interface SecretKeys {
  /** May be empty with a key service. */
  readonly passphrases: readonly SecretPassphrase[];
  /** Its version seals when it is the highest. Other versions that it made open as well. */
  readonly service?: { readonly version: number; readonly management: KeyManagement } | undefined;
}

interface VersionRow {
  readonly version: number;
  readonly kdf: string;
  readonly salt: Buffer;
  readonly canary: Buffer;
}

const KEY_BYTES = 32;
const SALT_BYTES = 16;
const KDF = `scrypt:${SCRYPT_COST.N}:${SCRYPT_COST.r}:${SCRYPT_COST.p}`;
const CANARY: SecretPlace = { purpose: 'canary', id: '' };

const derive = promisify<string, Uint8Array, number, typeof SCRYPT_COST, Buffer>(scrypt);

/** Before the name of the service, in `kdf`: `salt` is the wrapped key then. */
const SERVICE = 'kms:';

/**
 * Derives a key from each passphrase and asks the key service for those that it wrapped, and checks each against its canary, so
 * that a wrong one stops the start and not the first request. The first process to come with a new version makes its row.
 * @throws Fault ConfigInvalid, KeyServiceUnavailable
 */
export async function openSecrets(database: Database, given: SecretKeys): Promise<SecretBox> {
  const { passphrases, service } = given;
  const rows = new Map((await database.read<VersionRow>('secret-versions', [])).map((row) => [row.version, row]));
  const keys = new Map<number, Uint8Array>();
  const wrapped = [...rows.values()].filter(({ kdf }) => kdf.startsWith(SERVICE));
  for (const row of wrapped) keys.set(row.version, await unwrapped(database, row, service?.management));
  for (const { version, kdf } of rows.values()) {
    if (kdf.startsWith(SERVICE) || passphrases.some((one) => one.version === version)) continue;
    throw new Fault(
      'ConfigInvalid',
      `The database holds secrets sealed under passphrase version ${version}. Give that passphrase too (TENANT_SECRET_PASSPHRASE).`,
    );
  }
  await Promise.all(
    passphrases
      // Where a service makes the keys a passphrase only opens what it sealed before.
      .filter(({ version }) => !keys.has(version) && (service === undefined || rows.has(version)))
      .map(async (one) => {
        const row = rows.get(one.version);
        keys.set(
          one.version,
          row === undefined ? await addVersion(database, one) : await checkedKey(row, one.passphrase),
        );
      }),
  );
  if (service !== undefined && !keys.has(service.version)) {
    keys.set(service.version, await addWrapped(database, service));
  }
  return createSecretBox(keys);
}

/** Makes the row of a version whose key the service made; when another process was first, the key of that one's row. */
async function addWrapped(
  database: Database,
  { version, management }: NonNullable<SecretKeys['service']>,
): Promise<Uint8Array> {
  const { key, wrapped } = await management.newDataKey();
  const canary = createSecretBox(new Map([[version, key]])).seal(CANARY, 'sealgate');
  const values = [version, SERVICE + management.name, Buffer.from(wrapped, 'utf8'), canary];
  if ((await database.write('add-secret-version', values)).length > 0) return key;
  const known = await database.read<VersionRow>('secret-versions', []);
  const other = known.find((candidate) => candidate.version === version);
  if (other?.kdf.startsWith(SERVICE) !== true)
    throw new Fault('ConfigInvalid', `Version ${version} seals under a passphrase.`);
  return await unwrapped(database, other, management);
}

async function unwrapped(
  database: Database,
  row: VersionRow,
  management: KeyManagement | undefined,
): Promise<Uint8Array> {
  const name = row.kdf.slice(SERVICE.length);
  if (management?.name !== name) {
    throw new Fault(
      'ConfigInvalid',
      `Secrets of version ${row.version} are sealed under a key of ${name}. Configure it (SEALGATE_KMS_...).`,
    );
  }
  const wrapped = row.salt.toString('utf8');
  const key = await management.unwrap(wrapped);
  try {
    createSecretBox(new Map([[row.version, key]])).open(CANARY, row.canary);
  } catch (error) {
    if (!isFault(error)) throw error;
    throw new Fault('ConfigInvalid', `The key that ${name} unwraps is not the one that secrets were sealed under.`, {
      cause: error,
    });
  }
  const newest = await management.rewrap(wrapped);
  // Whoever is first; the key is the same.
  if (newest !== wrapped)
    await database.write('rewrap-secret-version', [row.version, Buffer.from(newest, 'utf8'), row.salt]);
  return key;
}

/** Makes the row of a new version and gives its key; when another process was first, the key of that one's row. */
async function addVersion(database: Database, given: SecretPassphrase): Promise<Uint8Array> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(given.passphrase, salt, KEY_BYTES, SCRYPT_COST);
  const canary = createSecretBox(new Map([[given.version, key]])).seal(CANARY, 'sealgate');
  const made = await database.write('add-secret-version', [given.version, KDF, salt, canary]);
  if (made.length > 0) return key;
  const known = await database.read<VersionRow>('secret-versions', []);
  const other = known.find((candidate) => candidate.version === given.version);
  if (other === undefined) throw new Fault('InternalError', 'A passphrase version could not be stored.');
  return checkedKey(other, given.passphrase);
}

async function checkedKey(row: VersionRow, passphrase: string): Promise<Buffer> {
  if (row.kdf !== KDF)
    throw new Fault('ConfigInvalid', `Secrets were derived by ${row.kdf}, which this release does not know.`);
  const key = await derive(passphrase, row.salt, KEY_BYTES, SCRYPT_COST);
  try {
    createSecretBox(new Map([[row.version, key]])).open(CANARY, row.canary);
  } catch (error) {
    if (!isFault(error)) throw error;
    throw new Fault(
      'ConfigInvalid',
      `TENANT_SECRET_PASSPHRASE is not the passphrase that this database's secrets (version ${row.version}) were sealed under.`,
    );
  }
  return key;
}
