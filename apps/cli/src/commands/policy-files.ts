import { readFile } from 'node:fs/promises';
import { isFault } from '@sealgate/core/faults';
import { POLICY_BYTES_MAX } from '@sealgate/core/limits';
import { type CompiledPolicy, compilePolicy } from '@sealgate/core/policy';
import { CliError } from '../cli-error.ts';

/** @throws CliError that names the file */
export async function readPolicy(
  path: string,
): Promise<{ readonly policy: CompiledPolicy; readonly document: string }> {
  const document = await readFile(path, 'utf8');
  if (Buffer.byteLength(document) > POLICY_BYTES_MAX) throw new CliError(`${path} is too large for a policy.`);
  return { policy: await named(path, () => compilePolicy(document, { version: 0 })), document };
}

/** Failures of a document bear the name of its file. */
export async function named<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isFault(error) ? new CliError(`${path}: ${error.message}`, { cause: error }) : error;
  }
}
