/** What the command line tells its caller. A contract: scripts branch on it. */
export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3, integrity: 4 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
