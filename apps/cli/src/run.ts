import { CommanderError } from 'commander';
import { readEnvironment } from './config.ts';
import { type CommonOptions, createContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import type { Execute } from './program/command.ts';
import { createProgram } from './program/program.ts';
import { createTerminal, type TerminalOptions } from './terminal.ts';

/** How long a command that was told to stop may take to clean up. */
const STOP_MS = 5000;

/** Runs the command line and returns its exit code. */
export async function run(args: readonly string[], version: string): Promise<number> {
  let exitCode: number = exitCodes.done;
  let serving = false;
  onReaderGone(() => {
    // A gateway goes on without a reader of its greeting; any other command has nothing left to do.
    if (!serving) process.exit(exitCodes.failed);
  });
  const program = createProgram(
    {
      execute: executeWith((code) => {
        exitCode = code;
      }),
      async serve(settings) {
        serving = true;
        const { runGateway } = await import('@sealgate/gateway');
        exitCode = await runGateway(settings);
      },
      async runAgent(settings) {
        serving = true;
        exitCode = await startAgent(settings);
      },
    },
    version,
  );
  for (const command of [program, ...program.commands, ...program.commands.flatMap((noun) => noun.commands)]) {
    command.exitOverride();
  }
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return await report(error, { json: args.includes('--json'), quiet: false, debug: args.includes('--debug') });
  }
  return exitCode;
}

/** Over the database an agent is a gateway without listeners; over a control listener it has nothing of a gateway. */
async function startAgent(settings: readonly string[]): Promise<number> {
  const { databaseUrl, controlUrl } = readEnvironment();
  if (databaseUrl !== undefined && controlUrl === undefined) {
    const { runDatabaseAgent } = await import('@sealgate/gateway');
    return await runDatabaseAgent(settings);
  }
  const { runAgent } = await import('@sealgate/agent');
  return await runAgent(settings);
}

/** `sealgate ls | head` is no failure that deserves a stack. */
function onReaderGone(gone: () => void): void {
  const handle =
    (then: () => void) =>
    (error: NodeJS.ErrnoException): void => {
      if (error.code !== 'EPIPE') throw error;
      then();
    };
  process.stdout.on('error', handle(gone));
  process.stderr.on(
    'error',
    handle(() => undefined),
  );
}

function executeWith(setExitCode: (code: number) => void): Execute {
  return async (options, work, how) => {
    const output = terminalOptions(options, how?.dataOnStdout ?? false);
    const stop = stopOnSignal(setExitCode);
    try {
      const terminal = createTerminal(output);
      await work(createContext({ environment: readEnvironment(), options, terminal, signal: stop.signal }));
    } catch (error) {
      if (stop.signal.aborted) return;
      setExitCode(await report(error, output));
    } finally {
      stop.release();
    }
  };
}

function terminalOptions(options: CommonOptions, dataOnStdout: boolean): TerminalOptions {
  const { json = false, quiet = false, debug = false } = options;
  return { json, quiet, debug, dataOnStdout };
}

async function report(error: unknown, output: Omit<TerminalOptions, 'dataOnStdout'>): Promise<number> {
  // The reader of our output has gone: nobody is left to tell, and it knows why it left.
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE') return exitCodes.failed;
  const { describeFailure } = await import('./failure.ts');
  const failure = describeFailure(error);
  createTerminal({ ...output, dataOnStdout: false }).failure(failure, error);
  return failure.exitCode;
}

/** The first signal asks the command to stop and clean up; it has a few seconds, or until the second one. */
function stopOnSignal(setExitCode: (code: number) => void): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => {
    const code = 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[name];
    const leave = (): void => {
      // By the signal itself: `process.exit` waits for calls under way, and opening a named pipe may take for ever.
      process.removeAllListeners(name);
      process.kill(process.pid, name);
      // The first process of a container does not go by that.
      process.exit(code);
    };
    const handler = (): void => {
      if (controller.signal.aborted) leave();
      setExitCode(code);
      setTimeout(leave, STOP_MS).unref();
      controller.abort(new Error('Stopped.'));
    };
    process.on(name, handler);
    return { name, handler };
  });
  return {
    signal: controller.signal,
    release() {
      for (const { name, handler } of handlers) process.off(name, handler);
    },
  };
}
