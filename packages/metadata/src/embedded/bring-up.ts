import { setTimeout as sleep } from 'node:timers/promises';
import { awaitReady } from './connection.ts';
import { adminUrl, type Endpoint, freePort, loopbackEndpoint, ownerUrl, socketEndpoint } from './endpoint.ts';
import { type RunningServer, settleLeftover } from './leftover.ts';
import { MEMORY_RETRY_MS, MEMORY_TRIES_MAX, PORT_TRIES_MAX, READY_WAIT_MS, SILENT_WAIT_MS } from './limits.ts';
import { isPostmaster } from './process-table.ts';
import type { ServerLog } from './server-log.ts';
import { endServer, launch, type ServerPlan } from './server-process.ts';
import { serverFault, startFault } from './start-fault.ts';
import type { EmbeddedLogger } from './types.ts';

export interface BringUpOptions {
  readonly fresh: boolean;
  readonly log: ServerLog;
  readonly logger: EmbeddedLogger;
  readonly transport: 'auto' | 'loopback';
  readonly port?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Takes over the server of an earlier gateway, or starts one. @throws Fault `StartFailed` */
export async function bringUp(
  plan: ServerPlan,
  options: BringUpOptions,
): Promise<RunningServer & { adopted: boolean }> {
  const { fresh, logger, signal } = options;
  const adopt = (endpoint: Endpoint): boolean => !fresh && suits(endpoint, options);
  const adopted = await settleLeftover(plan, { logger, adopt, signal });
  if (adopted !== undefined) return { ...adopted, adopted: true };
  return { ...(await startAnywhere(plan, options)), adopted: false };
}

function suits({ listen }: Endpoint, { transport, port }: BringUpOptions): boolean {
  if (listen.transport === 'socket') return transport === 'auto';
  return port === undefined || port === listen.port;
}

/** A socket when one can be had, else a port. */
async function startAnywhere(plan: ServerPlan, options: BringUpOptions): Promise<RunningServer> {
  const socket = options.transport === 'auto' ? socketEndpoint(plan.layout) : undefined;
  if (socket !== undefined) {
    const lines = await startOn(socket, plan, options).catch((error: unknown) => {
      socket.close();
      throw error;
    });
    if (typeof lines === 'number') return { pid: lines, endpoint: socket };
    socket.close();
    if (!noSocket.test(lines.join('\n'))) throw serverFault(lines, plan.layout.root);
    options.logger.info({ directory: plan.layout.root }, 'no socket can be had there; using 127.0.0.1 instead');
  }
  let lines: readonly string[] = [];
  for (let tries = 0; tries < (options.port === undefined ? PORT_TRIES_MAX : 1); tries += 1) {
    const endpoint = loopbackEndpoint(options.port ?? (await freePort()));
    const started = await startOn(endpoint, plan, options);
    if (typeof started === 'number') return { pid: started, endpoint };
    lines = started;
    if (!/Address already in use/i.test(lines.join('\n'))) break;
  }
  throw serverFault(lines, plan.layout.root);
}

/** PostgreSQL's words for a file system without sockets, and ours for one that we may not enter. */
const noSocket = /Unix-domain socket|could not create any Unix|may not be entered/;

type StartOptions = Pick<BringUpOptions, 'fresh' | 'log' | 'logger' | 'signal'>;

/**
 * Launches the server and waits until it takes connections.
 * @returns its pid, or what it said before it ended
 */
export async function startOn(
  endpoint: Endpoint,
  plan: ServerPlan,
  options: StartOptions,
): Promise<number | readonly string[]> {
  for (let tries = 1; ; tries += 1) {
    const started = await startOnce(endpoint, plan, options);
    if (typeof started === 'number' || tries === MEMORY_TRIES_MAX || !oldMemory.test(started.join('\n')))
      return started;
    await sleep(MEMORY_RETRY_MS, undefined, { signal: options.signal });
  }
}

const oldMemory = /pre-existing shared memory block/;

async function startOnce(
  endpoint: Endpoint,
  plan: ServerPlan,
  options: StartOptions,
): Promise<number | readonly string[]> {
  const { fresh, log, logger, signal } = options;
  const pid = launch(plan, endpoint.listen, log);
  const { clusterName } = plan.identity;
  const url = fresh ? adminUrl(endpoint, plan.identity, 'template1') : ownerUrl(endpoint, plan.identity);
  const isAlive = (): boolean => {
    log.poll();
    return isPostmaster(pid, clusterName);
  };
  try {
    const limits = { waitMs: READY_WAIT_MS, silentMs: SILENT_WAIT_MS };
    const answer = await awaitReady({ url, isAlive, logger, signal, ...limits });
    if (answer === 'ready') return pid;
    await endServer(pid, plan, logger);
    if (answer === 'ended') return log.recent();
    if (answer === 'unreachable') return ['the socket may not be entered'];
    throw unready(answer, plan);
  } catch (error) {
    await endServer(pid, plan, logger);
    throw error;
  }
}

function unready(answer: string, plan: ServerPlan): Error {
  const { root } = plan.layout;
  if (answer === 'denied') {
    const message = `The embedded database in ${root} does not take the password in identity.json. Restore that file from the backup that belongs to the cluster.`;
    return startFault('incomplete', message, { directory: root });
  }
  const message = `The embedded database in ${root} took no connection in time (${answer}); its log is ${plan.layout.log}. Starting again continues a recovery.`;
  return startFault('timed-out', message, { directory: root });
}
