export interface RestartPace {
  readonly firstMs: number;
  readonly maxMs: number;
  /** A worker that lived this long was fine: its end starts the count anew. */
  readonly fineAfterMs: number;
}

const defaultRestartPace: RestartPace = { firstMs: 100, maxMs: 10_000, fineAfterMs: 60_000 };

/** How long to wait before a worker is started again, and the number of quick ends in a row so far. */
export function nextRestart(
  quickEnds: number,
  livedMs: number,
  pace: RestartPace = defaultRestartPace,
): { readonly delayMs: number; readonly quickEnds: number } {
  const ends = livedMs >= pace.fineAfterMs ? 0 : quickEnds;
  return { delayMs: Math.min(pace.firstMs * 2 ** ends, pace.maxMs), quickEnds: ends + 1 };
}
