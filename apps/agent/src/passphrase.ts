import { Fault } from '@sealgate/core/faults';
import { secretSetting } from '@sealgate/runtime/settings';

type Env = Readonly<Record<string, string | undefined>>;

/** That of a running agent, whom nobody can ask. @throws Fault ConfigInvalid */
export function requirePassphrase(env: Env): string {
  const passphrase = secretSetting(env, 'SEALGATE_AGENT_PASSPHRASE');
  if (passphrase !== undefined) return passphrase;
  throw new Fault(
    'ConfigInvalid',
    'The secrets of this agent are under a passphrase. Set SEALGATE_AGENT_PASSPHRASE, or SEALGATE_AGENT_PASSPHRASE_FILE to a file that holds it.',
  );
}
