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
