import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Programs } from './binaries.ts';
import { runCommand } from './command.ts';
import type { Identity, Layout } from './layout.ts';
import { FREE_BYTES_MIN, INIT_WAIT_MS } from './limits.ts';
import { dataArgument, initCandidate, isRoot, type RunAs } from './run-as.ts';
import { diskFull, serverFault, startFault } from './start-fault.ts';

const DRAFT = 'cluster.new-';

/**
 * An empty directory for a new PGDATA, owned by the server's user; or the reason why it cannot be. Each attempt has its
 * own, because an initdb that outlived its gateway may still be writing into that of the last one.
 */
export function makeDraft(layout: Layout, runAs: RunAs): { readonly draft: string } | { readonly refused: string } {
  const draft = join(layout.root, `${DRAFT}${randomBytes(4).toString('hex')}`);
  mkdirSync(draft, { mode: 0o700 });
  if (runAs.kind !== 'dropped') return { draft };
  try {
    chownSync(draft, runAs.uid, runAs.gid);
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
  // Some shared folders accept the call and keep the owner.
  return statSync(draft).uid === runAs.uid ? { draft } : { refused: 'the file system keeps its owner' };
}

/** Removes what earlier attempts left; what cannot be removed now is left to the next start. */
export function removeDrafts(layout: Layout): void {
  for (const name of readdirSync(layout.root)) {
    if (!name.startsWith(DRAFT)) continue;
    try {
      rmSync(join(layout.root, name), { recursive: true, force: true });
    } catch {
      // An initdb that still runs adds files faster than they are removed.
    }
  }
}

export interface CreateOptions {
  readonly programs: Programs;
  readonly identity: Identity;
  readonly runAs: RunAs;
  readonly signal?: AbortSignal | undefined;
}

/** Fills the draft and makes it the cluster. Not yet durable: {@link syncCluster}. */
export async function createCluster(layout: Layout, draft: string, options: CreateOptions): Promise<void> {
  const { programs, identity, runAs, signal } = options;
  refuseFullDisk(layout.root);
  const maker = initCandidate(runAs);
  const makerOwns = maker.kind === 'dropped' ? maker : undefined;
  if (makerOwns !== undefined) chownSync(draft, makerOwns.uid, makerOwns.gid);
  const handle = passwordHandle(layout, identity, makerOwns?.uid);
  const result = await runCommand(programs.initdb, initArguments(dataArgument(maker, draft)), {
    cwd: draft,
    runAs: maker,
    waitMs: INIT_WAIT_MS,
    signal,
    handle,
  }).finally(() => {
    closeSync(handle);
  });
  if (!result.ok) throw initFault(layout, result);
  if (runAs.kind === 'dropped') giveTo(draft, runAs);
  rmSync(layout.cluster, { recursive: true, force: true });
  renameSync(draft, layout.cluster);
}

function initArguments(data: string): readonly string[] {
  return [
    `--pgdata=${data}`,
    '--username=postgres',
    '--pwfile=/dev/fd/3',
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--data-checksums',
    '--no-instructions',
    '--no-sync',
    '--set=huge_pages=off',
  ];
}

/** The superuser's password in an open file without a name, readable by `initdb`'s user: no secret stays on the disk or in an argument. */
function passwordHandle(layout: Layout, identity: Identity, uid: number | undefined): number {
  const file = join(layout.root, 'password.new');
  rmSync(file, { force: true });
  writeFileSync(file, `${identity.adminPassword}\n`, { mode: 0o600, flag: 'wx' });
  try {
    if (uid !== undefined) chownSync(file, uid, -1);
    return openSync(file, 'r');
  } finally {
    unlinkSync(file);
  }
}

function initFault(layout: Layout, result: { refused: string | undefined; stderr: string; stdout: string }): Error {
  if (result.refused !== undefined) {
    const message = `The embedded database could not be created in ${layout.root}: initdb does not run (${result.refused}).`;
    return startFault('unsupported', message, { directory: layout.root });
  }
  return serverFault(`${result.stderr}\n${result.stdout}`.split('\n').filter(Boolean), layout.root);
}

function refuseFullDisk(directory: string): void {
  const { bavail, bfree, bsize } = statfsSync(directory);
  const free = (isRoot() ? bfree : bavail) * bsize;
  if (free < FREE_BYTES_MIN) {
    throw diskFull(directory, new Error(`${free} bytes free, ${FREE_BYTES_MIN} are needed`));
  }
}

/** Runs after `initdb` has ended, so nothing in there moves any more; links are not followed. */
function giveTo(directory: string, owner: { readonly uid: number; readonly gid: number }): void {
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    lchownSync(join(entry.parentPath, entry.name), owner.uid, owner.gid);
  }
  lchownSync(directory, owner.uid, owner.gid);
}

/**
 * Makes the new cluster survive a power cut. One call for the file system on Linux: a hundred times faster than a file
 * at a time. It may run beside the server's first start, and must be done before anything is promised.
 */
export async function syncCluster(layout: Layout, options: CreateOptions): Promise<void> {
  const { programs, runAs, signal } = options;
  const method = process.platform === 'linux' ? ['--sync-method=syncfs'] : [];
  const data = dataArgument(runAs, layout.cluster);
  const result = await runCommand(programs.initdb, [`--pgdata=${data}`, '--sync-only', ...method], {
    cwd: layout.cluster,
    runAs,
    waitMs: INIT_WAIT_MS,
    signal,
  });
  if (!result.ok) throw initFault(layout, result);
}
