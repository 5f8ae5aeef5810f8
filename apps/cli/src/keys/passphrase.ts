import { CliError } from '../cli-error.ts';

/** Where passphrases come from. */
export interface Passphrases {
  /** The passphrase of a key that exists. @throws CliError when nobody can be asked */
  existing(keyName: string): Promise<string>;
  /** A new one, asked for twice; undefined when the user wants none. @throws CliError when nobody can be asked */
  fresh(): Promise<string | undefined>;
}

const HOW = 'Set SEALGATE_PASSPHRASE, or run the command on a terminal.';

/** @param deps.ask reads a line without showing it; undefined without a terminal */
export function createPassphrases(deps: {
  readonly fromEnvironment: string | undefined;
  readonly ask: ((question: string) => Promise<string>) | undefined;
}): Passphrases {
  const { fromEnvironment, ask } = deps;
  const known = new Map<string, string>();
  return {
    async existing(keyName) {
      const given = fromEnvironment ?? known.get(keyName);
      if (given !== undefined) return given;
      if (ask === undefined) throw new CliError(`The key ${keyName} is under a passphrase.`, { hint: HOW });
      const answer = await ask(`Passphrase of the key ${keyName}:`);
      known.set(keyName, answer);
      return answer;
    },
    async fresh() {
      if (fromEnvironment !== undefined) return fromEnvironment;
      if (ask === undefined) {
        throw new CliError('A new key needs a passphrase.', { hint: `${HOW} --no-passphrase does without.` });
      }
      const first = await ask('Passphrase of the new key (empty for none):');
      if (first === '') return undefined;
      if ((await ask('The same once more:')) !== first) {
        throw new CliError('The two passphrases differ. Nothing was written.');
      }
      return first;
    },
  };
}

/** Asks on the terminal. The prompt goes to standard error, because standard output may be the object. */
export async function askHidden(question: string, signal: AbortSignal): Promise<string> {
  const { default: password } = await import('@inquirer/password');
  return password({ message: question }, { output: process.stderr, signal });
}
