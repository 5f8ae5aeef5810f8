import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Fault } from '@sealgate/core/faults';

/**
 * Makes the data directory when there is none, with the folders above it. Not by `mkdir` with `recursive`: Node's tries for ever
 * where a folder that is there takes no new ones and says ENOENT, as `/proc` does, and a deleted working directory.
 * @throws Fault StartFailed in words that help
 */
export function makeDataDir(dataDir: string): void {
  try {
    makeFolder(resolve(dataDir));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = REASONS[code] ?? `it cannot be made (${code})`;
    const message = `The data directory ${dataDir} cannot be used: ${reason}. Set SEALGATE_DATA_DIR to another one.`;
    throw new Fault('StartFailed', message, { cause: error });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'it is not a directory',
  ENOTDIR: 'it is below something that is not a directory',
  EACCES: 'this user may not make it there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'there is no space left on its disk',
};

function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  try {
    mkdirSync(path);
  } catch (error) {
    // Another start may have made it meanwhile.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
