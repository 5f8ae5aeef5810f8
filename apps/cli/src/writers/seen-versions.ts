import { join } from 'node:path';
import type { SeenVersion, Writers } from '@sealgate/client';
import { readIfThere, writePrivateFile } from '@sealgate/runtime/files';
import { CliError } from '../cli-error.ts';
import { isJsonObject } from '../files/json.ts';

/**
 * The highest version of each object that this machine has seen, in the state folder: one small file for each, named by the
 * hash of the object's names. Who loses the folder loses the memory: then an older version is taken for the newest, once.
 */
export function createSeenVersions(stateDir: string): Pick<Writers, 'highestSeen' | 'remember'> {
  const pathOf = (context: string): string => join(stateDir, 'seen', context.slice(0, 2), `${context}.json`);

  async function highestSeen(context: string): Promise<SeenVersion | undefined> {
    const path = pathOf(context);
    const text = await readIfThere(path);
    return text === undefined ? undefined : parse(text, path);
  }

  return {
    highestSeen,
    async remember(context, seen) {
      const before = await highestSeen(context);
      if (before !== undefined && before.seq >= seen.seq) return;
      await writePrivateFile(pathOf(context), `${JSON.stringify(seen)}\n`);
    },
  };
}

function parse(text: string, path: string): SeenVersion {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value) && Number.isSafeInteger(value['seq']) && typeof value['digest'] === 'string') {
      return value as unknown as SeenVersion;
    }
  } catch {
    // Said below.
  }
  throw new CliError(`${path} is damaged.`, {
    hint: 'Remove it only if you do not mind taking an older version once.',
  });
}
