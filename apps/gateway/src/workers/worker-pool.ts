import cluster, { type Worker } from 'node:cluster';
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fault } from '@sealgate/core/faults';
import type { Clock } from '@sealgate/core/ports';
import type { Logger } from '@sealgate/runtime/log';
import type { DataPlane } from '../start/data-plane.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { nextRestart } from './restart-delay.ts';

/** A worker that does not tell its metrics in this time is left out of the answer. */
const METRICS_WAIT_MS = 1000;
/** After its grace a worker is ended by force. */
const KILL_AFTER_MS = 5000;

interface WorkerDeps {
  readonly count: number;
  readonly start: Extract<ToWorker, { kind: 'start' }>;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Slot {
  readonly index: number;
  worker: Worker;
  listening: boolean;
  startedMs: number;
  quickEnds: number;
}

interface Pool extends WorkerDeps {
  readonly slots: Slot[];
  /** Who waits for the metrics of which question. */
  readonly questions: Map<number, (metrics: object) => void>;
  closing: boolean;
  lastQuestion: number;
}

/**
 * The workers of a primary. Each slot is starting -> listening -> (ended -> starting, after a pause that grows with
 * quick ends) until the pool is closed. Serving goes on as long as one slot is listening.
 *
 * @throws Fault StartFailed when one of them does not come up at first
 */
export async function startWorkers(deps: WorkerDeps): Promise<DataPlane> {
  cluster.setupPrimary({ exec: fileURLToPath(new URL('./worker.ts', import.meta.url)), args: [], silent: false });
  const pool: Pool = { ...deps, slots: [], questions: new Map(), closing: false, lastQuestion: 0 };
  const close = async (graceMs: number): Promise<void> => {
    pool.closing = true;
    await Promise.all(pool.slots.map(({ worker }) => stopWorker(worker, graceMs, deps.clock)));
  };
  try {
    await Promise.all(Array.from({ length: deps.count }, (_, index) => launch(pool, index, 0)));
  } catch (error) {
    await close(0);
    throw error;
  }
  return {
    port: deps.start.s3Port,
    close,
    reason: () => (pool.slots.some(({ listening }) => listening) ? undefined : 'no data-plane process is up'),
    async otherMetrics() {
      const answers = pool.slots.filter(({ listening }) => listening).map((slot) => askMetrics(pool, slot));
      return (await Promise.all(answers)).filter((metrics) => metrics !== undefined);
    },
  };
}

/** Resolves when the worker listens. */
function launch(pool: Pool, index: number, quickEnds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = cluster.fork(compileCache());
    const slot: Slot = { index, worker, listening: false, startedMs: pool.clock.monotonic(), quickEnds };
    pool.slots[index] = slot;
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'up') tell(worker, pool.start);
      else if (message.kind === 'failed') reject(new Fault('StartFailed', message.message));
      else if (message.kind === 'metrics') pool.questions.get(message.id)?.(message.metrics);
      else {
        slot.listening = true;
        resolve();
      }
    });
    worker.on('error', (error) => pool.logger.warn({ err: error, worker: index }, 'worker channel failed'));
    worker.once('exit', (code: number | null, signal: string | null) => {
      const started = slot.listening;
      slot.listening = false;
      if (!started) reject(new Fault('StartFailed', 'A data-plane worker ended while it started.'));
      if (!pool.closing) relaunch(pool, slot, { code, signal });
    });
  });
}

function relaunch(
  pool: Pool,
  ended: Slot,
  how: { readonly code: number | null; readonly signal: string | null },
): void {
  const { logger, clock } = pool;
  const { index: worker } = ended;
  const { delayMs, quickEnds } = nextRestart(ended.quickEnds, clock.monotonic() - ended.startedMs);
  logger.error({ worker, ...how, delayMs }, 'a data-plane worker ended; another one is started');
  clock.schedule(delayMs, () => {
    if (pool.closing) return;
    launch(pool, worker, quickEnds).then(
      () => logger.info({ worker }, 'data-plane worker is back'),
      (error: unknown) => logger.warn({ err: error, worker }, 'data-plane worker did not come up'),
    );
  });
}

/** Workers load the same program: what was compiled for this process serves them too. */
function compileCache(): Record<string, string> {
  const folder = getCompileCacheDir();
  // What node tells is the folder of this very version below the one that was set.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message);
}

function askMetrics(pool: Pool, { worker }: Slot): Promise<object | undefined> {
  const { clock, questions } = pool;
  pool.lastQuestion += 1;
  const id = pool.lastQuestion;
  return new Promise((resolve) => {
    const done = (metrics: object | undefined): void => {
      cancel();
      questions.delete(id);
      resolve(metrics);
    };
    const cancel = clock.schedule(METRICS_WAIT_MS, () => done(undefined));
    questions.set(id, done);
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
