import type { Clock } from '@sealgate/core/ports';
import type { Logger } from '@sealgate/runtime/log';

/** What was counted is appended this often: what a process that is killed takes with it. */
const FLUSH_MS = 5_000;
/** Sums kept at one time; with more they are appended at once. */
const SUMS_MAX = 10_000;
const HOUR_MS = 60 * 60_000;

/** What was counted under one label in one hour. */
export interface Sum<Label, Metric extends string> {
  readonly hourMs: number;
  readonly label: Label;
  readonly amounts: Partial<Record<Metric, number>>;
}

/** Adds up by hour and label, in memory that is bounded, and hands the sums on now and then. */
export interface Sums<Label, Metric extends string> {
  add(label: Label, metric: Metric, amount: number): void;
  /** Hands on what is left. */
  close(): Promise<void>;
}

export function createSums<Label extends { readonly name: string }, Metric extends string>(deps: {
  /** Labels of one name are one. Told so that what cannot be appended now is tried again. */
  readonly append: (sums: readonly Sum<Label, Metric>[]) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'debug' | 'warn'>;
}): Sums<Label, Metric> {
  const { clock, logger } = deps;
  let sums = new Map<string, Sum<Label, Metric>>();
  let flushing: Promise<void> = Promise.resolve();
  let cancel: (() => void) | undefined;

  async function append(taken: ReadonlyMap<string, Sum<Label, Metric>>): Promise<void> {
    try {
      await deps.append([...taken.values()]);
    } catch (error) {
      // Kept for the next time, unless the outage is so long that memory would grow with it.
      if (sums.size + taken.size > 2 * SUMS_MAX) {
        logger.warn({ err: error, counts: taken.size }, 'usage could not be appended and is lost');
        return;
      }
      logger.debug({ err: error }, 'usage could not be appended yet');
      for (const { hourMs, label, amounts } of taken.values()) {
        const again = sumOf(hourMs, label);
        for (const metric of Object.keys(amounts) as Metric[]) increase(again, metric, amounts[metric] ?? 0);
      }
      schedule();
    }
  }

  function sumOf(hourMs: number, label: Label): Sum<Label, Metric> {
    const name = `${hourMs} ${label.name}`;
    const known = sums.get(name);
    if (known !== undefined) return known;
    const sum: Sum<Label, Metric> = { hourMs, label, amounts: {} };
    sums.set(name, sum);
    return sum;
  }

  function flush(): void {
    cancel?.();
    cancel = undefined;
    const taken = sums;
    if (taken.size === 0) return;
    sums = new Map();
    flushing = flushing.then(() => append(taken));
  }

  function schedule(): void {
    cancel ??= clock.schedule(FLUSH_MS, flush);
  }

  return {
    add(label, metric, amount) {
      if (amount === 0) return;
      increase(sumOf(Math.floor(clock.now() / HOUR_MS) * HOUR_MS, label), metric, amount);
      if (sums.size > SUMS_MAX) flush();
      else schedule();
    },
    async close() {
      flush();
      await flushing;
      // A failed append put its sums back: once more, and then they are lost.
      flush();
      cancel?.();
      await flushing;
      cancel?.();
    },
  };
}

function increase<Metric extends string>(
  { amounts }: { readonly amounts: Partial<Record<Metric, number>> },
  metric: Metric,
  amount: number,
): void {
  amounts[metric] = (amounts[metric] ?? 0) + amount;
}
