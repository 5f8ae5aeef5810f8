export { startEmbeddedPostgres } from './start.ts';
export type { StartProblem } from './start-fault.ts';
export type { EmbeddedLogger, EmbeddedPostgres, EmbeddedPostgresOptions } from './types.ts';
