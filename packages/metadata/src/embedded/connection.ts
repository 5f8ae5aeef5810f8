import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { CONNECT_WAIT_MS, PROGRESS_EVERY_MS, READY_POLL_MAX_MS, READY_POLL_MS } from './limits.ts';
import { errnoOf } from './start-fault.ts';
import type { EmbeddedLogger } from './types.ts';

/** Runs `work` on a connection of its own. */
export async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_WAIT_MS });
  // A connection that breaks between two queries also fails the next one; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** `starting`: it says that it is not ready yet. `stopping`: that it is on its way down. `absent`: nobody listens. */
export type Answer = 'ready' | 'starting' | 'stopping' | 'absent' | 'denied' | 'unreachable' | 'silent';

export async function ask(url: string): Promise<Answer> {
  try {
    await withClient(url, () => Promise.resolve());
    return 'ready';
  } catch (error) {
    return answerOf(error);
  }
}

function answerOf(error: unknown): Answer {
  const code = errnoOf(error);
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return 'absent';
  if (code === 'EACCES' || code === 'EPERM') return 'unreachable';
  // Every connection is taken: it is alive and well.
  if (code === '53300') return 'ready';
  if (code === '57P03') return error instanceof Error && /shutting down/.test(error.message) ? 'stopping' : 'starting';
  if (code?.startsWith('28') === true || code === '3D000') return 'denied';
  return 'silent';
}

export interface ReadyOptions {
  readonly url: string;
  readonly isAlive: () => boolean;
  readonly logger: EmbeddedLogger;
  /** For a server that says that it is starting. */
  readonly waitMs: number;
  /** For a server that says nothing or is not there yet. */
  readonly silentMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Waits until the server takes a connection; the answer it ended with is `ready`, or why it never will be. */
export async function awaitReady(options: ReadyOptions): Promise<Answer | 'ended' | 'timed-out'> {
  const { url, isAlive, logger, waitMs, silentMs, signal } = options;
  const begun = performance.now();
  let heard = begun;
  let said = begun;
  let pause = READY_POLL_MS;
  for (;;) {
    const answer = await ask(url);
    if (answer === 'ready' || answer === 'denied' || answer === 'unreachable' || answer === 'stopping') return answer;
    if (!isAlive()) return 'ended';
    const now = performance.now();
    if (answer === 'starting') heard = now;
    if (now - begun > waitMs || now - heard > silentMs) return 'timed-out';
    if (now - said > PROGRESS_EVERY_MS) {
      said = now;
      logger.info({ seconds: Math.round((now - begun) / 1000) }, 'the embedded database is still recovering');
    }
    await sleep(pause, undefined, { signal });
    pause = Math.min(pause * 1.5, READY_POLL_MAX_MS);
  }
}
