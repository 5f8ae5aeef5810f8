import { Fault } from '@sealgate/core/faults';
import { type DestinationStream, type Logger, pino, type SerializedError } from 'pino';
import type { Config } from '../config.ts';

export type { Logger } from 'pino';

/** Paths that never reach the log, wherever somebody may put them by mistake. */
const REDACTED = [
  'adminApiKey',
  'adminKey',
  'credentials',
  'databaseUrl',
  'password',
  'passphrase',
  'secretAccessKey',
  'sessionToken',
  'authorization',
  'cookie',
  'encryptedKey',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** Headers by their wire names. */
const REDACTED_HEADERS = ['["x-admin-key"]', '["x-amz-security-token"]', '["x-encrypted-key"]'].flatMap((name) => [
  `headers${name}`,
  `*.headers${name}`,
]);

/** How far a chain of causes is followed. */
const CAUSES_MAX = 5;

/** The process's log: JSON lines on standard error, readable when that is a terminal. */
export async function createLogger(config: Pick<Config, 'logLevel' | 'logFormat'>): Promise<Logger> {
  const pretty = config.logFormat === 'pretty' || (config.logFormat === 'auto' && process.stderr.isTTY);
  return loggerOn(pretty ? await prettyStream() : pino.destination({ fd: 2, sync: false }), config.logLevel);
}

export function loggerOn(stream: DestinationStream, level: Config['logLevel']): Logger {
  return pino(
    {
      level,
      base: { process: process.pid },
      redact: { paths: [...REDACTED, ...REDACTED_HEADERS], censor: '[secret]' },
      serializers: { err: describeError },
    },
    stream,
  );
}

async function prettyStream(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({ destination: 2, ignore: 'process', translateTime: 'SYS:HH:MM:ss.l', sync: true });
}

/** An error with the causes that a tenant never sees. */
function describeError(error: unknown): SerializedError | Record<string, unknown> {
  return describe(error, CAUSES_MAX);
}

function describe(error: unknown, depth: number): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const cause = error.cause === undefined || depth === 0 ? {} : { cause: describe(error.cause, depth - 1) };
  if (error instanceof Fault) {
    const rule = error.rule === undefined ? {} : { rule: error.rule };
    // Where an expected fault was thrown says little; where an unexpected one was, everything.
    const stack = error.code === 'InternalError' ? { stack: error.stack } : {};
    return { type: 'Fault', code: error.code, message: error.message, ...rule, ...stack, ...cause };
  }
  const code = 'code' in error ? { code: error.code } : {};
  return { type: error.name, message: error.message, ...code, stack: error.stack, ...cause };
}
