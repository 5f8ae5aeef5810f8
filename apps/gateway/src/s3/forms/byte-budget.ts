/** Memory that several requests share, counted in bytes. */
export interface ByteBudget {
  /** Gives back what was taken when called; undefined when so much is not left. */
  take(bytes: number): (() => void) | undefined;
}

export function createByteBudget(bytesMax: number): ByteBudget {
  let taken = 0;
  return {
    take(bytes) {
      if (taken + bytes > bytesMax) return undefined;
      taken += bytes;
      let held = true;
      return () => {
        if (held) taken -= bytes;
        held = false;
      };
    },
  };
}
