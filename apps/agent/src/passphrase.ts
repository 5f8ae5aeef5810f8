import { readFileSync } from 'node:fs';
import { Fault } from '@sealgate/core/faults';

/** Bytes of a file that holds a passphrase. */
const FILE_BYTES_MAX = 4096;

type Env = Readonly<Record<string, string | undefined>>;

/** `NAME`, or what the file that `NAME_FILE` names holds, without the line's end. @throws Fault ConfigInvalid */
export function passphraseFrom(env: Env, name: string): string | undefined {
  const [given, file] = [env[name] ?? '', env[`${name}_FILE`] ?? ''];
  if (given !== '' && file !== '') throw new Fault('ConfigInvalid', `Set ${name} or ${name}_FILE, not both.`);
  if (given !== '') return given;
  if (file === '') return undefined;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new Fault('ConfigInvalid', `${name}_FILE names a file that cannot be read: ${file}.`, { cause });
  }
  const text = bytes.toString('utf8').replace(/\r?\n$/, '');
  if (text === '' || bytes.length > FILE_BYTES_MAX)
    throw new Fault('ConfigInvalid', `${name}_FILE names a file that holds no passphrase: ${file}.`);
  return text;
}

/** That of a running agent, whom nobody can ask. @throws Fault ConfigInvalid */
export function requirePassphrase(env: Env): string {
  const passphrase = passphraseFrom(env, 'SEALGATE_AGENT_PASSPHRASE');
  if (passphrase !== undefined) return passphrase;
  throw new Fault(
    'ConfigInvalid',
    'The secrets of this agent are under a passphrase. Set SEALGATE_AGENT_PASSPHRASE, or SEALGATE_AGENT_PASSPHRASE_FILE to a file that holds it.',
  );
}
