import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Programs } from './binaries.ts';
import { startDaemon } from './command.ts';
import { type Listen, listenSettings } from './endpoint.ts';
import { type Identity, type Layout, readJson, writeDurably } from './layout.ts';
import { LEFTOVER_WAIT_MS, STOP_FAST_MS, STOP_IMMEDIATE_MS, STOP_KILL_MS, STOP_POLL_MS } from './limits.ts';
import { childrenOf, isPostmaster, signalProcess } from './process-table.ts';
import { dataArgument, type RunAs } from './run-as.ts';
import type { ServerLog } from './server-log.ts';
import { serverSettings, settingArguments } from './settings.ts';
import { errnoOf, notPermitted, startFault } from './start-fault.ts';
import type { EmbeddedLogger } from './types.ts';

/** All that a launch depends on; the same for every restart. */
export interface ServerPlan {
  readonly layout: Layout;
  readonly identity: Identity;
  readonly programs: Programs;
  readonly runAs: RunAs;
  readonly settings: Readonly<Record<string, string>>;
}

/** What `server.json` keeps for the gateway that comes after a crash. */
export interface ServerRecord {
  readonly pid: number;
  /** Of everything but where it listens: a server started in another way is not taken over. */
  readonly digest: string;
  readonly listen: Listen;
}

function planArguments(plan: ServerPlan): readonly string[] {
  const own = { cluster_name: plan.identity.clusterName };
  const data = dataArgument(plan.runAs, plan.layout.cluster);
  return ['-D', data, ...settingArguments(serverSettings, plan.settings, own)];
}

export function planDigest(plan: ServerPlan): string {
  const all = [plan.programs.version, plan.runAs, planArguments(plan)];
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

/** Starts the server; it does not take connections yet. @returns its pid */
export function launch(plan: ServerPlan, listen: Listen, log: ServerLog): number {
  const { layout, programs, runAs } = plan;
  log.forget();
  const args = [...planArguments(plan), ...settingArguments(listenSettings(listen))];
  const child = startDaemon(programs.postgres, args, { cwd: layout.cluster, runAs, log: log.handle });
  // A failed spawn shows as a missing pid; the event only repeats it.
  child.on('error', () => undefined);
  if (child.pid === undefined) {
    throw startFault('server-failed', `The embedded database in ${layout.root} could not be started.`, {
      directory: layout.root,
    });
  }
  const record: ServerRecord = { pid: child.pid, digest: planDigest(plan), listen };
  writeDurably(dirname(layout.server), basename(layout.server), record);
  return child.pid;
}

/** Undefined when there is none that can be used: then the server is only ended and started anew. */
export function readServerRecord(layout: Layout): ServerRecord | undefined {
  let value: Partial<ServerRecord> | undefined;
  try {
    value = readJson(layout.server);
  } catch {
    return undefined;
  }
  if (typeof value?.pid !== 'number' || typeof value.digest !== 'string') return undefined;
  const listen = value.listen as Partial<{ transport: string; port: number }> | undefined;
  const { pid, digest } = value;
  if (listen?.transport === 'socket') return { pid, digest, listen: { transport: 'socket' } };
  if (listen?.transport !== 'loopback' || typeof listen.port !== 'number') return undefined;
  return { pid, digest, listen: { transport: 'loopback', port: listen.port } };
}

/**
 * Ends the server: in order (open transactions are rolled back, a checkpoint is written), then at once, then by force.
 * None of the three loses what was committed.
 * @throws Fault `StartFailed` when it may not be signalled or does not end
 */
export async function endServer(
  pid: number,
  plan: Pick<ServerPlan, 'layout' | 'identity'>,
  logger: EmbeddedLogger,
): Promise<void> {
  const { clusterName } = plan.identity;
  const { root } = plan.layout;
  const stages = [
    ['SIGINT', STOP_FAST_MS],
    ['SIGQUIT', STOP_IMMEDIATE_MS],
    ['SIGKILL', STOP_KILL_MS],
  ] as const;
  let ended = !isPostmaster(pid, clusterName);
  for (const [signal, waitMs] of stages) {
    if (ended) break;
    if (signal !== 'SIGINT') logger.warn({ pid, signal }, 'the embedded database does not end; trying harder');
    signalServer(pid, signal, root);
    ended = await waitFor(() => !isPostmaster(pid, clusterName), waitMs);
  }
  if (!ended) {
    const message = `The embedded database in ${root} (process ${pid}) does not end. End it by hand and start again.`;
    throw startFault('timed-out', message, { directory: root, pid });
  }
  await endLeftovers(plan, logger);
  rmSync(plan.layout.server, { force: true });
}

/** Backends whose postmaster was killed end by themselves; one that computes is ended, because it still holds shared memory. */
export async function endLeftovers(
  plan: Pick<ServerPlan, 'layout' | 'identity'>,
  logger: EmbeddedLogger,
): Promise<void> {
  const { clusterName } = plan.identity;
  const gone = (): boolean => childrenOf(clusterName).length === 0;
  if (gone() || (await waitFor(gone, LEFTOVER_WAIT_MS))) return;
  for (const { pid } of childrenOf(clusterName)) {
    logger.warn({ pid }, 'ending a process that its server left behind');
    signalServer(pid, 'SIGKILL', plan.layout.root);
  }
  if (await waitFor(gone, STOP_KILL_MS)) return;
  const message = `Processes of an earlier database server in ${plan.layout.root} do not end. End them by hand and start again.`;
  throw startFault('timed-out', message, { directory: plan.layout.root });
}

function signalServer(pid: number, signal: NodeJS.Signals, directory: string): void {
  try {
    signalProcess(pid, signal);
  } catch (error) {
    throw notPermitted(directory, { code: errnoOf(error) ?? 'kill', cause: error });
  }
}

async function waitFor(condition: () => boolean, waitMs: number): Promise<boolean> {
  const end = performance.now() + waitMs;
  while (!condition()) {
    if (performance.now() > end) return false;
    await sleep(STOP_POLL_MS);
  }
  return true;
}
