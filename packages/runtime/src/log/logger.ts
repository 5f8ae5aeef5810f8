import { isFault } from '@sealgate/core/faults';
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export interface LogSettings {
  readonly logLevel: 'fatal' | 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly logFormat: 'auto' | 'json' | 'pretty';
}

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
const REDACTED_HEADERS = [
  '["x-admin-key"]',
  '["x-amz-copy-source-server-side-encryption-customer-key"]',
  '["x-amz-security-token"]',
  '["x-amz-server-side-encryption-customer-key"]',
  '["x-encrypted-key"]',
].flatMap((name) => [`headers${name}`, `*.headers${name}`]);

/** How far a chain of causes is followed. */
const CAUSES_MAX = 5;

/** The process's log: JSON lines on standard error, readable when that is a terminal. */
export async function createLogger(config: LogSettings): Promise<Logger> {
  const pretty = config.logFormat === 'pretty' || (config.logFormat === 'auto' && process.stderr.isTTY);
  return loggerOn(pretty ? await prettyStream() : pino.destination({ fd: 2, sync: false }), config.logLevel);
}

export function loggerOn(stream: DestinationStream, level: LogSettings['logLevel']): Logger {
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
function describeError(error: unknown): Record<string, unknown> {
  // Where an expected fault was thrown says little; where an unexpected one was, everything.
  return describe(error, { depth: CAUSES_MAX, stacks: !isFault(error) || error.code === 'InternalError' });
}

function describe(
  error: unknown,
  options: { readonly depth: number; readonly stacks: boolean },
): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { depth, stacks } = options;
  return {
    type: error.name,
    message: error.message,
    ...('code' in error ? { code: error.code } : {}),
    ...(isFault(error) && error.rule !== undefined ? { rule: error.rule } : {}),
    ...(stacks ? { stack: error.stack } : {}),
    ...(error.cause === undefined || depth === 0 ? {} : { cause: describe(error.cause, { stacks, depth: depth - 1 }) }),
  };
}
