import type { Backend } from '../ports/index.ts';

/** `held`: answer now. `possible`: wait. `impossible`: no set of the copies still under way can hold the rule. */
export type AckState = 'held' | 'possible' | 'impossible';

/** A compiled ack rule: counts over labels, for example `copies >= 2 && regions >= 2`. */
export interface AckRule {
  /** The rule as it was written. */
  readonly text: string;
  /** Pure: `stored` are the backends that hold a verified copy (or shard), `pending` those still being written. */
  evaluate(stored: readonly Backend[], pending: readonly Backend[]): AckState;
}
