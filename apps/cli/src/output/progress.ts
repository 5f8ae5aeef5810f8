import { formatBytes, formatDuration } from './format.ts';

/** Milliseconds between two redraws: often enough to look alive, seldom enough to cost nothing. */
const REDRAW_MS = 100;
const BAR_CELLS = 24;
const CLEAR_LINE = '\r\u001b[2K';

export interface ProgressState {
  readonly label: string;
  readonly doneBytes: number;
  /** Undefined when it is not known before the end. */
  readonly totalBytes: number | undefined;
  readonly elapsedMs: number;
  /** Bytes that were there before the clock started (a resumed upload). */
  readonly startBytes: number;
  /** How an amount is written: bytes, unless something else is counted. */
  readonly format?: ((amount: number) => string) | undefined;
}

/** One line: label, bar, share, amount, pace, time left. Cut to the width of the terminal. */
export function renderProgress(state: ProgressState, columns: number): string {
  const { label, doneBytes, totalBytes, elapsedMs, startBytes, format = formatBytes } = state;
  const pace = elapsedMs < 200 ? undefined : ((doneBytes - startBytes) / elapsedMs) * 1000;
  const parts = [label];
  if (totalBytes === undefined) {
    parts.push(format(doneBytes));
  } else {
    const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
    const filled = Math.round(share * BAR_CELLS);
    parts.push(`[${'='.repeat(filled)}${' '.repeat(BAR_CELLS - filled)}]`, `${Math.floor(share * 100)}%`);
    parts.push(`${format(doneBytes)} of ${format(totalBytes)}`);
  }
  if (pace !== undefined && pace > 0) {
    parts.push(`${format(Math.round(pace))}/s`);
    if (totalBytes !== undefined && doneBytes < totalBytes) {
      parts.push(`${formatDuration((totalBytes - doneBytes) / pace)} left`);
    }
  }
  // One column stays free: some terminals wrap when the last one is written.
  return parts.join('  ').slice(0, Math.max(0, columns - 1));
}

export interface Progress {
  update(doneBytes: number, totalBytes: number | undefined): void;
  /** Removes the line, so that what is printed next stands alone. */
  end(): void;
}

/** Draws on a terminal; does nothing elsewhere. */
export function createProgress(
  terminal: { readonly columns: number; write(text: string): void } | undefined,
  options: { readonly label: string; readonly now: () => number; readonly format?: ProgressState['format'] },
): Progress {
  if (terminal === undefined) return { update: () => undefined, end: () => undefined };
  const { label, now, format } = options;
  let startedMs: number | undefined;
  let startBytes = 0;
  let drawnMs = Number.NEGATIVE_INFINITY;
  return {
    update(doneBytes, totalBytes) {
      const nowMs = now();
      if (startedMs === undefined) {
        startedMs = nowMs;
        startBytes = doneBytes;
      }
      if (nowMs - drawnMs < REDRAW_MS) return;
      drawnMs = nowMs;
      const state = { label, doneBytes, totalBytes, startBytes, elapsedMs: nowMs - startedMs, format };
      terminal.write(`${CLEAR_LINE}${renderProgress(state, terminal.columns)}`);
    },
    end() {
      if (drawnMs > Number.NEGATIVE_INFINITY) terminal.write(CLEAR_LINE);
      drawnMs = Number.NEGATIVE_INFINITY;
    },
  };
}

/** Milliseconds between two looks at the clock while nothing else can be told. */
const TICK_MS = 1000;

/** Draws what is waited for and since when; does nothing without a terminal. */
export function createWaiting(
  terminal: { readonly columns: number; write(text: string): void } | undefined,
  options: { readonly label: string; readonly now: () => number },
): { end(): void } {
  if (terminal === undefined) return { end: () => undefined };
  const startedMs = options.now();
  const draw = (): void => {
    const text = `${options.label}  ${formatDuration((options.now() - startedMs) / 1000)}`;
    terminal.write(`${CLEAR_LINE}${text.slice(0, Math.max(0, terminal.columns - 1))}`);
  };
  draw();
  const timer = setInterval(draw, TICK_MS);
  let ended = false;
  return {
    end() {
      clearInterval(timer);
      if (!ended) terminal.write(CLEAR_LINE);
      ended = true;
    },
  };
}
