/** How many reads may ask a second replica before the first has answered. One for all reads of a process. */
export interface HedgeBudget {
  /** A read begins. */
  earn(): void;
  /** True when one hedge may be made, which it takes. */
  spend(): boolean;
}

export function createHedgeBudget(limits: { readonly hedgeShare: number; readonly hedgeBurst: number }): HedgeBudget {
  let saved = limits.hedgeBurst;
  return {
    earn() {
      saved = Math.min(limits.hedgeBurst, saved + limits.hedgeShare);
    },
    spend() {
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}
