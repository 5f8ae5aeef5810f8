import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isFault } from '@sealgate/core/faults';
import { parseAccessKeyId } from '@sealgate/core/names';
import type { AuditActor, Credential, Metadata, Tenant } from '@sealgate/core/ports';
import { readJsonFile, replaceJsonFile } from './json-file.ts';
import { newAccessKey } from './key-pair.ts';

/** What a person or a program on this machine needs to begin. The file's fields are a contract. */
export interface FirstCredentials {
  readonly s3Endpoint: string;
  readonly controlEndpoint: string;
  readonly region: string;
  readonly tenant: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly adminKey: string;
}

const FILE = 'credentials.json';
const FIRST_TENANT = 'default';
const ACTOR: AuditActor = { kind: 'system', id: 'first-start', requestId: '-' };

type Registry = Pick<Metadata, 'tenant' | 'createTenant' | 'credential' | 'createCredential'>;

export function credentialsPath(dataDir: string): string {
  return join(dataDir, FILE);
}

/** The key pair that `credentials.json` names, or a new one of the first tenant, which is made when it is missing. */
export async function ensureFirstCredential(
  metadata: Registry,
  dataDir: string,
): Promise<Pick<FirstCredentials, 'tenant' | 'accessKeyId' | 'secretAccessKey'>> {
  const known = await knownCredential(metadata, dataDir);
  if (known !== undefined) return pairOf(known);
  const tenant = await ensureTenant(metadata);
  const pair = newAccessKey(randomBytes);
  const made = await metadata.createCredential(
    { ...pair, tenantId: tenant.id, expiresAtMs: null, description: 'credentials.json of the data directory' },
    ACTOR,
  );
  return pairOf(made);
}

/** Writes the file unless it says all this already. */
export async function writeCredentials(dataDir: string, credentials: FirstCredentials): Promise<void> {
  const path = credentialsPath(dataDir);
  if (isDeepStrictEqual(await readJsonFile(path).catch(() => undefined), credentials)) return;
  await replaceJsonFile(path, credentials);
}

/** A damaged or foreign file counts as none: its keys would open nothing. */
async function knownCredential(metadata: Registry, dataDir: string): Promise<Credential | undefined> {
  const file = await readJsonFile(credentialsPath(dataDir)).catch(() => undefined);
  const { accessKeyId, secretAccessKey } = file ?? {};
  if (typeof accessKeyId !== 'string') return undefined;
  try {
    const credential = await metadata.credential(parseAccessKeyId(accessKeyId));
    return credential?.secretAccessKey === secretAccessKey ? credential : undefined;
  } catch (error) {
    if (isFault(error, 'InvalidAccessKeyId')) return undefined;
    throw error;
  }
}

async function ensureTenant(metadata: Registry): Promise<Tenant> {
  const known = await metadata.tenant(FIRST_TENANT);
  if (known !== undefined) return known;
  const facts = { name: FIRST_TENANT, displayName: 'First tenant', email: null, namespace: 'default' };
  return await metadata.createTenant({ ...facts, defaultEncryption: 'required', policyName: null }, ACTOR);
}

function pairOf({ tenant, accessKeyId, secretAccessKey }: Credential) {
  return { tenant: tenant.name, accessKeyId, secretAccessKey };
}
