import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of the bench that answers questions over its IPC channel and ends when that closes. */
export interface Helper {
  readonly pid: number;
  ask<T>(question: object): Promise<T>;
  stop(): Promise<void>;
}

interface Question {
  readonly id: number;
  readonly question: unknown;
}

type Answer = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly error: string };

/** Longest time that one question may take: far above the slowest row, so that a hang ends. */
const ANSWER_MS = 600_000;

export function startHelper(name: string, options: { readonly execArgv?: readonly string[] } = {}): Helper {
  const child = fork(fileURLToPath(new URL(`../processes/${name}.ts`, import.meta.url)), {
    execArgv: [...(options.execArgv ?? [])],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  child.on('message', (message: Answer) => {
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if ('error' in message) asked?.reject(new Error(`${name}: ${message.error}`));
    else asked?.resolve(message.answer);
  });
  child.on('exit', (code) => {
    for (const asked of waiting.values()) asked.reject(new Error(`${name} ended with ${code ?? 'a signal'}`));
    waiting.clear();
  });
  let last = 0;
  return {
    pid: child.pid ?? 0,
    async ask<T>(question: object) {
      last += 1;
      const id = last;
      const asked = Promise.withResolvers<unknown>();
      waiting.set(id, asked);
      child.send({ id, question });
      const timer = setTimeout(() => asked.reject(new Error(`${name} did not answer in time`)), ANSWER_MS);
      try {
        return (await asked.promise) as T;
      } finally {
        clearTimeout(timer);
      }
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** The other side: answers each question with what `handle` gives; the process ends with its parent. */
export function answerQuestions(handle: (question: never) => unknown): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: Question) => {
    void Promise.resolve()
      .then(() => handle(message.question as never))
      .then(
        (answer) => process.send?.({ id: message.id, answer }),
        (error: unknown) =>
          process.send?.({
            id: message.id,
            error: error instanceof Error ? (error.stack ?? error.message) : String(error),
          }),
      );
  });
}
