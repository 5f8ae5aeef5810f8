import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Fault } from '@sealgate/core/faults';
import { Secret } from '@sealgate/runtime/log';
import type { Config } from '../config.ts';
import { createJsonFile, readJsonFile } from './json-file.ts';

export interface GatewaySecrets {
  readonly adminKey: Secret;
  readonly passphrase: Secret;
}

const FILE = 'secrets.json';
/** 192 random bits: nobody types them. */
const SECRET_BYTES = 24;

/**
 * The operator's key and the passphrase that seals secrets in the database. Settings win; what they leave open is made
 * once and kept in the data directory.
 * @throws Fault StartFailed when the file is damaged: making another passphrase would lose every sealed secret
 */
export async function loadSecrets(
  config: Pick<Config, 'adminApiKey' | 'tenantSecretPassphrase' | 'dataDir'>,
): Promise<GatewaySecrets> {
  const { adminApiKey, tenantSecretPassphrase } = config;
  if (adminApiKey && tenantSecretPassphrase) return { adminKey: adminApiKey, passphrase: tenantSecretPassphrase };
  const kept = await keptSecrets(join(config.dataDir, FILE));
  return {
    adminKey: adminApiKey ?? new Secret(kept.adminApiKey),
    passphrase: tenantSecretPassphrase ?? new Secret(kept.tenantSecretPassphrase),
  };
}

interface KeptSecrets {
  readonly adminApiKey: string;
  readonly tenantSecretPassphrase: string;
}

async function keptSecrets(path: string): Promise<KeptSecrets> {
  const known = await read(path);
  if (known !== undefined) return known;
  const secret = (): string => randomBytes(SECRET_BYTES).toString('base64url');
  const made: KeptSecrets = { adminApiKey: secret(), tenantSecretPassphrase: secret() };
  // Two first starts at once: the one that came later takes what the other one made.
  if (await createJsonFile(path, made)) return made;
  return (await read(path)) ?? made;
}

async function read(path: string): Promise<KeptSecrets | undefined> {
  const damaged = (cause?: unknown): Fault =>
    new Fault('StartFailed', `${path} is damaged. Restore it from a backup: it seals the secrets in the database.`, {
      cause,
    });
  let value: Readonly<Record<string, unknown>> | undefined;
  try {
    value = await readJsonFile(path);
  } catch (error) {
    throw error instanceof SyntaxError ? damaged(error) : error;
  }
  if (value === undefined) return undefined;
  const { adminApiKey, tenantSecretPassphrase } = value;
  if (typeof adminApiKey !== 'string' || typeof tenantSecretPassphrase !== 'string') throw damaged();
  return { adminApiKey, tenantSecretPassphrase };
}
