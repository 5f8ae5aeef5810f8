import { randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { Fault, isFault } from '@sealgate/core/faults';
import type { Database } from '../db/database.ts';
import { SCRYPT_COST } from '../limits.ts';
import { createSecretBox, type SecretBox, type SecretPlace } from './box.ts';

export interface SecretPassphrase {
  /** 1 to 255. The highest one seals; the others only open. */
  readonly version: number;
  readonly passphrase: string;
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

/**
 * Derives a key from each passphrase and checks it against its canary, so that a wrong one stops the start and not the
 * first request. The first process to come with a new version makes its row.
 * @throws Fault ConfigInvalid
 */
export async function openSecrets(database: Database, passphrases: readonly SecretPassphrase[]): Promise<SecretBox> {
  const rows = new Map((await database.read<VersionRow>('secret-versions', [])).map((row) => [row.version, row]));
  for (const version of rows.keys()) {
    if (!passphrases.some((given) => given.version === version)) {
      throw new Fault(
        'ConfigInvalid',
        `The database holds secrets sealed under passphrase version ${version}. Give that passphrase too (TENANT_SECRET_PASSPHRASE).`,
      );
    }
  }
  const keys = new Map<number, Uint8Array>();
  await Promise.all(
    passphrases.map(async (given) => {
      const row = rows.get(given.version);
      keys.set(
        given.version,
        row === undefined ? await addVersion(database, given) : await checkedKey(row, given.passphrase),
      );
    }),
  );
  return createSecretBox(keys);
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
