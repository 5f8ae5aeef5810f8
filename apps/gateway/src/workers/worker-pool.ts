import cluster, { type Worker } from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { Fault } from '@sealgate/core/faults';
import type { Clock } from '@sealgate/core/ports';
import type { Logger } from '../observe/logger.ts';
import type { DataPlane } from '../start/data-plane.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { nextRestart } from './restart-delay.ts';

/** A worker that does not tell its metrics in this time is left out of the answer. */
const METRICS_WAIT_MS = 1000;
/** After its grace a worker is ended by force. */
const KILL_AFTER_MS = 5000;

type StartMessage = Extract<ToWorker, { kind: 'start' }>;

interface Slot {
  worker: Worker;
  listening: boolean;
  startedMs: number;
  quickEnds: number;
}

/**
 * The workers of a primary. Each slot is starting -> listening -> (ended -> starting, after a pause that grows with
 * quick ends) until the pool is closed. Serving goes on as long as one slot is listening.
 */
export async function startWorkers(deps: {
  readonly count: number;
  readonly start: StartMessage;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<DataPlane> {
  const { count, start, clock, logger } = deps;
  cluster.setupPrimary({ exec: fileURLToPath(new URL('./worker.ts', import.meta.url)), args: [], silent: false });
  const slots: Slot[] = [];
  const waiting = new Map<number, (metrics: object) => void>();
  let closing = false;
  let lastId = 0;

  const launch = (index: number, quickEnds: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = cluster.fork();
      const slot: Slot = { worker, listening: false, startedMs: clock.monotonic(), quickEnds };
      slots[index] = slot;
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'up') tell(worker, start);
        else if (message.kind === 'failed') reject(new Fault('StartFailed', message.message));
        else if (message.kind === 'metrics') waiting.get(message.id)?.(message.metrics);
        else {
          slot.listening = true;
          resolve();
        }
      });
      worker.on('error', (error) => logger.warn({ err: error, worker: index }, 'worker channel failed'));
      worker.once('exit', (code, signal) => {
        const wasListening = slot.listening;
        slot.listening = false;
        if (closing) return;
        if (!wasListening) reject(new Fault('StartFailed', `A data-plane worker ended while it started (${code}).`));
        restart(index, { code, signal });
      });
    });

  const restart = (index: number, how: { readonly code: number; readonly signal: string | null }): void => {
    const slot = slots[index];
    if (slot === undefined) return;
    const { delayMs, quickEnds } = nextRestart(slot.quickEnds, clock.monotonic() - slot.startedMs);
    logger.error({ worker: index, ...how, delayMs }, 'a data-plane worker ended; another one is started');
    clock.schedule(delayMs, () => {
      if (closing) return;
      launch(index, quickEnds).then(
        () => logger.info({ worker: index }, 'data-plane worker is back'),
        (error: unknown) => logger.warn({ err: error, worker: index }, 'data-plane worker did not come up'),
      );
    });
  };

  const close = async (graceMs: number): Promise<void> => {
    closing = true;
    await Promise.all(slots.map(({ worker }) => stopWorker(worker, graceMs, clock)));
  };

  try {
    await Promise.all(Array.from({ length: count }, (_, index) => launch(index, 0)));
  } catch (error) {
    await close(0);
    throw error;
  }
  return {
    port: start.s3Port,
    close,
    reason: () => (slots.some(({ listening }) => listening) ? undefined : 'no data-plane process is up'),
    async otherMetrics() {
      const answers = slots
        .filter(({ listening }) => listening)
        .map(({ worker }) => {
          const id = (lastId += 1);
          return askMetrics({ worker, id, waiting, clock });
        });
      return (await Promise.all(answers)).filter((metrics) => metrics !== undefined);
    },
  };
}

function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message);
}

function askMetrics(question: {
  readonly worker: Worker;
  readonly id: number;
  readonly waiting: Map<number, (metrics: object) => void>;
  readonly clock: Clock;
}): Promise<object | undefined> {
  const { worker, id, waiting, clock } = question;
  return new Promise((resolve) => {
    const done = (metrics: object | undefined): void => {
      cancel();
      waiting.delete(id);
      resolve(metrics);
    };
    const cancel = clock.schedule(METRICS_WAIT_MS, () => done(undefined));
    waiting.set(id, done);
    tell(worker, { kind: 'metrics', id });
  });
}

function stopWorker(worker: Worker, graceMs: number, clock: Clock): Promise<void> {
  if (worker.isDead()) return Promise.resolve();
  return new Promise((resolve) => {
    const cancel = clock.schedule(graceMs + KILL_AFTER_MS, () => worker.process.kill('SIGKILL'));
    worker.once('exit', () => {
      cancel();
      resolve();
    });
    tell(worker, { kind: 'stop', graceMs });
  });
}
