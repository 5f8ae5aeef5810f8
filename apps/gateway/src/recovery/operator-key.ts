import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault, isFault } from '@sealgate/core/faults';
import { type DocumentRecipient, documentRecipient } from '@sealgate/engine/documents';
import { readIfThere } from '@sealgate/runtime/files';
import { exportJWK, generateKeyPair } from 'jose';
import type { Config } from '../config.ts';
import { createJsonFile } from '../start/json-file.ts';

/** Where an embedded gateway keeps the pair that it made. Whoever runs it moves the file to a safe place. */
const RECOVERY_KEY_FILE = 'recovery-key.json';

/**
 * The operator's public recovery key: what the setting names, else, with the embedded database, a pair that is made once
 * into the data directory. Only its public half stays in memory.
 * @returns undefined when there is none: buckets of tenants without keys of their own are not recoverable then
 * @throws Fault ConfigInvalid, StartFailed
 */
export async function loadOperatorKey(
  config: Pick<Config, 'recoveryKeyFile' | 'embedded' | 'dataDir'>,
): Promise<DocumentRecipient | undefined> {
  const { recoveryKeyFile } = config;
  if (recoveryKeyFile !== undefined) {
    try {
      return await documentRecipient(await readFile(recoveryKeyFile, 'utf8'));
    } catch (error) {
      const reason = isFault(error) ? error.message : 'The file cannot be read.';
      throw new Fault('ConfigInvalid', `SEALGATE_RECOVERY_KEY names ${recoveryKeyFile}. ${reason}`, { cause: error });
    }
  }
  if (!config.embedded) return undefined;
  const path = join(config.dataDir, RECOVERY_KEY_FILE);
  return (await readPair(path)) ?? (await makePair(path));
}

async function makePair(path: string): Promise<DocumentRecipient | undefined> {
  const pair = await generateKeyPair('ECDH-ES+A256KW', { crv: 'P-256', extractable: true });
  await createJsonFile(path, await exportJWK(pair.privateKey));
  // Two first starts at once: both use the pair that was there first.
  return readPair(path);
}

async function readPair(path: string): Promise<DocumentRecipient | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  try {
    const { d: _private, ...publicMembers } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return await documentRecipient(publicMembers);
  } catch (cause) {
    throw new Fault('StartFailed', `${path} is damaged. Restore it from a backup, or move it away.`, { cause });
  }
}
