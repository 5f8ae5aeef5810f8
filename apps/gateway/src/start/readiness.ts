import { isFault } from '@sealgate/core/faults';
import type { Metadata } from '@sealgate/core/ports';

/** Whether requests will be served, and if not, why. */
export interface Readiness {
  /** Undefined when ready. */
  reason(): Promise<string | undefined>;
  /** From now on, for as long as nothing else is said. */
  set(reason: string | undefined): void;
}

/** @param check asked on every look, once the start is over: is what we stand on still there? */
export function createReadiness(check: () => Promise<string | undefined>): Readiness {
  let fixed: string | undefined = 'starting';
  return {
    reason: async () => fixed ?? (await check()),
    set(reason) {
      fixed = reason;
    },
  };
}

/** Why the database is of no use now; undefined when it answers. */
export async function databaseTrouble(metadata: Pick<Metadata, 'ping'>): Promise<string | undefined> {
  try {
    await metadata.ping();
    return undefined;
  } catch (error) {
    return isFault(error) ? error.message : 'the database does not answer';
  }
}
