import { addAbortSignal } from 'node:stream';
import type { Failure } from './failure.ts';
import { printable, printableJson, printableLines } from './output/format.ts';
import { createProgress, createWaiting, type Progress } from './output/progress.ts';

/** Standard streams, as commands use them. */
export interface Terminal {
  /** Results: a document for machines when asked for, else text. */
  result(result: { readonly json: unknown; readonly text: string }): void;
  /** One of many results: a line of JSON, or a line of text. */
  item(item: { readonly json: unknown; readonly text: string }): void;
  /** A remark for people, on standard error; silent for machines. */
  note(text: string): void;
  failure(failure: Failure, error: unknown): void;
  /** @param format how an amount is written; bytes when left out */
  progress(label: string, format?: (amount: number) => string): Progress;
  /** A line that tells how long something has been going on, until it is ended. */
  waiting(label: string): { end(): void };
  readonly stdout: NodeJS.WritableStream;
  /** Standard input; the signal ends a read that waits for more. */
  stdin(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Whether there is a person to answer a question. */
  readonly canAsk: boolean;
}

export interface TerminalOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly debug: boolean;
  /** Standard output carries an object, so results go to standard error. */
  readonly dataOnStdout: boolean;
}

export function createTerminal(options: TerminalOptions): Terminal {
  const { json, quiet, debug } = options;
  const results = options.dataOnStdout ? process.stderr : process.stdout;
  const drawing = process.stderr.isTTY && !json && !quiet;
  const line = () =>
    drawing
      ? { columns: process.stderr.columns || 80, write: (text: string) => void process.stderr.write(text) }
      : undefined;
  return {
    result(result) {
      if (json) results.write(`${printableJson(result.json, 2)}\n`);
      else if (!quiet) results.write(printableLines(result.text));
    },
    item(item) {
      results.write(json ? `${printableJson(item.json)}\n` : `${printableLines(item.text)}\n`);
    },
    note(text) {
      if (!json && !quiet) process.stderr.write(`${printableLines(text)}\n`);
    },
    failure(failure, error) {
      const { exitCode, code, message, hint } = failure;
      if (json) process.stderr.write(`${printableJson({ error: { code, exitCode, message, hint } })}\n`);
      else process.stderr.write(`sealgate: ${printable(message)}\n${hint === undefined ? '' : `${hint}\n`}`);
      if (debug) process.stderr.write(`${printableLines(traceOf(error))}\n`);
    },
    progress: (label, format) =>
      createProgress(line(), { label: printable(label), now: () => performance.now(), format }),
    waiting: (label) => createWaiting(line(), { label: printable(label), now: () => performance.now() }),
    stdout: process.stdout,
    stdin: (signal) => addAbortSignal(signal, process.stdin),
    canAsk: process.stdin.isTTY && process.stderr.isTTY,
  };
}

/** The stack and what caused it, for --debug only. */
function traceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by ${traceOf(error.cause)}`;
}
