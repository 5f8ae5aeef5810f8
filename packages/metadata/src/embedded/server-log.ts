import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { LOG_BYTES_MAX, LOG_READ_BYTES_MAX, LOG_TAIL_LINES } from './limits.ts';
import type { EmbeddedLogger } from './types.ts';

/**
 * The server prints into a file and not into a pipe of ours: after a crash of the gateway it goes on printing, and the
 * gateway that takes it over goes on reading. The file is emptied when it grows; the server appends, so it notices nothing.
 */
export interface ServerLog {
  /** Where the server prints. */
  readonly handle: number;
  /** Hands on what was printed since the last look. */
  poll(): void;
  /** The last lines since {@link ServerLog.forget}, after a look. */
  recent(): readonly string[];
  forget(): void;
  close(): void;
}

export function openServerLog(file: string, logger: EmbeddedLogger): ServerLog {
  const handle = openSync(file, 'a+', 0o600);
  let position = fstatSync(handle).size;
  let rest = '';
  let lines: string[] = [];
  let open = true;

  const poll = (): void => {
    if (!open) return;
    const { size } = fstatSync(handle);
    if (size < position) position = 0;
    const start = Math.max(position, size - LOG_READ_BYTES_MAX);
    const bytes = Buffer.allocUnsafe(size - start);
    const read = readSync(handle, bytes, 0, bytes.length, start);
    position = start + read;
    const printed = (rest + bytes.toString('utf8', 0, read)).split('\n');
    rest = (printed.pop() ?? '').slice(-LOG_READ_BYTES_MAX);
    for (const line of printed) say(logger, line);
    lines = [...lines, ...printed].slice(-LOG_TAIL_LINES);
    if (size > LOG_BYTES_MAX) {
      ftruncateSync(handle, 0);
      position = 0;
    }
  };

  return {
    handle,
    poll,
    recent(): readonly string[] {
      poll();
      return lines;
    },
    forget(): void {
      poll();
      lines = [];
    },
    close(): void {
      if (!open) return;
      poll();
      open = false;
      closeSync(handle);
    },
  };
}

/** Part of every ordinary start and stop. */
const routine =
  /the database system is (starting up|shutting down|not yet accepting)|terminating connection due to administrator command/;
/** What an operator waits for after a crash. */
const progress =
  /redo (in progress|starts|done)|syncing data directory|was interrupted|was not properly shut down|recovery/;

function say(logger: EmbeddedLogger, line: string): void {
  if (line.trim() === '') return;
  const [, pid, severity, message] = /\[(\d+)\] ([A-Z0-9]+): {2}(.*)$/.exec(line) ?? [];
  const detail = pid === undefined ? {} : { pid: Number(pid) };
  const text = `postgres: ${message ?? line}`;
  if (severity === 'PANIC') logger.error(detail, text);
  else if (severity === 'LOG' && progress.test(line)) logger.info(detail, text);
  else if ((severity === 'FATAL' && !routine.test(line)) || severity === 'WARNING') logger.warn(detail, text);
  else logger.debug(detail, text);
}
