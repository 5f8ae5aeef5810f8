import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { errnoOf } from './start-fault.ts';

/**
 * Who runs. A process is one of ours when its command line carries the cluster's own name, a random word that is made
 * with the cluster (`cluster_name`). That is readable for every user in /proc, unlike /proc/<pid>/cwd or exe, which a
 * container's root without CAP_SYS_PTRACE may not see for another user id. A pid alone proves nothing: after a reboot
 * or in a new container the same number belongs to another program.
 */
export interface RunningProcess {
  readonly pid: number;
  /** Arguments joined by one space. */
  readonly command: string;
}

/** The command line of a living process. Undefined for none, and for a zombie, which has ended but was not yet reaped. */
function commandOf(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const command = process.platform === 'linux' ? linuxCommand(pid) : psCommand(pid);
  return command === undefined || command === '' ? undefined : command;
}

function linuxCommand(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch (error) {
    // ESRCH: it ended between open and read.
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}

function psCommand(pid: number): string | undefined {
  const shown = spawnSync('ps', ['-ww', '-o', 'stat=,command=', '-p', String(pid)], { encoding: 'utf8' });
  if (shown.status !== 0) return undefined;
  const [, state, command] = /^(\S+)\s+(.*)$/.exec(shown.stdout.trim()) ?? [];
  return state?.startsWith('Z') === true ? undefined : command;
}

/** True when `pid` is the postmaster of the cluster of this name. */
export function isPostmaster(pid: number, clusterName: string): boolean {
  const command = commandOf(pid);
  return command !== undefined && ` ${command} `.includes(` cluster_name=${clusterName} `);
}

/** Backends and helpers of this cluster, also those that outlived their postmaster: PostgreSQL writes the name into their titles. */
export function childrenOf(clusterName: string): readonly RunningProcess[] {
  return allProcesses().filter(({ command }) => command.startsWith(`postgres: ${clusterName}:`));
}

/** Postmasters of this cluster, whatever postmaster.pid says. There is never more than one. */
export function postmastersOf(clusterName: string): readonly RunningProcess[] {
  return allProcesses().filter(({ command }) => ` ${command} `.includes(` cluster_name=${clusterName} `));
}

function allProcesses(): readonly RunningProcess[] {
  if (process.platform === 'linux') {
    return readdirSync('/proc').flatMap((name) => {
      const pid = /^\d+$/.test(name) ? Number(name) : 0;
      const command = commandOf(pid);
      return command === undefined ? [] : [{ pid, command }];
    });
  }
  const shown = spawnSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' });
  return shown.stdout.split('\n').flatMap((line) => {
    const [, pid, command] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || command === undefined ? [] : [{ pid: Number(pid), command }];
  });
}

/** Sends a signal; a process that has already ended is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}
