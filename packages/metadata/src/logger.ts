/** The part of a structured logger (pino's shape) that this package needs. */
export interface MetadataLogger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export const silentLogger: MetadataLogger = { info: () => {}, warn: () => {}, error: () => {} };
