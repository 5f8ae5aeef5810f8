import { appendFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { savingLogger, temporaryDirectory } from './fixtures.ts';
import { LOG_BYTES_MAX, LOG_READ_BYTES_MAX, LOG_TAIL_LINES } from './limits.ts';
import { openServerLog, type ServerLog } from './server-log.ts';

const line = (severity: string, text: string): string => `2026-01-02 03:04:05.678 UTC [42] ${severity}:  ${text}\n`;

describe('server log', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let file: string;
  let logger: ReturnType<typeof savingLogger>;
  let log: ServerLog;
  beforeEach(() => {
    directory = temporaryDirectory();
    file = join(directory.path, 'server.log');
    writeFileSync(file, line('LOG', 'of an earlier run'));
    logger = savingLogger();
    log = openServerLog(file, logger);
  });
  afterEach(() => {
    log.close();
    directory.remove();
  });

  it.each([
    ['LOG', 'listening on Unix socket', 'debug'],
    ['LOG', 'redo in progress, elapsed time: 10.00 s', 'info'],
    ['LOG', 'database system was interrupted; last known up at', 'info'],
    ['ERROR', 'duplicate key value violates unique constraint', 'debug'],
    ['WARNING', 'out of disk soon', 'warn'],
    ['FATAL', 'the database system is starting up', 'debug'],
    ['FATAL', 'password authentication failed', 'warn'],
    ['PANIC', 'could not write to file', 'error'],
  ])('says %s "%s" at level %s', (severity, text, level) => {
    appendFileSync(file, line(severity, text));
    log.poll();
    expect(logger.lines).toEqual([{ level, message: `postgres: ${text}` }]);
  });

  it('hands on whole lines only, each once, and not what was there before', () => {
    const text = line('WARNING', 'in two parts');
    appendFileSync(file, text.slice(0, 45));
    log.poll();
    expect(logger.lines).toEqual([]);
    appendFileSync(file, text.slice(45));
    log.poll();
    log.poll();
    expect(logger.lines).toHaveLength(1);
  });

  it('keeps the last lines for an error message', () => {
    for (let n = 0; n < LOG_TAIL_LINES + 5; n += 1) appendFileSync(file, line('LOG', `n${n}`));
    expect(log.recent()).toHaveLength(LOG_TAIL_LINES);
    log.forget();
    expect(log.recent()).toEqual([]);
  });

  it('empties a file that grew too large and goes on reading', () => {
    appendFileSync(file, 'x'.repeat(LOG_BYTES_MAX + 1));
    log.poll();
    expect(statSync(file).size).toBe(0);
    appendFileSync(file, `\n${line('WARNING', 'after')}`);
    log.poll();
    expect(logger.lines.at(-1)).toEqual({ level: 'warn', message: 'postgres: after' });
    const longest = Math.max(...logger.lines.map(({ message }) => message.length));
    expect(longest).toBeLessThanOrEqual(LOG_READ_BYTES_MAX + 'postgres: '.length);
  });
});
