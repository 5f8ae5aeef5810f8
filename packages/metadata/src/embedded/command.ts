import { type ChildProcess, spawn } from 'node:child_process';
import { commandLine, type RunAs } from './run-as.ts';
import { errnoOf } from './start-fault.ts';

/**
 * All that a PostgreSQL program gets to see of the environment: the gateway's own holds secrets, and PG* variables or
 * a locale of the caller must not change what the server does.
 */
const environment = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' } as const;

export interface CommandOptions {
  readonly cwd: string;
  readonly runAs: RunAs;
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Handed to the program as descriptor 3. */
  readonly handle?: number | undefined;
}

export interface CommandResult {
  readonly ok: boolean;
  /** Why it could not even be started: the code of the system error. */
  readonly refused: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Never rejects but for the abort signal. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { cwd, runAs, waitMs, signal, handle } = options;
  signal?.throwIfAborted();
  const [command, argv] = commandLine(runAs, program, args);
  const stdio =
    handle === undefined ? (['ignore', 'pipe', 'pipe'] as const) : (['ignore', 'pipe', 'pipe', handle] as const);
  const result = await finished(() =>
    spawn(command, argv, {
      cwd,
      env: environment,
      stdio: [...stdio],
      timeout: waitMs,
      killSignal: 'SIGKILL',
      ...switchTo(runAs),
      ...(signal === undefined ? {} : { signal }),
    }),
  );
  signal?.throwIfAborted();
  return result;
}

function finished(start: () => ChildProcess): Promise<CommandResult> {
  return new Promise((resolve) => {
    let stdout = '';
    let stderr = '';
    const refuse = (error: unknown): void => {
      resolve({ ok: false, refused: errnoOf(error) ?? String(error), stdout, stderr });
    };
    let child: ChildProcess;
    try {
      // Some refusals are thrown (EPERM), others come as an event (EACCES, ENOENT).
      child = start();
    } catch (error) {
      refuse(error);
      return;
    }
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', refuse);
    child.once('close', (code) => resolve({ ok: code === 0, refused: undefined, stdout, stderr }));
  });
}

export interface DaemonOptions {
  readonly cwd: string;
  readonly runAs: RunAs;
  /** Where it prints. */
  readonly log: number;
}

/**
 * Starts a program that outlives a crash of ours, in a session of its own: Ctrl-C in the terminal goes to the gateway,
 * which must drain before its database ends.
 */
export function startDaemon(program: string, args: readonly string[], options: DaemonOptions): ChildProcess {
  const { cwd, runAs, log } = options;
  const [command, argv] = commandLine(runAs, program, args);
  const stdio: ['ignore', number, number] = ['ignore', log, log];
  const child = spawn(command, argv, { cwd, env: environment, stdio, detached: true, ...switchTo(runAs) });
  child.unref();
  return child;
}

/** Node also drops the supplementary groups when it switches; the kernel drops all capabilities. */
function switchTo(runAs: RunAs): { uid?: number; gid?: number } {
  return runAs.kind === 'dropped' ? { uid: runAs.uid, gid: runAs.gid } : {};
}
