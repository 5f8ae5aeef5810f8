import type { Backend } from '../ports/index.ts';

/** `held`: answer now. `possible`: wait. `impossible`: no set of the copies still under way can hold the rule. */
export type AckState = 'held' | 'possible' | 'impossible';

/** What a rule may count. `copies` counts backends; `shards` is the same count in an erasure class. */
export type AckCounter = 'copies' | 'regions' | 'countries' | 'providers' | 'jurisdictions';

/** Least value of each counter; 0 asks for nothing. */
export type AckNeeds = Readonly<Record<AckCounter, number>>;

/** When to acknowledge a write: a condition over labels, for example `copies >= 2 && regions >= 2`. */
export interface AckRule {
  /** The rule as it was written. */
  readonly text: string;
  /** Pure: `stored` are the backends that hold a verified copy (or shard), `pending` those still being written. */
  evaluate(stored: readonly Backend[], pending: readonly Backend[]): AckState;
}

/** An ack rule in the form that placement searches with. */
export interface CompiledAckRule extends AckRule {
  /**
   * The rule as a choice of needs: it holds when all needs of one entry are met. Minimal: no entry implies another.
   * A need is only ever "at least", so a rule that holds goes on holding when more copies arrive.
   */
  readonly alternatives: readonly AckNeeds[];
}
