import { type Protected, protectAgent } from '@sealgate/agent';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { askHidden } from '../keys/passphrase.ts';
import { printable } from '../output/format.ts';

const HOW = 'Set SEALGATE_AGENT_PASSPHRASE or SEALGATE_AGENT_PASSPHRASE_FILE, or run the command on a terminal.';

/** `sealgate agent protect` */
export async function protectAgentSecrets(
  context: CommandContext,
  _args: readonly [],
  options: { readonly config?: string | undefined },
) {
  const { terminal, signal } = context;
  const ask = (question: string): Promise<string> => {
    if (!terminal.canAsk) throw new CliError('A passphrase is needed.', { hint: HOW });
    return askHidden(question, signal);
  };
  const done = await protectAgent({
    file: options.config,
    env: process.env,
    cwd: process.cwd(),
    existing: () => ask('Passphrase of the agent:'),
    async fresh(mayKeep) {
      if (mayKeep && !terminal.canAsk) return undefined;
      const first = await ask(mayKeep ? 'New passphrase (empty: keep this one):' : 'New passphrase:');
      if (first === '' && mayKeep) return undefined;
      if (first !== '' && (await ask('The same once more:')) !== first)
        throw new CliError('The two passphrases differ. Nothing was written.');
      return first;
    },
  });
  terminal.result({ json: { ...done }, text: describe(done) });
}

function describe({ stateDir, backends, identity, passphrase }: Protected): string {
  const what = [
    ...(identity ? ["the agent's own keys"] : []),
    ...(backends.length === 0 ? [] : [`the secrets of ${printable(backends.join(', '))}`]),
  ];
  const word = { new: 'a passphrase', replaced: 'the new passphrase', kept: 'the passphrase' }[passphrase];
  const list = what.length === 0 ? 'Nothing is there yet; what comes to it will be' : `${what.join(' and ')} are`;
  return `${list.charAt(0).toUpperCase()}${list.slice(1)} under ${word} (${printable(stateDir)}).\nThe agent needs it to start: SEALGATE_AGENT_PASSPHRASE or SEALGATE_AGENT_PASSPHRASE_FILE.\n`;
}
