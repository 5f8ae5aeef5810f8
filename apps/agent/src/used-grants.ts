import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '@sealgate/core/faults';
import type { Clock } from '@sealgate/core/ports';
import { writePrivateFile } from '@sealgate/runtime/files';
import { z } from 'zod';

const FILE = 'used-grants.json';
/** Many more than anybody hands out in the quarter of an hour that one is good. Past it grants are refused. */
const REMEMBERED_MAX = 10_000;

/** Pairs, not members: a grant may be named like anything. */
const stored = z.array(z.tuple([z.string().max(256), z.number()]));

/** Grants that were used, so that none is again: also not by the next process, as long as it would be good. */
export interface UsedGrants {
  /** False when it was used before. What it says is on the disk when it returns. */
  use(jti: string, expSeconds: number): Promise<boolean>;
}

export function createUsedGrants(stateDir: string, clock: Pick<Clock, 'now'>): UsedGrants {
  const path = join(stateDir, FILE);
  let before: Promise<unknown> = Promise.resolve();

  const use = async (jti: string, expSeconds: number): Promise<boolean> => {
    const known = (await read(path)).filter(([, exp]) => exp * 1000 > clock.now());
    if (known.some(([used]) => used === jti)) return false;
    if (known.length >= REMEMBERED_MAX) throw new Fault('Conflict', 'This agent has used too many grants lately.');
    await writePrivateFile(path, JSON.stringify([...known, [jti, expSeconds]]));
    return true;
  };
  return {
    use(jti, expSeconds) {
      // One after the other: two that come at once must not both find it unused.
      const mine = before.then(() => use(jti, expSeconds));
      before = mine.catch(() => undefined);
      return mine;
    },
  };
}

/** A list that is damaged would let used grants be used again, so nothing is. */
async function read(path: string): Promise<readonly (readonly [string, number])[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  try {
    return stored.parse(JSON.parse(text));
  } catch (cause) {
    throw new Fault('StartFailed', `${path} is damaged. Remove it when no grant was given in the last 15 minutes.`, {
      cause,
    });
  }
}
