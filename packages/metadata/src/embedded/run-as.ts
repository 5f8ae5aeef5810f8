import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';

/**
 * Under which user the server runs. PostgreSQL refuses root, for good reason: a hole in it must not be a hole in the
 * machine. So a gateway of root starts it under
 *
 * 1. `dropped`: a user id of its own without name, groups or capabilities. Nobody else has it, so no other service can
 *    read or signal the database, as it could under `nobody` or `postgres`. Needs CAP_SETUID, SETGID and CHOWN, which
 *    containers have by default.
 * 2. `namespace`: a user namespace in which root's files belong to an ordinary user. For file systems that refuse to
 *    change owners (NFS with squashed root, some shared folders) and containers with a single user id. The server
 *    has no capability, but may touch what root owns outside; hence only second.
 *
 * Neither needs to *reach* the data directory by its path: the working directory is entered by root before the switch,
 * and the server names it `/proc/self/cwd`. So it may lie in /root, and no directory above it needs other rights.
 * The files' owner says afterwards how they were made, so a later start runs the server as before.
 */
export type RunAs =
  | { readonly kind: 'self' }
  | { readonly kind: 'dropped'; readonly uid: number; readonly gid: number }
  | { readonly kind: 'namespace'; readonly inner: number };

/**
 * A range that systemd leaves unused and distributions fill only on demand (https://systemd.io/UIDS-GIDS), below 65 536
 * so that containers map it as well. Ids that /etc/passwd names are passed over.
 */
const SERVER_IDS_FIRST = 60_800;
const SERVER_IDS_COUNT = 256;

export const isRoot = (): boolean => process.geteuid?.() === 0;

/** PGDATA as the server sees it. */
export function dataArgument(runAs: RunAs, cluster: string): string {
  return runAs.kind === 'self' ? cluster : '/proc/self/cwd';
}

/** The command line that runs `program` as asked. `unshare` replaces itself, so the pid stays that of the program. */
export function commandLine(
  runAs: RunAs,
  program: string,
  args: readonly string[],
): readonly [string, readonly string[]] {
  if (runAs.kind !== 'namespace') return [program, args];
  const map = [`--map-user=${runAs.inner}`, `--map-group=${runAs.inner}`];
  return ['unshare', ['--user', ...map, '--', program, ...args]];
}

/** How the server of a new cluster may be run, best first. */
export function freshCandidates(clusterName: string): readonly RunAs[] {
  if (!isRoot()) return [{ kind: 'self' }];
  const named = namedUser();
  const dropped: RunAs[] = process.platform === 'linux' ? [droppedTo(clusterName)] : [];
  // Without /proc/self/cwd the directory has to be reachable, and any unprivileged user will do.
  if (process.platform !== 'linux' && named !== undefined) dropped.push({ kind: 'dropped', ...named });
  return [...dropped, ...namespaceCandidates()];
}

/** How the server of an existing cluster is run: as the owner of its files. */
export function existingCandidate(cluster: string): RunAs {
  const { uid, gid } = statSync(cluster);
  if (!isRoot()) return { kind: 'self' };
  if (uid !== 0) return { kind: 'dropped', uid, gid };
  return namespaceCandidates()[0] ?? { kind: 'self' };
}

/** `initdb` wants a user id that has a name, the server does not; so a named one makes the files and hands them over. */
export function initCandidate(server: RunAs): RunAs {
  const named = namedUser();
  if (server.kind === 'dropped') return named === undefined ? server : { kind: 'dropped', ...named };
  if (server.kind === 'namespace' || hasName()) return server;
  return namespaceCandidates()[0] ?? server;
}

function namespaceCandidates(): readonly RunAs[] {
  const named = namedUser();
  return process.platform === 'linux' && named !== undefined ? [{ kind: 'namespace', inner: named.uid }] : [];
}

function droppedTo(clusterName: string): RunAs {
  const taken = new Set(passwdEntries().map(({ uid }) => uid));
  const offset = Number.parseInt(clusterName.slice(-6), 16) % SERVER_IDS_COUNT;
  let uid = SERVER_IDS_FIRST + offset;
  while (taken.has(uid)) uid += 1;
  return { kind: 'dropped', uid, gid: uid };
}

/** `nobody` where there is one, else any unprivileged name. */
function namedUser(): { readonly uid: number; readonly gid: number } | undefined {
  const ordinary = passwdEntries().filter(({ uid, gid }) => uid > 0 && gid > 0);
  return ordinary.find(({ name }) => name === 'nobody') ?? ordinary[0];
}

function passwdEntries(): readonly { readonly name: string; readonly uid: number; readonly gid: number }[] {
  let text: string;
  try {
    text = readFileSync('/etc/passwd', 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const [, name, uid, gid] = /^([^:#]+):[^:]*:(\d+):(\d+):/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}

function hasName(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}

/** For the log. */
export function describeRunAs(runAs: RunAs): string {
  if (runAs.kind === 'self') return "the gateway's own user";
  if (runAs.kind === 'dropped') return `the unprivileged user id ${runAs.uid}`;
  return 'a user namespace without privileges';
}
