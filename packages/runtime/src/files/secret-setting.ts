import { readFileSync } from 'node:fs';
import { Fault } from '@sealgate/core/faults';

/** Bytes of a file that holds a secret. */
const FILE_BYTES_MAX = 4096;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The variable `NAME`, or what the file that `NAME_FILE` names holds, without the line's end. Orchestrators hand out
 * secrets as files: an environment shows in `/proc`, in dumps and to every child.
 * @throws Fault ConfigInvalid
 */
export function secretSetting(env: Env, name: string): string | undefined {
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
    throw new Fault('ConfigInvalid', `${name}_FILE names a file that holds no secret: ${file}.`);
  return text;
}
