/** The changes that this process has begun, by the epoch that they began under. */
export interface ChangesUnderWay {
  begin(epoch: bigint): void;
  end(epoch: bigint): void;
  /** The oldest epoch that one of them began under, or `current` when all began under that. */
  drained(current: bigint): bigint;
  readonly count: number;
}

export function createChangesUnderWay(): ChangesUnderWay {
  const counts = new Map<bigint, number>();
  return {
    begin(epoch) {
      counts.set(epoch, (counts.get(epoch) ?? 0) + 1);
    },
    end(epoch) {
      const left = (counts.get(epoch) ?? 0) - 1;
      if (left > 0) counts.set(epoch, left);
      else counts.delete(epoch);
    },
    drained: (current) => [...counts.keys()].reduce((oldest, epoch) => (epoch < oldest ? epoch : oldest), current),
    get count() {
      return [...counts.values()].reduce((sum, count) => sum + count, 0);
    },
  };
}
