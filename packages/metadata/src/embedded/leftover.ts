import { closeSync, constants, existsSync, ftruncateSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ask, awaitReady } from './connection.ts';
import { type Endpoint, loopbackEndpoint, ownerUrl, socketEndpoint, socketFile } from './endpoint.ts';
import { ADOPT_WAIT_MS, READY_WAIT_MS } from './limits.ts';
import { isPostmaster, postmastersOf } from './process-table.ts';
import { endLeftovers, endServer, planDigest, readServerRecord, type ServerPlan } from './server-process.ts';
import { errnoOf, startFault } from './start-fault.ts';
import type { EmbeddedLogger } from './types.ts';

/** A server that runs and may be used. */
export interface RunningServer {
  readonly pid: number;
  readonly endpoint: Endpoint;
}

export interface LeftoverOptions {
  readonly logger: EmbeddedLogger;
  /** False when the server must be started anew in any case. */
  readonly adopt: (endpoint: Endpoint) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What an earlier gateway that was killed left behind. Runs under the directory lock, so nobody else starts or stops
 * anything in here.
 *
 *     its server runs, started as we would, and takes our password  -> it is taken over
 *     its server runs otherwise                                     -> it is ended in order
 *     only backends run                                             -> they are ended
 *     only postmaster.pid and socket are left                       -> made harmless
 */
export async function settleLeftover(plan: ServerPlan, options: LeftoverOptions): Promise<RunningServer | undefined> {
  const { logger } = options;
  const pid = runningPostmaster(plan);
  if (pid !== undefined) {
    const adopted = await tryAdopt(pid, plan, options);
    if (adopted !== undefined) return adopted;
    logger.info({ pid }, 'ending the database server of an earlier run');
    await endServer(pid, plan, logger);
    return undefined;
  }
  await refuseHiddenServer(plan);
  await endLeftovers(plan, logger);
  disarmPidFile(plan, logger);
  for (const suffix of ['', '.lock']) rmSync(`${socketFile(plan.layout)}${suffix}`, { force: true });
  return undefined;
}

/** The postmaster of this cluster. postmaster.pid is only a hint: it may be gone, torn, or name another program. */
export function runningPostmaster(plan: Pick<ServerPlan, 'layout' | 'identity'>): number | undefined {
  const { clusterName } = plan.identity;
  const hinted = pidFile(plan)?.pid;
  if (hinted !== undefined && isPostmaster(hinted, clusterName)) return hinted;
  return postmastersOf(clusterName)[0]?.pid;
}

async function tryAdopt(pid: number, plan: ServerPlan, options: LeftoverOptions): Promise<RunningServer | undefined> {
  const { logger, signal } = options;
  const record = readServerRecord(plan.layout);
  if (record?.pid !== pid || record.digest !== planDigest(plan)) return undefined;
  const { listen } = record;
  const endpoint = listen.transport === 'socket' ? socketEndpoint(plan.layout) : loopbackEndpoint(listen.port);
  if (endpoint === undefined) return undefined;
  try {
    const url = ownerUrl(endpoint, plan.identity);
    const isAlive = (): boolean => isPostmaster(pid, plan.identity.clusterName);
    const limits = { waitMs: READY_WAIT_MS, silentMs: ADOPT_WAIT_MS };
    if (options.adopt(endpoint) && (await awaitReady({ url, isAlive, logger, signal, ...limits })) === 'ready') {
      return { pid, endpoint };
    }
  } catch (error) {
    endpoint.close();
    throw error;
  }
  endpoint.close();
  return undefined;
}

/** A server in another container that shares the directory: its process cannot be seen from here, but it answers. */
async function refuseHiddenServer(plan: ServerPlan): Promise<void> {
  const { layout, identity } = plan;
  if (!existsSync(socketFile(layout))) return;
  const endpoint = socketEndpoint(layout);
  if (endpoint === undefined) return;
  const answer = await ask(ownerUrl(endpoint, identity)).finally(() => {
    endpoint.close();
  });
  if (answer === 'absent' || answer === 'unreachable') return;
  const message = `A database server that cannot be seen from here (in another container, perhaps) uses ${layout.root}. Stop it, or set SEALGATE_DATA_DIR to another directory.`;
  throw startFault('in-use', message, { directory: layout.root });
}

interface PidFile {
  readonly path: string;
  readonly pid: number;
  readonly rest: string;
}

function pidFile(plan: Pick<ServerPlan, 'layout'>): PidFile | undefined {
  const path = join(plan.layout.cluster, 'postmaster.pid');
  try {
    const [first = '', ...rest] = readFileSync(path, 'utf8').split('\n');
    return { path, pid: Math.abs(Number.parseInt(first, 10)) || 0, rest: rest.join('\n') };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** No system has such a process: Linux stops at 2^22, macOS at 99 998. */
const NO_PID = 2_147_483_646;

/**
 * PostgreSQL refuses to start while the pid in postmaster.pid exists, whoever has it: another program by now, or the
 * old server as a zombie that nobody reaps. No postmaster of this cluster runs here any more, so the number is replaced
 * and the file kept: its last line lets PostgreSQL itself check that nothing is attached to the old server's shared
 * memory. An empty file, left by a full disk, is removed.
 */
function disarmPidFile(plan: ServerPlan, logger: EmbeddedLogger): void {
  const file = pidFile(plan);
  if (file === undefined) return;
  if (file.pid === 0) {
    rmSync(file.path, { force: true });
    return;
  }
  if (file.pid === NO_PID) return;
  logger.debug({ pid: file.pid }, 'the database server of an earlier run has ended without order');
  const handle = openSync(file.path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    ftruncateSync(handle, 0);
    writeSync(handle, `${NO_PID}\n${file.rest}`, 0);
  } finally {
    closeSync(handle);
  }
}
