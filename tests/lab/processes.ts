// Programs of the lab: each can be killed, stopped in its tracks, told to end, and started again at the same address.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Program {
  readonly name: string;
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** SIGTERM, and -9 when it has not ended in time. @returns its exit code, null when it had to be killed */
  end(): Promise<number | null>;
  pause(): void;
  resume(): void;
  readonly pid: number | undefined;
}

export interface ProgramPlan {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Whatever it prints is appended here. */
  readonly logFile: string;
  /** Resolves to true once it serves. */
  readonly isReady: () => Promise<boolean>;
}

const READY_MS = 90_000;
const END_MS = 45_000;

export function createProgram(plan: ProgramPlan): Program {
  let child: ChildProcess | undefined;
  const running = (): ChildProcess | undefined =>
    child !== undefined && child.exitCode === null && child.signalCode === null ? child : undefined;
  const gone = async (signal: NodeJS.Signals): Promise<ChildProcess | undefined> => {
    const old = running();
    if (old === undefined) return undefined;
    const exited = once(old, 'exit');
    // One that is stopped hears nothing else.
    old.kill('SIGCONT');
    old.kill(signal);
    const timer = setTimeout(() => old.kill('SIGKILL'), END_MS);
    await exited;
    clearTimeout(timer);
    return old;
  };
  return {
    name: plan.name,
    get pid() {
      return running()?.pid;
    },
    async start() {
      const log = openSync(plan.logFile, 'a');
      child = spawn(plan.command, plan.args, { cwd: plan.cwd, env: plan.env, stdio: ['ignore', log, log] });
      closeSync(log);
      const deadline = Date.now() + READY_MS;
      while (!(await plan.isReady().catch(() => false))) {
        if (running() === undefined) throw new Error(`${plan.name} ended at its start; see ${plan.logFile}`);
        if (Date.now() > deadline) throw new Error(`${plan.name} was not ready in ${READY_MS} ms; see ${plan.logFile}`);
        await sleep(50);
      }
    },
    async kill() {
      await gone('SIGKILL');
    },
    async end() {
      return (await gone('SIGTERM'))?.exitCode ?? null;
    },
    pause: () => void running()?.kill('SIGSTOP'),
    resume: () => void running()?.kill('SIGCONT'),
  };
}

/** A port that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
