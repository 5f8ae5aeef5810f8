import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { Fault } from '@sealgate/core/faults';
import { writePrivateFile } from '@sealgate/runtime/files';
import { secretSetting } from '@sealgate/runtime/settings';
import type { Argon2Cost } from '@sealgate/sealed/at-rest';
import { parseDocument } from 'yaml';
import { agentConfigPath, loadAgentConfig, readSealedSecrets } from './config.ts';
import { protectIdentity } from './identity.ts';
import { newLock, openLock } from './lock.ts';

export interface ProtectRequest {
  /** The file of settings; default: as a running agent finds it. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Asks for the passphrase that opens what is protected already. */
  readonly existing: () => Promise<string>;
  /** Asks for the new passphrase; `mayKeep`: undefined leaves the present one. */
  readonly fresh: (mayKeep: boolean) => Promise<string | undefined>;
  readonly cost?: Argon2Cost;
}

export interface Protected {
  readonly stateDir: string;
  /** Backends whose secrets are under the passphrase. */
  readonly backends: readonly string[];
  /** The agent's own keys are. */
  readonly identity: boolean;
  readonly passphrase: 'new' | 'replaced' | 'kept';
}

/**
 * Puts the secrets of an agent under a passphrase: its own keys, and those of backends that its file of settings has in the clear.
 * Each file is replaced in one step, and between any two of them an agent with the new passphrase starts.
 *
 * @throws Fault ConfigInvalid for a wrong passphrase or settings that are not valid; nothing was changed then
 */
export async function protectAgent(request: ProtectRequest): Promise<Protected> {
  const { env, cwd } = request;
  const path = agentConfigPath({ file: request.file, env, cwd });
  const config = loadAgentConfig({ file: request.file, env, cwd });
  const { stateDir } = config;
  const asked = secretSetting(env, 'SEALGATE_AGENT_PASSPHRASE');
  const known = await openLock(stateDir, () => (asked === undefined ? request.existing() : Promise.resolve(asked)));
  const lock = known ?? newLock(stateDir, request.cost);
  const secrets = new Map(Object.entries(await readSealedSecrets(config, known)));
  const wanted =
    secretSetting(env, 'SEALGATE_AGENT_NEW_PASSPHRASE') ??
    (known === undefined ? asked : undefined) ??
    (await request.fresh(known !== undefined));
  if (wanted === '') throw new Fault('ConfigInvalid', 'An empty passphrase protects nothing. Nothing was changed.');
  if (wanted === undefined && known === undefined) throw new Fault('ConfigInvalid', 'Nothing was changed.');
  if (wanted !== undefined) await lock.save(wanted);
  const identity = await protectIdentity(stateDir, lock);
  for (const [id, own] of Object.entries(config.backends)) {
    if ('secretAccessKey' in own && own.secretAccessKey !== undefined) secrets.set(id, own.secretAccessKey.reveal());
  }
  const kept = Object.fromEntries([...secrets].filter(([id]) => Object.hasOwn(config.backends, id)));
  if (existsSync(path)) await rewrite(path, await lock.seal('credentials', JSON.stringify(kept)), Object.keys(kept));
  const passphrase = wanted === undefined ? 'kept' : known === undefined ? 'new' : 'replaced';
  return { stateDir, backends: Object.keys(kept).sort(), identity, passphrase };
}

/** What else is in the file stays as it is, comments too. */
async function rewrite(path: string, sealed: string, ids: readonly string[]): Promise<void> {
  const target = realpathSync(path);
  const document = parseDocument(readFileSync(target, 'utf8'));
  for (const id of ids) document.deleteIn(['backends', id, 'secretAccessKey']);
  if (ids.length > 0) document.set('sealedSecrets', sealed);
  else document.delete('sealedSecrets');
  try {
    await writePrivateFile(target, document.toString({ lineWidth: 0 }));
  } catch (cause) {
    throw new Fault('ConfigInvalid', `${target} cannot be replaced. The secrets in it are in the clear.`, { cause });
  }
}
