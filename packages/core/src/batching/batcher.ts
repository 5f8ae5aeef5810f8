/** Sends an item, together with others when it has to wait for them anyway; resolves with its own outcome. */
export type Batcher<Item, Outcome> = (item: Item) => Promise<Outcome>;

export interface BatcherOptions<Item, Outcome> {
  /** Sends some items together; their outcomes in the same order. */
  readonly send: (items: readonly Item[]) => Promise<readonly Outcome[]>;
  /** Items of one batch. */
  readonly itemsMax: number;
  /** Batches under way at a time. Default: 1. */
  readonly lanes?: number;
  /** So many items must wait for a lane beside one that is taken. Default: 1. */
  readonly furtherLaneFrom?: number;
  /** Whether an item may go in one batch with `first`, which came before it. Default: always. */
  readonly fits?: (first: Item, item: Item) => boolean;
  /**
   * Whether a batch that failed so had no effect. Its items are sent again then, each by itself: one that cannot be taken must
   * not fail the others.
   */
  readonly hadNoEffect: (error: unknown) => boolean;
}

interface Waiting<Item, Outcome> {
  readonly item: Item;
  readonly sent: PromiseWithResolvers<Outcome>;
}

/**
 * Items that come while batches are under way go together in the next one, in the order in which they came. There is no
 * timer: an item that finds no batch under way goes at once, and the more there is to do the larger the batches become.
 */
export function createBatcher<Item, Outcome>(options: BatcherOptions<Item, Outcome>): Batcher<Item, Outcome> {
  const { send, itemsMax, lanes = 1, furtherLaneFrom = 1, fits = () => true, hadNoEffect } = options;
  const waiting: Waiting<Item, Outcome>[] = [];
  let underWay = 0;

  const next = (): readonly Waiting<Item, Outcome>[] => {
    const [first] = waiting;
    const end = waiting.findIndex(({ item }, at) => at >= itemsMax || (first !== undefined && !fits(first.item, item)));
    return waiting.splice(0, end === -1 ? waiting.length : end);
  };
  const deliver = async (batch: readonly Waiting<Item, Outcome>[]): Promise<void> => {
    let outcomes: readonly Outcome[];
    try {
      outcomes = await send(batch.map(({ item }) => item));
    } catch (error) {
      // Outside of the lane: who waits for it need not wait for what had its turn.
      if (batch.length > 1 && hadNoEffect(error)) for (const one of batch) void deliver([one]);
      else for (const { sent } of batch) sent.reject(error);
      return;
    }
    for (const [at, { sent }] of batch.entries()) {
      if (at < outcomes.length) sent.resolve(outcomes[at] as Outcome);
      else sent.reject(new Error(`A batch of ${batch.length} got ${outcomes.length} outcomes.`));
    }
  };
  const takeLanes = (): void => {
    while (underWay < lanes && waiting.length >= (underWay === 0 ? 1 : furtherLaneFrom)) {
      underWay += 1;
      void deliver(next()).then(() => {
        underWay -= 1;
        takeLanes();
      });
    }
  };
  return (item) => {
    const sent = Promise.withResolvers<Outcome>();
    waiting.push({ item, sent });
    takeLanes();
    return sent.promise;
  };
}
