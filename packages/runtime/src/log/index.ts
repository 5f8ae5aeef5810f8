export { createLogger, type Logger, loggerOn } from './logger.ts';
export { Secret } from './secret.ts';
